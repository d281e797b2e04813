import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct, IConstruct } from 'constructs';
import { ReadRule } from './read-rules';
import { SessionTag } from './session-tag';
import { literalJson } from '../private/literal-json';
import { OwnerPolicy } from '../private/owner-policy';
import type { IModelBucket } from '../storage';
import { bucketArnOf } from '../storage/names';
import { requireOwnerPolicies } from '../storage/owner-policies';
import { describeBucket } from '../storage/same-bucket';

/**
 * What is granted on the models of buckets.
 * @internal
 */
export interface ModelAccess {
  readonly rules: ReadRule[];
  /** @default - to read */
  readonly actions?: string[];
  /** @default - to decrypt */
  readonly keyActions?: string[];
  /** The session tag whose values the rules name. */
  readonly tag?: SessionTag;
  /** What session tags must be equal to, by condition key. */
  readonly session?: Record<string, string | string[]>;
}

type Conditions = Record<string, Record<string, string | string[]>>;

/** Rules for the same sessions are one statement, for all buckets at once: policies have little room. */
function sessionsOf({ rules, tag, session }: ModelAccess): Array<{ equals: Record<string, string | string[]>; prefixes: string[] }> {
  const groups = new Map<string, { equals: Record<string, string | string[]>; prefixes: string[] }>();
  for (const { prefix, namespaces } of rules) {
    const key = JSON.stringify(namespaces ?? null);
    const equals = { ...session, ...namespaces && tag ? { [tag.principalTag]: namespaces } : {} };
    groups.set(key, { equals, prefixes: [...groups.get(key)?.prefixes ?? [], prefix] });
  }
  return [...groups.values()];
}

function objectArns(buckets: IModelBucket[], prefixes: string[]): string[] {
  return buckets.flatMap(bucket => prefixes.map(prefix => `${bucketArnOf(bucket)}/${prefix}*`));
}

function statement(actions: string[], resources: string[], conditions: Conditions, effect = iam.Effect.ALLOW): iam.PolicyStatement {
  const set = Object.entries(conditions).filter(([, keys]) => Object.keys(keys).length > 0);
  return new iam.PolicyStatement({ effect, actions, resources, ...set.length > 0 ? { conditions: Object.fromEntries(set) } : {} });
}

/** @internal */
export function objectStatements(buckets: IModelBucket[], access: ModelAccess): iam.PolicyStatement[] {
  const actions = access.actions ?? ['s3:GetObject'];
  const allowed = sessionsOf(access).map(({ equals, prefixes }) => statement(actions, objectArns(buckets, prefixes), { StringEquals: equals }));
  const denied = access.rules.filter(({ except }) => access.tag && except).map(({ prefix, except }) => (
    statement(['s3:GetObject'], objectArns(buckets, [prefix]), { StringEquals: { [access.tag!.principalTag]: except! } }, iam.Effect.DENY)));
  return [...allowed, ...denied];
}

/**
 * With S3 Bucket Keys the encryption context is the ARN of the bucket, so keys isolate buckets and not tenants; without them it is that of the
 * object. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
 * @internal
 */
export function keyStatements(bucket: IModelBucket, access: ModelAccess): iam.PolicyStatement[] {
  const key = bucket.encryptionKey;
  if (!key) return [];
  const actions = access.keyActions ?? ['kms:Decrypt'];
  const context = 'kms:EncryptionContext:aws:s3:arn';
  const through = { 'kms:ViaService': `s3.${bucket.region}.${Stack.of(bucket.bucket).urlSuffix}` };
  if (bucket.bucketKeyEnabled ?? true) {
    const equals = { ...access.session, [context]: bucketArnOf(bucket), ...through };
    return [statement(actions, [key.keyRef.keyArn], { StringEquals: equals })];
  }
  return sessionsOf(access).map(({ equals, prefixes }) => statement(actions, [key.keyRef.keyArn], {
    StringEquals: { ...equals, ...through },
    StringLike: { [context]: objectArns([bucket], prefixes) },
  }));
}

/**
 * Adds statements to the policy of the grantee, and reports what owners in other accounts must add to theirs.
 * @internal
 */
export function grantModels(grantee: iam.IGrantable, buckets: IModelBucket[], access: ModelAccess): iam.Grant {
  const statements = [...objectStatements(buckets, access), ...buckets.flatMap(bucket => keyStatements(bucket, access))];
  const principal = grantee.grantPrincipal;
  const scope = Construct.isConstruct(principal) ? principal : buckets[0].bucket;
  const grants = statements.filter(each => each.effect === iam.Effect.ALLOW).map(each => iam.Grant.addToPrincipal({
    grantee, actions: each.actions, resourceArns: each.resources, conditions: each.conditions,
  }));
  for (const denied of statements.filter(each => each.effect === iam.Effect.DENY)) principal.addToPrincipalPolicy(denied);
  if (takesNoStatements(principal) || grants.some(grant => !grant.success)) {
    Annotations.of(scope).addWarningV2('cdk-eks-model-artifacts:grantNotApplied',
      `the CDK can't change the policies of ${who(principal, scope)}: let its owner add these statements, then acknowledge this: `
      + JSON.stringify(Stack.of(scope).resolve(statements.map(each => each.toStatementJson()))));
  }
  requireForOwners(scope, { account: principal.principalAccount, roleArn: knownRoleArn(principal) }, buckets, access);
  return grants.reduce((all, one) => all.combine(one));
}

