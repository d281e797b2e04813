import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import type { ModelImportProps } from './model-import-props';
import { IServiceAccount, WorkloadIdentity } from '../access';
import { displayName, MODELS, versionPrefix } from '../model/layout';
import { literalJson } from '../private/literal-json';
import { warn } from '../private/warn';
import { ModelBucket } from '../storage';
import { bucketDefinition } from '../storage/names';
import { describeBucket } from '../storage/same-bucket';

/**
 * Why the pod of an import would be denied to publish: asked at synth, when every grant is made. Where the role, or the bucket, is not of this app,
 * somebody else may have allowed it, and it is a warning.
 * @internal
 */
export function importErrors(scope: IConstruct, { identity, bucket, model }: ModelImportProps): string[] {
  const role = roleOf(identity);
  const key = versionPrefix(MODELS, model);
  const grants = bucket.grants._records().filter(({ rule, publisherArn }) => publisherArn !== undefined && key.startsWith(rule.prefix));
  if (role && grants.some(({ publisherArn }) => sameArn(bucket.bucket, publisherArn!, role.roleArn))) return [];
  const what = `${identity.namespace}/${identity.serviceAccount} is not known to be allowed to publish ${displayName(model)} `
    + `to bucket '${describeBucket(bucket)}': `;
  const options = model.tenant === undefined ? 'shared: true' : `tenants: ['${model.tenant}']`;
  const fix = `call grants.publish(identity, { ${options} }) on that bucket, for an identity with a role of its own such as a ServiceAccountRole`;
  if (isDefined(role) && bucketDefinition(bucket.bucket)?.node.scope instanceof ModelBucket) return [what + fix];
  warn(scope, 'importNotGranted', `${what}${fix}; or let whoever owns the role or the bucket allow it, and acknowledge this`);
  return [];
}

function roleOf(identity: IServiceAccount): iam.IRole | undefined {
  if (identity instanceof WorkloadIdentity) return identity._role;
  const principal = (identity as Partial<iam.IGrantable>).grantPrincipal as iam.IRole | undefined;
  return principal?.roleArn === undefined ? undefined : principal;
}

/** Whether this app makes the role, and so its policies. */
function isDefined(role: iam.IRole | undefined): boolean {
  const definition = Construct.isConstruct(role) ? role.node.defaultChild : undefined;
  return definition !== undefined && iam.CfnRole.isCfnRole(definition);
}

/** Whether two ARNs are of one role: what is known at deploy time alone is not compared by its spelling, which two stacks may share. */
function sameArn(scope: IConstruct, a: string, b: string): boolean {
  if (a === b) return true;
  const known = literalJson(scope, a);
  return typeof known === 'string' && known === literalJson(scope, b);
}
