import { App, Lazy, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelReaderRole, SessionTag, WorkloadIdentity } from '../../lib/access';
import { ModelArtifact, ModelArtifactProps } from '../../lib/model';
import { ModelBucket } from '../../lib/storage';

const model = (props: Partial<ModelArtifactProps> = {}) => ModelArtifact.of({ name: 'llama', version: '1', size: Size.gibibytes(1), ...props });

function fixture(tenants: { [name: string]: string[] } = { nlp: ['nlp-dev', 'nlp-prod'], vision: ['vision', 'nlp-dev'] }) {
  const stack = new Stack(new App(), 'Access', { env: { account: '111122223333', region: 'eu-west-1' } });
  const bucket = ModelBucket.fromBucket(s3.Bucket.fromBucketArn(stack, 'Bucket', 'arn:aws:s3:::models-example'));
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'blue' });
  const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [bucket], tenants });
  const refusal = (namespace: string, artifact: ModelArtifact) =>
    (readers as any)._refusal(namespace, artifact, bucket) as string | undefined;
  return { stack, bucket, readers, refusal };
}

describe('a pod', () => {
  test.each<[string, string, boolean]>([
    ['nlp-dev', 'nlp', true], ['nlp-prod', 'nlp', true], ['nlp', 'nlp', false], ['nlp-de', 'nlp', false], ['other', 'nlp', false],
    ['nlp-dev', 'vision', true], ['vision', 'vision', true], ['nlp-prod', 'vision', false],
    ['nlp-dev', 'nlp-dev', true], ['nlp-prod', 'nlp-dev', false], ['other', 'other', true],
  ])('of namespace %s and a model of tenant %s: %j', (namespace, tenant, reads) => {
    expect(fixture().refusal(namespace, model({ tenant })) === undefined).toBe(reads);
  });

  test('is told the namespaces of the tenant, and what to do', () => {
    expect(fixture().refusal('nlp', model({ tenant: 'nlp' }))).toBe(
      "model nlp/llama@1 belongs to tenant 'nlp', the namespaces nlp-dev, nlp-prod, and a pod of namespace 'nlp' can't read it: "
      + "use an identity of one of those, add 'nlp' to that tenant, or publish the model without a tenant, for everybody",
    );
  });

  test('of any namespace of a tenant reads a given prefix that was granted to it, and no other pod does', () => {
    const { stack, bucket, readers, refusal } = fixture();
    const legacy = model({ tenant: 'nlp', prefix: 'legacy/llama/v3' });
    expect(refusal('nlp-dev', legacy)).toContain('call grantRead(bucket, model) on that reader role');
    readers.grantRead(bucket, legacy);
    expect(refusal('nlp-dev', legacy)).toBeUndefined();
    expect(refusal('nlp-prod', model({ prefix: 'legacy/llama/v3' }))).toBeUndefined();
    expect(refusal('nlp', model({ prefix: 'legacy/llama/v3' }))).toContain('which Access/Readers was not granted');
    const policy: any = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))[0];
    expect(policy.Properties.PolicyDocument.Statement.find(({ Resource }: any) => Resource === 'arn:aws:s3:::models-example/legacy/llama/v3/*').Condition.StringEquals)
      .toMatchObject({ 'aws:PrincipalTag/kubernetes-namespace': ['nlp-dev', 'nlp-prod'] });
  });
});

test('an existing identity knows the tenants of its namespace by their names', () => {
  const { bucket } = fixture();
  const identity = WorkloadIdentity.existing({ namespace: 'nlp-dev', serviceAccount: 'chat', tenants: ['nlp'] });
  const refusal = (props: Partial<ModelArtifactProps>) => (identity as any)._refusal(model(props), bucket) as string | undefined;
  expect([refusal({ tenant: 'nlp' }), refusal({ tenant: 'nlp-dev' }), refusal({})]).toEqual([undefined, undefined, undefined]);
  expect(refusal({ tenant: 'vision' })).toContain("belongs to tenant 'vision', and a pod of namespace 'nlp-dev' can't read it");
  expect(() => WorkloadIdentity.existing({ namespace: 'a', serviceAccount: 'b', tenants: ['Nlp'] })).toThrow("tenant 'Nlp' is not valid");
});

test.each<[string, { [name: string]: string[] }, string]>([
  ['a set without namespaces', { nlp: [] }, "tenant 'nlp' has no namespaces: name them, or leave it out"],
  ['a name that is no prefix', { 'nlp/*': ['a'] }, "tenant 'nlp/*' is not valid"],
  ['the name for everybody', { _shared: ['a'] }, "tenant '_shared' is not valid"],
  ['a namespace that is a wildcard', { nlp: ['nlp-*'] }, "namespace 'nlp-*' is not valid"],
  ['a namespace known at deploy time', { nlp: [Lazy.string({ produce: () => 'a' })] }, 'namespace must be known at synth'],
])('%s is refused', (_name, tenants, message) => {
  expect(() => fixture(tenants)).toThrow(message);
  expect(() => fixture({}).bucket.grants.readBySessionTag(fixture({}).readers, SessionTag.KUBERNETES_NAMESPACE, { clusterArns: ['x'], tenants })).toThrow(message);
});

test('the access table speaks of the tag that was granted by', () => {
  const { bucket, readers } = fixture({});
  bucket.grants.readBySessionTag(readers, SessionTag.of('team'), { clusterArns: ['arn:aws:eks:eu-west-1:111122223333:cluster/red'] });
  const row = (prefix: string) => bucket.grants.accessTable().find(each => each.prefix === prefix)!.readers;
  expect(row('models/<team>/')).toEqual(['pods of team <team> on cluster red']);
  expect(row('models/_shared/')).toEqual(['pods of every namespace on cluster blue', 'pods of every team on cluster red']);
  expect(row('models/<namespace>/')).toEqual(['pods of namespace <namespace> on cluster blue']);
});

test('the grants of a bucket are one, and of every reference to a bucket of the app the table is', () => {
  const { stack, bucket } = fixture();
  expect(bucket.grants).toBe((bucket.grants.constructor as any).forBucket(bucket));
  const ours = new ModelBucket(stack, 'Ours');
  expect(ModelBucket.fromBucket(ours.bucket).grants.accessTable()).toEqual([]);
  ours.grants.readBySessionTag(new ModelReaderRole(stack, 'More', { cluster: eks.Cluster.fromClusterAttributes(stack, 'C', { clusterName: 'c' }), buckets: [bucket] }),
    SessionTag.KUBERNETES_NAMESPACE, { clusterArns: ['arn:aws:eks:eu-west-1:111122223333:cluster/c'] });
  expect(ModelBucket.fromBucket(ours.bucket).grants.accessTable()).toEqual(ours.grants.accessTable());
  expect(ours.grants.accessTable()).toHaveLength(2);
});
