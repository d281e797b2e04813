import { App, Fn, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelReaderRole, ServiceAccountRole, WorkloadIdentity } from '../../lib/access';
import { ModelBucket, ModelPruner } from '../../lib/storage';

function fixture() {
  const app = new App();
  const env = { account: '111122223333', region: 'eu-west-1' };
  const storage = new Stack(app, 'Storage', { env });
  const stack = new Stack(app, 'Access', { env });
  const bucket = new ModelBucket(storage, 'Bucket', { bucketName: 'models-example' });
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'blue' });
  const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [bucket], tenants: { nlp: ['nlp-dev'] } });
  return { storage, stack, bucket, readers };
}

const documentOf = (stack: Stack) => Object.values(Template.fromStack(stack).findResources('AWS::S3::BucketPolicy'))
  .map(({ Properties }: any) => Properties.PolicyDocument).find(({ Statement }) => JSON.stringify(Statement).includes('DenyOverwritingModels'));

test('adds to the policy of the bucket and leaves what it had, without a dependency on the stack of the readers', () => {
  const { storage, stack, bucket, readers } = fixture();
  bucket.addTenantGuard({ readers: [readers] });
  const plain = documentOf(fixture().storage).Statement;
  expect(documentOf(storage).Statement.slice(0, plain.length)).toEqual(plain);
  expect(documentOf(storage).Statement.length).toBeGreaterThan(plain.length);
  expect(storage.dependencies).not.toContain(stack);
});

test('twice is refused', () => {
  const { bucket, readers } = fixture();
  bucket.addTenantGuard({ readers: [readers] });
  expect(() => bucket.addTenantGuard({ readers: [readers] })).toThrow("bucket 'models-example' has a tenant guard already: give all readers and exceptions to one");
});

test('without readers, or with one that does not read the bucket, is refused', () => {
  const { storage, bucket, readers } = fixture();
  expect(() => bucket.addTenantGuard({ readers: [] })).toThrow('readers is empty: name the reader roles whose pods read the bucket');
  const other = new ModelBucket(storage, 'Other', { bucketName: 'other-example' });
  expect(() => other.addTenantGuard({ readers: [readers] })).toThrow(
    "Access/Readers does not read bucket 'other-example': add the bucket to its buckets, or leave the role out of the guard",
  );
  expect(() => bucket.addTenantGuard({ readers: [readers] })).not.toThrow();
});

test.each(['loader', '*', 'arn:aws:iam::111122223333:role/*', 'arn:aws:iam::111122223333:role/load?r', 'arn:aws:iam::*:role/loader', 'arn:aws:iam::111122223333:user/ann',
  'arn:aws:iam::111122223333:root', 'arn:aws:sts::111122223333:assumed-role/loader/s', 'arn:aws:iam::111122223333:role/', ''])('the exception %j is refused', exception => {
  const { bucket, readers } = fixture();
  expect(() => bucket.addTenantGuard({ readers: [readers], exceptions: [exception] })).toThrow(`exception '${exception}' is not the ARN of a role`);
});

test.each(['arn:aws:iam::111122223333:role/loader', 'arn:aws-cn:iam::111122223333:role/team/loader', Fn.importValue('LoaderArn')])('the exception %j is taken', exception => {
  const { storage, bucket, readers } = fixture();
  bucket.addTenantGuard({ readers: [readers], exceptions: [exception] });
  const guard = documentOf(storage).Statement.filter(({ Condition }: any) => Condition?.ArnNotEquals);
  expect(guard.length).toBeGreaterThan(2);
  for (const { Condition } of guard) expect(Condition.ArnNotEquals).toEqual({ 'aws:PrincipalArn': [storage.resolve(exception)] });
});

test('no negated operator stands without the Null test: an absent tag would satisfy it, and deny to everybody', () => {
  const { storage, bucket, readers } = fixture();
  bucket.addTenantGuard({ readers: [readers] });
  const negated = documentOf(storage).Statement.filter(({ Condition }: any) => Object.keys(Condition ?? {}).some(operator => operator.includes('Not')));
  expect(negated.length).toBeGreaterThan(1);
  for (const { Condition } of negated) expect(Condition.Null).toEqual({ 'aws:PrincipalTag/kubernetes-namespace': 'false' });
});

