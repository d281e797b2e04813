import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { BUCKET, CLUSTER } from './policy-fixture';
import { ACCOUNT, isAllowed, PolicyDocument, REGION, TemplatePolicies } from './policy-simulator';
import { ModelReaderRole, ServiceAccountRole, WorkloadIdentity } from '../../lib/access';
import { ModelArtifact } from '../../lib/model';
import { ModelBucket, ModelPruner } from '../../lib/storage';

const TLS = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };

/** What a request says that would create an object and overwrite none. */
export const NEW = { 's3:ObjectCreationOperation': 'true', 's3:if-none-match': '*' };

export const ADMIN: PolicyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };

/** Every prefix that means something here, its neighbours, and what looks like it. */
export const OBJECTS = [
  'models/nlp/bert/1/a', 'models/nlp-dev/bert/1/a', 'models/nlp-prod/bert/1/a', 'models/nlpx/bert/1/a',
  'models/vision/yolo/1/a', 'models/platform/probe/1/a', 'models/ops/probe/1/a', 'models/team/llama/1/a', 'models/other/llama/1/a', 'models/research/x/1/a',
  'models/_shared/llama/1/a', 'models/_sharedx/llama/1/a', 'models/nlp', 'models/x',
  'legacy/open/v1/a', 'legacy/open/v10/a', 'legacy/nlp/v1/a', 'legacy/nlp/v10/a', 'legacy/team/v1/a',
  'nest/a', 'nest/inner/a', 'nestx/a', 'model-access-logs/x', 'index.json',
];

export interface Pod {
  readonly role?: string;
  readonly namespace?: string;
  readonly cluster?: string;
  /** Keys of OBJECTS that it may get; nothing else is allowed to it. */
  readonly reads: string[];
}

const SHARED = 'models/_shared/llama/1/a';
const EVERYBODYS = [SHARED, 'legacy/open/v1/a'];
const NLP = ['models/nlp/bert/1/a', 'legacy/nlp/v1/a', 'nest/a', 'nest/inner/a'];
const VISION = 'models/vision/yolo/1/a';
const { blue, green } = CLUSTER;

/**
 * The sets of blue: nlp has nlp-dev and nlp-prod; vision has vision, nlp-dev and nlp; platform has ops.
 * The set of green: nlp has research.
 */
export const PODS: Record<string, Pod> = {
  'a namespace of two sets': { namespace: 'nlp-dev', cluster: blue, reads: [...NLP, VISION, 'models/nlp-dev/bert/1/a', ...EVERYBODYS] },
  'a namespace of one set': { namespace: 'nlp-prod', cluster: blue, reads: [...NLP, 'models/nlp-prod/bert/1/a', ...EVERYBODYS] },
  'a namespace called like a set, and in another': { namespace: 'nlp', cluster: blue, reads: [VISION, ...EVERYBODYS] },
  'a namespace called like a set that it is in': { namespace: 'vision', cluster: blue, reads: [VISION, ...EVERYBODYS] },
  'a namespace called like a set, and in none': { namespace: 'platform', cluster: blue, reads: EVERYBODYS },
  'the namespace of the set platform': { namespace: 'ops', cluster: blue, reads: ['models/platform/probe/1/a', 'models/ops/probe/1/a', ...EVERYBODYS] },
  'a namespace that owns a prefix inside that of a set': { namespace: 'team', cluster: blue, reads: ['models/team/llama/1/a', 'legacy/team/v1/a', 'nest/inner/a', ...EVERYBODYS] },
  'a namespace that no set names': { namespace: 'other', cluster: blue, reads: ['models/other/llama/1/a', ...EVERYBODYS] },
  'a namespace whose name begins with that of a set': { namespace: 'nlpx', cluster: blue, reads: ['models/nlpx/bert/1/a', ...EVERYBODYS] },
  'a namespace that is a wildcard': { namespace: 'nlp*', cluster: blue, reads: EVERYBODYS },
  'a namespace of sets of another cluster only': { namespace: 'nlp-dev', cluster: green, reads: ['models/nlp-dev/bert/1/a', SHARED] },
  'a set of the same name in another cluster': { namespace: 'research', cluster: green, reads: ['models/nlp/bert/1/a', 'models/research/x/1/a', SHARED] },
  'that namespace in the first cluster': { namespace: 'research', cluster: blue, reads: ['models/research/x/1/a', ...EVERYBODYS] },
  'a namespace called like the set in another cluster': { namespace: 'nlp', cluster: green, reads: [SHARED] },
  'a namespace that is a set in the first cluster alone': { namespace: 'vision', cluster: green, reads: [VISION, SHARED] },
  'a cluster that no reader serves': { namespace: 'nlp-dev', cluster: blue.replace('blue', 'red'), reads: [] },
  'a cluster tag that is a wildcard': { namespace: 'nlp-dev', cluster: '*', reads: [] },
  'a pod without the tag of the cluster': { namespace: 'nlp-dev', reads: [] },
};

