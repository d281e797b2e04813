import { App, Fn, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelReaderRole, WorkloadIdentity } from '../../lib/access';
import { ModelArtifact, ModelArtifactProps } from '../../lib/model';
import { IModelBucket, ModelBucket } from '../../lib/storage';

function model(props: Partial<ModelArtifactProps> = {}): ModelArtifact {
  return ModelArtifact.of({ name: 'llama', version: '1', size: Size.gibibytes(1), ...props });
}

function fixture() {
  const stack = new Stack(new App(), 'Access', { env: { account: '111122223333', region: 'eu-west-1' } });
  const bucket = ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Bucket', 'models-example'));
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'blue' });
  const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [bucket] });
  const refusal = (artifact: ModelArtifact, from: IModelBucket = bucket, namespace = 'team') =>
    (readers.associate({ namespace, serviceAccount: `sa-${count++}` }) as any)._refusal(artifact, from) as string | undefined;
  let count = 0;
  return { stack, bucket, readers, refusal };
}

test('an existing service account is known by its names, and may read what somebody gave it, but for models of other tenants', () => {
  const identity = WorkloadIdentity.existing({ namespace: 'team', serviceAccount: 'chat' });
  expect([identity.namespace, identity.serviceAccount, identity.serviceAccountExists]).toEqual(['team', 'chat', true]);
  expect((identity as any)._refusal(model({ tenant: 'team' }), fixture().bucket)).toBeUndefined();
  expect((identity as any)._refusal(model({ tenant: 'other' }), fixture().bucket)).toMatch(/^model other\/llama@1 belongs to tenant 'other', and a pod of namespace 'team' can't read it: use an identity/);
});

test('an associated service account has the names that were given, and is written to manifests', () => {
  const { readers } = fixture();
  const identity = readers.associate({ namespace: 'team', serviceAccount: 'chat' });
  expect([identity.namespace, identity.serviceAccount, identity.serviceAccountExists]).toEqual(['team', 'chat', false]);
  expect(readers.associate({ namespace: 'team', serviceAccount: 'helm', serviceAccountExists: true }).serviceAccountExists).toBe(true);
});

test('names that Kubernetes refuses are refused', () => {
  expect(() => WorkloadIdentity.existing({ namespace: 'Team', serviceAccount: 'chat' })).toThrow("namespace 'Team' is not valid");
  expect(() => WorkloadIdentity.existing({ namespace: 'team', serviceAccount: 'Chat' })).toThrow("service account 'Chat' is not valid");
  expect(() => fixture().readers.associate({ namespace: 'team', serviceAccount: 'a/b' })).toThrow("service account 'a/b' is not valid");
});

describe('a pod', () => {
  test('reads the models of its namespace and those for everybody', () => {
    const { refusal } = fixture();
    expect(refusal(model({ tenant: 'team' }))).toBeUndefined();
    expect(refusal(model())).toBeUndefined();
  });

  test("is told that another tenant's model is not for it, and what to do", () => {
    expect(fixture().refusal(model({ tenant: 'team-a' }))).toBe(
      "model team-a/llama@1 belongs to tenant 'team-a', and a pod of namespace 'team' can't read it: "
      + 'use an identity of that namespace, or publish the model without a tenant, for everybody',
    );
  });

  test('is told that a bucket is not among those of its role, and what to do', () => {
    const { stack, refusal } = fixture();
    const other = ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Other', 'other-example'));
    expect(refusal(model(), other)).toBe(
      "model llama@1 is in bucket 'other-example', which Access/Readers does not read: add it to the role's buckets",
    );
  });

  test('is told the place of a bucket whose name nobody knows yet', () => {
    const { stack, refusal } = fixture();
    expect(refusal(model(), ModelBucket.fromBucket(new s3.Bucket(stack, 'Other')))).toContain("is in bucket 'Access/Other', which Access/Readers does not read");
  });

  test('reads from its bucket through any reference to it', () => {
    const { stack, bucket, refusal } = fixture();
    expect(refusal(model(), ModelBucket.fromBucket(bucket.bucket))).toBeUndefined();
    expect(refusal(model(), ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Again', 'models-example')))).toBeUndefined();
  });

  test('does not take one bucket with a name from elsewhere for another', () => {
    const { stack, refusal } = fixture();
    const bucket = ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Other', Fn.importValue('Models')));
    expect(refusal(model(), bucket)).toContain("is in bucket 'Access/Other', which Access/Readers does not read");
  });
});

describe('a model with a prefix of its own', () => {
  const legacy = model({ prefix: 'legacy/llama/v3' });
  const text = "model llama@1 has a prefix of its own, 'legacy/llama/v3/', which Access/Readers was not granted: call grantRead(bucket, model) on that reader role";

  test('is refused until it is granted', () => {
    const { bucket, readers, refusal } = fixture();
    expect(refusal(legacy)).toBe(text);
    readers.grantRead(bucket, legacy);
    expect(refusal(legacy)).toBeUndefined();
  });

  test('is refused in another bucket, below another prefix, and to another tenant', () => {
    const { stack, bucket, readers, refusal } = fixture();
    readers.grantRead(bucket, model({ prefix: 'legacy/llama/v3', tenant: 'team' }));
    const other = ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Other', 'other-example'));
    expect(refusal(legacy, other)).toBe(text);
    expect(refusal(model({ prefix: 'legacy/llama/v30' }))).toContain("prefix of its own, 'legacy/llama/v30/', which Access/Readers was not granted");
    expect(refusal(model({ prefix: 'legacy/llama/v3', tenant: 'team' }), bucket, 'team-a')).toContain("belongs to tenant 'team'");
  });

  test('is refused where it was granted to another tenant only', () => {
    const { bucket, readers, refusal } = fixture();
    readers.grantRead(bucket, model({ prefix: 'legacy/llama/v3', tenant: 'team-a' }));
    expect(refusal(legacy)).toBe(text);
    expect(refusal(legacy, bucket, 'team-a')).toBeUndefined();
  });
});

test('refusing adds nothing to a template', () => {
  const { stack, bucket, readers } = fixture();
  const identity = readers.associate({ namespace: 'team', serviceAccount: 'chat' });
  (identity as any)._refusal(model({ tenant: 'other' }), bucket);
  Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 1);
});
