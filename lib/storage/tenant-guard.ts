import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IConstruct } from 'constructs';
import { addLateStatements } from './bucket-policy';
import type { IModelBucket } from './model-bucket';
import { describeBucket } from './same-bucket';
import type { ModelReaderRole } from '../access/model-reader-role';
import { permits, ReadRule } from '../access/read-rules';
import { checkRoleArn } from '../access/role-arn';
import { SessionTag } from '../access/session-tag';
import { literalJson } from '../private/literal-json';

/** Properties of a tenant guard. */
export interface TenantGuardProps {
  /** The reader roles of all clusters whose pods read the bucket: pods read what these let a pod of their namespace and cluster read. */
  readonly readers: ModelReaderRole[];

  /**
   * ARNs of roles that the guard leaves alone, as those of publishers, loaders and pruners in a cluster: see `ServiceAccountRole`. The tags of a pod stay
   * on every role that it assumes from there, so an exception names the role that makes the request.
   *
   * @default - none: no pod writes, deletes or lists
   */
  readonly exceptions?: string[];
}

type Conditions = Record<string, Record<string, string | string[]>>;

const NAMESPACE = SessionTag.KUBERNETES_NAMESPACE.principalTag;
const CLUSTER = SessionTag.EKS_CLUSTER_ARN.principalTag;

/** Pods alone carry the tag. Without this test an absent key would satisfy every negated operator: people, CI and replication would be denied. */
const A_POD = { Null: { [NAMESPACE]: 'false' } };

/**
 * Denies to pods, whatever their own role allows, what no reader role would let them do. A pod is a session with the tags of EKS Pod Identity.
 * @internal
 */
export function tenantGuardStatements(bucket: IModelBucket, { readers, exceptions = [] }: TenantGuardProps): iam.PolicyStatement[] {
  const { bucketArn } = bucket.bucket.bucketRef;
  const everything = [bucketArn, `${bucketArn}/*`];
  const except: Conditions = exceptions.length > 0 ? { ArnNotEquals: { 'aws:PrincipalArn': exceptions } } : {};
  const deny = (statement: iam.PolicyStatementProps, conditions: Conditions) => new iam.PolicyStatement({
    ...statement, effect: iam.Effect.DENY, principals: [new iam.AnyPrincipal()], conditions: { ...conditions, ...except },
  });
  const groups = clustersByRules(bucket, readers);
  const reads = groups.flatMap(({ clusters, rules }) => {
    const here: Record<string, string[]> = groups.length > 1 ? { [CLUSTER]: clusters } : {}; // the pods of others are denied as a whole
    return readersByPrefixes(rules).map(({ prefixes, namespaces, others }) => deny(
      { actions: ['s3:GetObject*'], notResources: prefixes.map(prefix => `${bucketArn}/${prefix}*`) },
      namespaces ? { StringEquals: { ...here, [NAMESPACE]: namespaces } }
        : { ...A_POD, ...keyed('StringEquals', here), ...keyed('StringNotEquals', others.length > 0 ? { [NAMESPACE]: others } : {}) },
    ));
  });
  return [
    deny({ sid: 'DenyOtherClusters', actions: ['s3:*'], resources: everything }, { ...A_POD, StringNotEquals: { [CLUSTER]: groups.flatMap(({ clusters }) => clusters) } }),
    deny({ sid: 'DenyPodsAllButReading', notActions: ['s3:GetObject*'], resources: everything }, A_POD),
    ...reads,
  ];
}

function keyed(operator: string, keys: Record<string, string[]>): Conditions {
  return Object.keys(keys).length > 0 ? { [operator]: keys } : {};
}

/** Clusters with the same rules share statements: a bucket policy has little room. */
function clustersByRules(bucket: IModelBucket, readers: ModelReaderRole[]): Array<{ clusters: string[]; rules: ReadRule[] }> {
  const byCluster = new Map<string, ReadRule[]>();
  for (const reader of readers) {
    for (const cluster of reader._clusterArns(bucket.bucket)) byCluster.set(cluster, [...byCluster.get(cluster) ?? [], ...reader._readRules(bucket)]);
  }
  const groups = new Map<string, { clusters: string[]; rules: ReadRule[] }>();
  for (const [cluster, rules] of byCluster) {
    const key = JSON.stringify(rules);
    groups.set(key, { clusters: [...groups.get(key)?.clusters ?? [], cluster], rules });
  }
  return [...groups.values()];
}