export function appOfTenants(guard: boolean) {
  const stack = new Stack(new App(), 'Models', { env: { account: ACCOUNT, region: REGION } });
  const bucket = new ModelBucket(stack, 'Bucket', { bucketName: BUCKET });
  const cluster = { blue: eks.Cluster.fromClusterAttributes(stack, 'Blue', { clusterName: 'blue' }), green: eks.Cluster.fromClusterAttributes(stack, 'Green', { clusterName: 'green' }) };
  const onBlue = new ModelReaderRole(stack, 'OnBlue', {
    cluster: cluster.blue, buckets: [bucket], tenants: { nlp: ['nlp-dev', 'nlp-prod'], vision: ['vision', 'nlp-dev', 'nlp'], platform: ['ops'] },
  });
  const onGreen = new ModelReaderRole(stack, 'OnGreen', { cluster: cluster.green, buckets: [bucket], tenants: { nlp: ['research'] } });
  const loader = new ServiceAccountRole(stack, 'Loader', { cluster: cluster.blue, namespace: 'ops', serviceAccount: 'loader', roleName: 'loader' });
  if (guard) bucket.addTenantGuard({ readers: [onBlue, onGreen], exceptions: [loader.roleArn] });

  // All of it after the guard, which must count it.
  const given = (prefix: string, tenant?: string) => onBlue.grantRead(bucket, ModelArtifact.of({ name: 'old', version: '1', size: Size.gibibytes(1), prefix, tenant }));
  given('legacy/open/v1');
  given('legacy/nlp/v1', 'nlp');
  given('legacy/team/v1', 'team');
  given('nest', 'nlp');
  given('nest/inner', 'team');
  bucket.grants.publish(loader, { tenants: ['nlp'] });
  const ci = new iam.Role(stack, 'Publisher', { roleName: 'publisher', assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
  bucket.grants.publish(ci);
  const pruner = new ModelPruner(stack, 'Pruner', { buckets: [bucket], assumedBy: new iam.AccountRootPrincipal(), roleName: 'pruner' });
  const irsaRole = new iam.Role(stack, 'Irsa', { roleName: 'irsa', assumedBy: new iam.AccountRootPrincipal() });
  bucket.grants.readTenants(WorkloadIdentity.irsa({ namespace: 'team', serviceAccount: 'chat', role: irsaRole }), { tenants: ['nlp', 'team'] });
  const ownRole = new iam.Role(stack, 'Own', { roleName: 'own', assumedBy: new iam.AccountRootPrincipal() });
  const own = WorkloadIdentity.podIdentity({ namespace: 'team', serviceAccount: 'batch', role: ownRole, cluster: cluster.blue });
  bucket.grants.readTenants(own, { tenants: ['team'], shared: true });

  const policies = new TemplatePolicies(Template.fromStack(stack));
  const identity = (role: iam.IRole) => policies.identity(stack.getLogicalId(role.node.defaultChild as iam.CfnRole));
  return {
    table: bucket.grants.accessTable(),
    resource: policies.bucket(stack.getLogicalId(bucket.bucket as any)),
    onBlue: identity(onBlue.role),
    onGreen: identity(onGreen.role),
    loader: identity(loader.role),
    loaderTrust: policies.trust(stack.getLogicalId(loader.role.node.defaultChild as iam.CfnRole)),
    ci: identity(ci),
    irsa: identity(irsaRole),
    own: identity(ownRole),
    pruner: identity(pruner.role),
  };
}

export interface Ask {
  readonly action?: string;
  /** @default - the bucket itself */
  readonly key?: string;
  readonly role?: string;
  readonly namespace?: string;
  readonly cluster?: string;
  readonly serviceAccount?: string;
  readonly context?: Record<string, string>;
  readonly resourceAccount?: string;
}

export async function may(ask: Ask, policies: { identity?: PolicyDocument; resource?: PolicyDocument }): Promise<boolean> {
  const role = ask.role ?? 'some-role';
  const tags = { 'kubernetes-namespace': ask.namespace, 'eks-cluster-arn': ask.cluster, 'kubernetes-service-account': ask.serviceAccount };
  const carried = Object.entries(tags).filter(([, value]) => value !== undefined).map(([tag, value]) => [`aws:PrincipalTag/${tag}`, value!]);
  return isAllowed({
    principal: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/session`,
    action: ask.action ?? 's3:GetObject',
    resource: `arn:aws:s3:::${BUCKET}${ask.key === undefined ? '' : `/${ask.key}`}`,
    context: { ...TLS, 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/${role}`, ...Object.fromEntries(carried), ...ask.context },
    resourceAccount: ask.resourceAccount,
  }, policies);
}

/** What of the objects, all or some, a pod reads other than intended. */
export async function mistakes(
  { reads, ...pod }: Pod, policies: { identity?: PolicyDocument; resource?: PolicyDocument }, resourceAccount?: string, keys = OBJECTS,
): Promise<string[]> {
  const found: string[] = [];
  for (const key of keys) {
    const allowed = await may({ ...pod, key, resourceAccount }, policies);
    if (allowed !== reads.includes(key)) found.push(`${allowed ? 'allowed' : 'denied'}: ${key}`);
  }
  return found;
}
