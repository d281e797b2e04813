import { App, Size, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ModelArtifact, ModelBucket, ModelReaderRole, ServiceAccountRole } from '../../lib';

const account = '111122223333';
let app: App;
let stack: Stack;

beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Storage', { env: { account, region: 'eu-west-1' } });
});

const imported = (scope: Stack) => eks.Cluster.fromClusterAttributes(scope, 'Cluster', { clusterName: 'red' });
const warnings = () => app.synth().getStackByName('Storage').messages.map(({ entry }) => String(entry.data));

test('a bucket with a guard and a key, and the cluster whose pods read it, are in two stacks', () => {
  const models = new ModelBucket(stack, 'Models', { bucketName: 'acme-models', encryptionKey: new kms.Key(stack, 'Key') });
  const clusters = new Stack(app, 'Clusters', { env: stack });
  const cluster = new eks.CfnCluster(clusters, 'Cluster', { name: 'red', roleArn: `arn:aws:iam::${account}:role/eks`, resourcesVpcConfig: { subnetIds: ['subnet-1'] } });
  models.addTenantGuard({ readers: [new ModelReaderRole(clusters, 'Readers', { cluster, buckets: [models] })] });
  const assembly = app.synth();
  expect(JSON.stringify(assembly.getStackByName('Storage').template)).toContain(':cluster/red');
  expect(assembly.getStackByName('Storage').dependencies.map(({ id }) => id)).not.toContain('Clusters');
});

test('a replica in another region is read without custom resources', () => {
  const north = new ModelBucket(new Stack(app, 'North', { env: { account, region: 'eu-north-1' } }), 'Models', { bucketName: 'acme-models-north' });
  const west = new ModelBucket(stack, 'Models', { bucketName: 'acme-models-west', replicateTo: [north] });
  new ModelReaderRole(stack, 'Readers', { cluster: imported(stack), buckets: [west, north] });
  const template = JSON.stringify(app.synth().getStackByName('Storage').template);
  expect(template).toContain(':s3:::acme-models-north/models/${aws:PrincipalTag/kubernetes-namespace}/*');
  expect(template).not.toContain('Custom::');
});

test.each([
  ['a role by its ARN', new iam.ArnPrincipal(`arn:aws:iam::${account}:role/ci`), 'role/ci'],
  ['an account', new iam.AccountPrincipal(account), `${account}:root`],
  ['a service', new iam.ServicePrincipal('sagemaker.amazonaws.com'), 'sagemaker.amazonaws.com'],
])('a grant to %s, which has no policy of its own here, is warned about', (_, principal, name) => {
  new ModelBucket(stack, 'Models').grants.publish(principal);
  expect(warnings()).toContainEqual(expect.stringMatching(new RegExp(`${name}.*grantNotApplied`)));
});

test('a grant to all pods of a reader role is refused', () => {
  const models = new ModelBucket(stack, 'Models');
  const readers = new ModelReaderRole(stack, 'Readers', { cluster: imported(stack), buckets: [models] });
  const model = ModelArtifact.of({ name: 'm', version: '1', tenant: 'nlp', size: Size.gibibytes(1) });
  expect(() => models.grants.read(readers, model)).toThrow('Storage/Readers is a reader role, which pods of every namespace share');
});

test('a service account that may read what the guard denies to its namespace is an error', () => {
  const models = new ModelBucket(stack, 'Models');
  const cluster = imported(stack);
  const loader = new ServiceAccountRole(stack, 'Loader', { cluster, namespace: 'loaders', serviceAccount: 'loader' });
  models.grants.readTenants(loader, { tenants: ['nlp'] });
  models.addTenantGuard({ readers: [new ModelReaderRole(stack, 'Readers', { cluster, buckets: [models] })] });
  expect(() => app.synth()).toThrow('may read models/nlp/ of bucket');
});

test('that nobody knows whether a bucket is of the same account is warned about', () => {
  const agnostic = new Stack(app, 'Agnostic');
  const models = ModelBucket.fromBucketName(agnostic, 'Models', 'acme-models', { account: '444455556666' });
  new ModelReaderRole(agnostic, 'Readers', { cluster: imported(agnostic), buckets: [models] });
  expect(app.synth().getStackByName('Agnostic').messages.map(({ entry }) => String(entry.data))).toContainEqual(expect.stringContaining('readerAccountUnknown'));
});

test('a key of another account than its bucket is for its own owner', () => {
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:444455556666:key/1234');
  const models = ModelBucket.fromBucketName(stack, 'Models', 'acme-models', { account, encryptionKey });
  new ModelReaderRole(stack, 'Readers', { cluster: imported(stack), buckets: [models], roleName: 'readers' });
  expect(warnings()).toContainEqual(expect.stringMatching(/key\/1234 must add statements to the policy of the key/));
});

test('a bucket that is imported twice by its name has one table of access', () => {
  const [one, other] = ['One', 'Other'].map(id => ModelBucket.fromBucketName(stack, id, 'team-weights'));
  new ModelReaderRole(stack, 'Readers', { cluster: imported(stack), buckets: [one] });
  expect(other.grants.accessTable()).toEqual(one.grants.accessTable());
  expect(other.grants.accessTable()).toHaveLength(2);
});
