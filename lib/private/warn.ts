import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * A warning with a stable id that users can acknowledge. Below a `ModelManifests` the CDK app reports it as its own; a plain cdk8s app has nobody
 * who would, so there it goes to standard error.
 * @internal
 */
export function warn(scope: IConstruct, id: string, message: string): void {
  Annotations.of(scope).addWarningV2(`cdk-eks-model-artifacts:${id}`, message);
  if (!reportsWarnings(scope.node.root)) {
    process.emitWarning(`${scope.node.path}: ${message}`, { code: `cdk-eks-model-artifacts:${id}` });
  }
}

const REPORTS_WARNINGS = Symbol.for('cdk-eks-model-artifacts.reportsWarnings');

/**
 * Says that the warnings of the tree below this root reach the user.
 * @internal
 */
export function markReportsWarnings(root: IConstruct): void {
  Object.defineProperty(root, REPORTS_WARNINGS, { value: true });
}

function reportsWarnings(root: IConstruct): boolean {
  return REPORTS_WARNINGS in root;
}