function who(principal: iam.IPrincipal, scope: IConstruct): string {
  const { roleArn } = principal as Partial<iam.IRole>;
  if (!Construct.isConstruct(principal)) return JSON.stringify(literalJson(scope, principal.policyFragment.principalJson));
  return roleArn === undefined || Token.isUnresolved(roleArn) ? scope.node.path : `role ${roleArn}`;
}

/** A role that was imported as immutable, or from another account, takes every statement and drops it. */
function takesNoStatements(principal: iam.IPrincipal): boolean {
  return (principal.constructor as { PROPERTY_INJECTION_ID?: string }).PROPERTY_INJECTION_ID === 'aws-cdk-lib.aws-iam.ImmutableRole';
}

/** @internal */
export interface ReaderAccount {
  /** The account of the role that reads. */
  readonly account?: string;
  /** ARN of the role where its name is known at synth. */
  readonly roleArn?: string;
}

/** The owner of something else can't wait for a name that deploying makes up. */
function knownRoleArn(principal: iam.IPrincipal): string | undefined {
  if (!Construct.isConstruct(principal)) return undefined;
  const definition = principal.node.defaultChild;
  const generated = definition && iam.CfnRole.isCfnRole(definition) && (definition.roleName === undefined || Token.isUnresolved(definition.roleName));
  return generated ? undefined : (principal as Partial<iam.IRole>).roleArn;
}

/**
 * Across accounts both sides must allow: the owner of the bucket, and that of its key, do so for the account of the reader, pinned to the same
 * session tags. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
 * @internal
 */
export function requireForOwners(scope: IConstruct, reader: ReaderAccount, buckets: IModelBucket[], access: ModelAccess): void {
  for (const bucket of buckets) requireOfOwner(scope, reader, bucket, objectStatements([bucket], access), keyStatements(bucket, access));
}

/**
 * The same, for any statements on one bucket and on its key.
 * @internal
 */
export function requireOfOwner(
  scope: IConstruct, reader: ReaderAccount, bucket: IModelBucket, onBucket: iam.PolicyStatement[], onKey: iam.PolicyStatement[],
): void {
  warnOfUnknownAccount(scope, reader, bucket);
  if (differ(bucket.account, reader.account)) {
    requireOwnerPolicies(scope, () => [ownerPolicy(`policy of bucket ${describeBucket(bucket)}`, bucketArnOf(bucket), onBucket, reader)]);
  }
  const key = bucket.encryptionKey;
  if (key && differ(keyAccount(key) ?? bucket.account, reader.account)) {
    const statements = onKey.map(each => each.copy({ resources: ['*'] })); // in a key policy: the key itself
    requireOwnerPolicies(scope, () => [ownerPolicy(`policy of the key of bucket ${describeBucket(bucket)}`, key.keyRef.keyArn, statements, reader)]);
  }
}

/** Of an account that comes at deploy time nobody here knows whether it is the bucket's. */
function warnOfUnknownAccount(scope: IConstruct, reader: ReaderAccount, bucket: IModelBucket) {
  const known = bucket.account !== undefined && !Token.isUnresolved(bucket.account);
  if (!known || !Token.isUnresolved(reader.account) || !Token.isUnresolved(Stack.of(scope).account)) return;
  Annotations.of(scope).addWarningV2('cdk-eks-model-artifacts:readerAccountUnknown',
    `bucket ${describeBucket(bucket)} is in account ${bucket.account}, and the account of ${scope.node.path} is known only after deploying: give its stack an account in its env, `
    + 'so that what the owner of the bucket must add is written; or acknowledge this where it is the same');
}

function ownerPolicy(what: string, resourceArn: string, statements: iam.PolicyStatement[], { account, roleArn }: ReaderAccount): OwnerPolicy {
  const pinned = roleArn === undefined ? {} : { ArnEquals: { 'aws:PrincipalArn': roleArn } };
  return {
    what,
    resourceArn,
    statements: statements.map(each => each.copy({ principals: [new iam.AccountPrincipal(account)], conditions: { ...each.conditions, ...pinned } })),
  };
}

function keyAccount(key: kms.IKeyRef): string | undefined {
  return Token.isUnresolved(key.env.account) ? undefined : key.env.account;
}

function differ(one?: string, other?: string): boolean {
  return one !== undefined && other !== undefined && !Token.isUnresolved(one) && !Token.isUnresolved(other) && one !== other;
}
