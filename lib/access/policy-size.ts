import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { hasIntrinsic, literalJson } from '../private/literal-json';

/**
 * Characters without white space, as IAM counts. CDK splits policies of a role into managed ones below these.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const MAX_INLINE = 10_240;
const MAX_MANAGED = 6_144;

/** 10 by default; beyond that CDK warns that the quota must be raised. */
const MAX_MANAGED_POLICIES = 20;

/** 2,048 by default, and 4,096 where the quota was raised. */
const MAX_TRUST = 2_048;

/**
 * Bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
 * @internal
 */
export const MAX_BUCKET_POLICY = 20_480;

/**
 * Bytes: https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
 * @internal
 */
export const MAX_KEY_POLICY = 32_768;

/** About what a name or ARN made at deploy time takes. */
const UNKNOWN = 64;

/**
 * Length of a policy document once deployed: exact where synth knows every name.
 * @internal
 */
export function policySize(scope: IConstruct, document: unknown): number {
  return compact(literalJson(scope, document)).length;
}

function compact(value: any): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (value['Fn::Join']) return `"${value['Fn::Join'][1].map((part: any) => compact(part).slice(1, -1)).join('')}"`;
  if (Object.keys(value).length === 1 && hasIntrinsic(value) && /^(Ref$|Fn::)/.test(Object.keys(value)[0])) return `"${'x'.repeat(UNKNOWN)}"`;
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${compact(item)}`).join(',')}}`;
}

/**
 * Why IAM would refuse the policies of a role, asked after CDK has split them.
 * @internal
 */
export function roleSizeErrors(role: iam.Role): string[] {
  const sizes = (kind: (node: any) => boolean) => role.node.findAll().filter(kind)
    .map(policy => policySize(role, (policy as iam.CfnPolicy | iam.CfnManagedPolicy).policyDocument));
  const inline = sizes(iam.CfnPolicy.isCfnPolicy);
  const managed = sizes(iam.CfnManagedPolicy.isCfnManagedPolicy);
  const trust = policySize(role, role.assumeRolePolicy);
  const sum = inline.reduce((all, one) => all + one, 0);
  const widest = Math.max(0, ...managed);
  return [
    ...sum > MAX_INLINE ? [`the policy of ${role.node.path} has ${sum} characters, IAM takes ${MAX_INLINE}: ${FEWER}`] : [],
    ...widest > MAX_MANAGED ? [`a statement of ${role.node.path} makes a managed policy of ${widest} characters, IAM takes ${MAX_MANAGED}: ${FEWER}`] : [],
    ...managed.length > MAX_MANAGED_POLICIES
      ? [`the policies of ${role.node.path} need ${managed.length} managed policies beside its own, IAM attaches ${MAX_MANAGED_POLICIES} at most: ${FEWER}`] : [],
    ...trust > MAX_TRUST
      ? [`the trust policy of ${role.node.path} has ${trust} characters, IAM takes ${MAX_TRUST}: serve fewer clusters by one role, make a role for each cluster`] : [],
  ];
}

const FEWER = 'give one role fewer tenants or buckets, as by a reader role for each cluster or bucket';