interface Readers {
  readonly prefixes: string[];
  /** Undefined: all but `others`. */
  readonly namespaces?: string[];
  readonly others: string[];
}

/** Each namespace that a rule names reads a list of prefixes, and all that none names read another: exact however rules overlap. */
function readersByPrefixes(rules: ReadRule[]): Readers[] {
  const named = [...new Set(rules.flatMap(({ namespaces = [], except = [] }) => [...namespaces, ...except]))].sort();
  const prefixesOf = (wanted: (rule: ReadRule) => boolean) => [...new Set(rules.filter(wanted).map(({ prefix }) => prefix))].sort();
  const byPrefixes = new Map<string, string[]>();
  for (const namespace of named) {
    const key = JSON.stringify(prefixesOf(({ namespaces, except }) => (namespaces?.includes(namespace) ?? true) && !except?.includes(namespace)));
    byPrefixes.set(key, [...byPrefixes.get(key) ?? [], namespace]);
  }
  return [
    { prefixes: prefixesOf(({ namespaces }) => namespaces === undefined), others: named },
    ...[...byPrefixes].map(([prefixes, namespaces]) => ({ prefixes: JSON.parse(prefixes) as string[], namespaces, others: [] })),
  ];
}

/** @throws where a reader does not read the bucket, or an exception is no role */
function check(bucket: IModelBucket, { readers, exceptions }: TenantGuardProps): void {
  if (readers.length === 0) {
    throw new Error('readers is empty: name the reader roles whose pods read the bucket, the guard denies everything to others');
  }
  for (const reader of readers) {
    if (reader._readRules(bucket).length === 0) {
      throw new Error(`${reader.node.path} does not read bucket '${describeBucket(bucket)}': add the bucket to its buckets, or leave the role out of the guard`);
    }
  }
  exceptions?.forEach(exception => checkRoleArn('exception', exception));
}

/**
 * For the owner of a bucket that exists already.
 * @internal
 */
export function checkedTenantGuard(bucket: IModelBucket, props: TenantGuardProps): iam.PolicyStatement[] {
  check(bucket, props);
  return tenantGuardStatements(bucket, props);
}

/** A grant that the guard takes away again is found here, and not by the first pod. */
function deniedGrants(bucket: IModelBucket, { readers, exceptions = [] }: TenantGuardProps, scope: IConstruct): string[] {
  const excepted = exceptions.map(arn => JSON.stringify(literalJson(scope, arn)));
  const rules = readers.flatMap(reader => reader._readRules(bucket));
  const denied = bucket.grants._records().filter(({ podRole, publish, pruner, rule }) => {
    if (!podRole || excepted.includes(JSON.stringify(literalJson(scope, podRole.roleArn)))) return false;
    const { namespace } = podRole;
    return publish || pruner || (namespace !== undefined && !rules.some(known => permits(known, namespace, rule.prefix)));
  });
  return [...new Set(denied.map(({ who, publish, pruner, rule }) => `${who('')} may ${pruner ? 'prune' : publish ? 'publish to' : 'read'} ${rule.prefix} of bucket '${describeBucket(bucket)}', `
    + 'and its tenant guard denies that to pods: add the ARN of the role to the exceptions of the guard'))];
}

const guarded = new WeakSet<IConstruct>();

/**
 * Adds the guard to the policy of a bucket. What is granted later counts too.
 * @internal
 */
export function addTenantGuard(bucket: IModelBucket, resource: s3.CfnBucketPolicy, props: TenantGuardProps): void {
  check(bucket, props);
  if (guarded.has(resource)) {
    throw new Error(`bucket '${describeBucket(bucket)}' has a tenant guard already: give all readers and exceptions to one`);
  }
  guarded.add(resource);
  addLateStatements(resource, () => tenantGuardStatements(bucket, props));
  resource.node.addValidation({
    validate: () => deniedGrants(bucket, props, resource),
  });
}