test('for a bucket of somebody else, the statements are a value, the same as of our own', () => {
  const { storage, stack, bucket, readers } = fixture();
  bucket.addTenantGuard({ readers: [readers] });
  const theirs = ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Theirs', 'models-example'));
  const statements = ModelBucket.tenantGuardStatements(theirs, { readers: [readers] }).map(statement => stack.resolve(statement.toStatementJson()));
  const literal = (value: unknown) => JSON.stringify(value).replace(/\{"Fn::Join":\["",\["arn:",\{"Ref":"AWS::Partition"\},":s3:::models-example(.*?)"\]\]\}/g, '"B$1"')
    .replace(/\{"Fn::Join":\["",\[\{"Fn::GetAtt":\["Bucket\w+","Arn"\]\},"(.*?)"\]\]\}/g, '"B$1"').replace(/\{"Fn::GetAtt":\["Bucket\w+","Arn"\]\}/g, '"B"');
  expect(literal(statements)).toBe(literal(documentOf(storage).Statement.slice(-statements.length)));
});

describe('a grant to pods that the guard would take away', () => {
  type Grant = (bucket: ModelBucket, loader: ServiceAccountRole, own: WorkloadIdentity) => void;
  const guarded = (exceptions: (loader: ServiceAccountRole) => string[], grant: Grant, roleName?: string) => {
    const { storage, stack, bucket, readers } = fixture();
    const cluster = stack.node.findChild('Cluster') as any;
    const loader = new ServiceAccountRole(stack, 'Loader', { cluster, namespace: 'ops', serviceAccount: 'loader', roleName });
    const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/own');
    bucket.addTenantGuard({ readers: [readers], exceptions: exceptions(loader) });
    grant(bucket, loader, WorkloadIdentity.podIdentity({ namespace: 'team', serviceAccount: 'batch', role, cluster }));
    return () => Template.fromStack(storage);
  };

  test('is an error for a publisher inside a cluster that is no exception', () => {
    expect(guarded(() => [], (bucket, loader) => bucket.grants.publish(loader, { tenants: ['nlp'] }))).toThrow(
      "role Access/Loader/Role may publish to models/nlp/ of bucket 'models-example', and its tenant guard denies that to pods: add the ARN of the role to the exceptions of the guard",
    );
    expect(guarded(loader => [loader.roleArn], (bucket, loader) => bucket.grants.publish(loader, { tenants: ['nlp'] }), 'loader')).not.toThrow();
  });

  test('is an error for a pruner inside a cluster that is no exception', () => {
    const synth = (exceptions: string[]) => {
      const { storage, stack, bucket, readers } = fixture();
      const assumedBy = new iam.ServicePrincipal('pods.eks.amazonaws.com', { conditions: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'ops' } } }).withSessionTags();
      bucket.addTenantGuard({ readers: [readers], exceptions });
      new ModelPruner(stack, 'Pruner', { buckets: [bucket], assumedBy, roleName: 'pruner' });
      return () => Template.fromStack(storage);
    };
    expect(synth([])).toThrow("role pruner may prune models/ of bucket 'models-example', and its tenant guard denies that to pods: add the ARN of the role to the exceptions of the guard");
    expect(synth(['arn:aws:iam::111122223333:role/pruner'])).not.toThrow();
  });

  test('is an error for an identity that reads what no reader role lets its namespace read', () => {
    expect(guarded(() => [], (bucket, _loader, own) => bucket.grants.readTenants(own, { tenants: ['nlp'] }))).toThrow(
      "pods of service account team/batch may read models/nlp/ of bucket 'models-example', and its tenant guard denies that to pods",
    );
    expect(guarded(() => [], (bucket, _loader, own) => bucket.grants.readTenants(own, { tenants: ['team'], shared: true }))).not.toThrow();
    expect(guarded(() => ['arn:aws:iam::111122223333:role/own'], (bucket, _loader, own) => bucket.grants.readTenants(own, { tenants: ['nlp'] }))).not.toThrow();
  });
});
