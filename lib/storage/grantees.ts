import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { PodRole } from './access-table';
import type { WorkloadIdentity } from '../access/workload-identity';
import { literalJson } from '../private/literal-json';

/**
 * The role of pods, told by their session or by whom the role trusts.
 * @internal
 */
export function podRoleOf(grantee: iam.IGrantable): PodRole | undefined {
  const { roleArn, assumeRolePolicy } = grantee.grantPrincipal as Partial<iam.Role>;
  const { namespace, _session } = grantee as Partial<WorkloadIdentity>;
  if (roleArn === undefined) return undefined;
  if (_session) return { roleArn, namespace };
  return assumeRolePolicy && JSON.stringify(assumeRolePolicy.toJSON()).includes('pods.eks.') ? { roleArn, namespace } : undefined;
}

/**
 * An ARN for people.
 * @internal
 */
export function arnLabel(arn: string, scope: IConstruct): string {
  const known = literalJson(scope, arn);
  return typeof known === 'string' ? known : JSON.stringify(known);
}

/**
 * What messages and the access table call a grantee.
 * @internal
 */
export function roleLabel(principal: iam.IPrincipal, scope: IConstruct): string {
  if (!Construct.isConstruct(principal)) return JSON.stringify(literalJson(scope, principal.policyFragment.principalJson));
  const definition = principal.node.defaultChild;
  const names = [(principal as Partial<iam.IRole>).roleName, definition && iam.CfnRole.isCfnRole(definition) ? definition.roleName : undefined];
  return `role ${names.find(name => name !== undefined && !Token.isUnresolved(name)) ?? principal.node.path}`;
}
