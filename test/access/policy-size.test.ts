import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ACCOUNT, REGION, TemplatePolicies } from './policy-simulator';
import { ModelReaderRole, ModelReaderRoleProps } from '../../lib/access';
import { ModelBucket } from '../../lib/storage';

/** Names as long as people make them. */
const setsOf = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [
  `product-team-${index}`, [`product-team-${index}-dev`, `product-team-${index}-prod`],
]));

function appOf(tenants: number, props: Partial<ModelReaderRoleProps> = {}, bucketIds = ['a', 'b', 'c']) {
  const stack = new Stack(new App(), 'Models', { env: { account: ACCOUNT, region: REGION } });
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'inference-production' });
  const buckets = bucketIds.map(id => ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, `Bucket-${id}`, `acme-models-example-${id}`)));
  const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets, tenants: setsOf(tenants), ...props });
  return { stack, cluster, buckets, readers };
}

/** As IAM counts: the document without white space. */
function sizes({ stack }: { stack: Stack }) {
  const template = Template.fromStack(stack);
  const policies = new TemplatePolicies(template);
  const ids = (type: string) => Object.keys(template.findResources(type));
  const size = (wanted: string[]) => policies.documents()
    .filter(([id]) => wanted.includes(id)).map(([, document]) => JSON.stringify(document).length);
  const [role] = ids('AWS::IAM::Role');
  return { inline: size(ids('AWS::IAM::Policy')), managed: size(ids('AWS::IAM::ManagedPolicy')), statements: policies.identity(role).Statement };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 10,240 inline, 6,144 each in at most 10 managed policies. */
test.each([[1, 0], [20, 2], [60, 10]])('%i tenants of 3 buckets fit a role', (count, atMost) => {
  const { inline, managed, statements } = sizes(appOf(count));
  expect(inline).toHaveLength(1);
  expect(inline[0]).toBeLessThanOrEqual(10_240);
  expect(managed.length).toBeLessThanOrEqual(atMost);
  expect(managed.every(size => size <= 6_144)).toBe(true);
  expect(statements).toHaveLength(count + 2); // one for each set, one for the namespace and everybody, one denial
});

test('200 tenants of one bucket need more managed policies than the default quota, of which the CDK warns, and no more than the largest', () => {
  const app = appOf(200, {}, ['a']);
  const { inline, managed, statements } = sizes(app);
  Annotations.fromStack(app.stack).hasWarning('/Models/Readers/Role', Match.stringLikeRegexp('exceeds 10 managed policies attached to a Role, this requires a quota increase'));
  expect(inline[0]).toBeLessThanOrEqual(10_240);
  expect(managed.length).toBeGreaterThan(10);
  expect(managed.length).toBeLessThanOrEqual(20);
  expect(statements).toHaveLength(202);
});

test('200 tenants of 3 buckets are more than a role can hold: an error with the figures and what to do', () => {
  expect(() => Template.fromStack(appOf(200).stack)).toThrow(
    /the policies of Models\/Readers\/Role need \d+ managed policies beside its own, IAM attaches 20 at most: give one role fewer tenants or buckets, as by a reader role for each cluster or bucket/,
  );
});

test('one tenant of more namespaces than a managed policy holds is an error', () => {
  const many = { one: Array.from({ length: 1200 }, (_, index) => `n-${index}`) };
  expect(() => Template.fromStack(appOf(1, { tenants: many }).stack)).toThrow(/IAM takes (10240|6144): give one role fewer tenants/);
});

test('the policy of a role does not grow with models', () => {
  const before = appOf(3);
  const after = appOf(3);
  for (let index = 0; index < 20; index++) after.readers.associate({ namespace: 'product-team-0-dev', serviceAccount: `model-${index}` });
  expect(sizes(after).statements).toEqual(sizes(before).statements);
});

test('a trust policy of more clusters than IAM takes is an error with the figures and what to do', () => {
  const { stack, buckets } = appOf(1);
  const clusters = Array.from({ length: 40 }, (_, index) => eks.Cluster.fromClusterAttributes(stack, `C${index}`, { clusterName: `inference-${index}` }));
  new ModelReaderRole(stack, 'Wide', { cluster: clusters[0], additionalClusters: clusters.slice(1), buckets });
  expect(() => Template.fromStack(stack)).toThrow(/the trust policy of Models\/Wide\/Role has \d+ characters, IAM takes 2048: serve fewer clusters by one role/);
});

describe('tenant guard', () => {
  const guarded = (count: number) => {
    const stack = new Stack(new App(), 'Models', { env: { account: ACCOUNT, region: REGION } });
    const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'inference-production' });
    const bucket = new ModelBucket(stack, 'Bucket', { bucketName: 'acme-models-example' });
    bucket.addTenantGuard({ readers: [new ModelReaderRole(stack, 'Readers', { cluster, buckets: [bucket], tenants: setsOf(count) })] });
    return stack;
  };

  test.each([1, 20, 35])('%i tenants fit the policy of a bucket', count => {
    const stack = guarded(count);
    const policies = new TemplatePolicies(Template.fromStack(stack));
    const [id] = Object.keys(Template.fromStack(stack).findResources('AWS::S3::Bucket', { Properties: { BucketName: 'acme-models-example' } }));
    expect(JSON.stringify(policies.bucket(id)).length).toBeLessThanOrEqual(20_480);
  });

  test('more than a bucket policy holds is an error with the figures and what to do', () => {
    expect(() => Template.fromStack(guarded(60))).toThrow(
      /the policy of bucket 'acme-models-example' has \d+ bytes, S3 takes 20480: give the bucket fewer tenants and explicit prefixes/,
    );
  });

  test('statements from elsewhere count too', () => {
    const stack = new Stack(new App(), 'Models', { env: { account: ACCOUNT, region: REGION } });
    const bucket = new ModelBucket(stack, 'Bucket', { bucketName: 'acme-models-example' });
    for (let index = 0; index < 100; index++) {
      bucket.addToResourcePolicy(new iam.PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [`arn:aws:s3:::acme-models-example/models/tenant-${index}/*`],
        principals: [new iam.AccountPrincipal('444455556666')],
        conditions: { StringEquals: { 'aws:PrincipalTag/kubernetes-namespace': `tenant-${index}` } },
      }));
    }
    expect(() => Template.fromStack(stack)).toThrow(/the policy of bucket 'acme-models-example' has \d+ bytes, S3 takes 20480/);
  });

  test('what the owner of a bucket in another account could not add is an error where it is asked for', () => {
    const asked = (clusters: number, tenants: number) => {
      const stack = new Stack(new App(), 'Models', { env: { account: ACCOUNT, region: REGION } });
      const bucket = ModelBucket.fromBucketName(stack, 'Bucket', 'acme-models-example', { account: '444455556666' });
      for (let index = 0; index < clusters; index++) {
        const cluster = eks.Cluster.fromClusterAttributes(stack, `Cluster${index}`, { clusterName: `inference-${index}` });
        new ModelReaderRole(stack, `Readers${index}`, { cluster, buckets: [bucket], tenants: setsOf(tenants), roleName: `readers-${index}` });
      }
      return Template.fromStack(stack);
    };
    expect(() => asked(3, 5)).not.toThrow();
    expect(() => asked(3, 30)).toThrow(/what the owner of arn:aws:s3:::acme-models-example must add .* has \d+ bytes, and it takes 20480 in all: serve several clusters by one reader role/);
  });
});
