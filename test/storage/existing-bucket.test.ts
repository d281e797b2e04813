import { App, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelReaderRole } from '../../lib/access';
import { ExistingModelBucketOptions, ModelBucket } from '../../lib/storage';

const env = { account: '111122223333', region: 'eu-west-1' };
const REGION_HINT = "is not one: give something like 'eu-west-1'";

function newStack(id = 'Storage', app = new App()): Stack {
  return new Stack(app, id, { env });
}

test('the key that a bucket of the app is known to have is the default, and another may be given', () => {
  const stack = newStack();
  const encryptionKey = new kms.Key(stack, 'Key');
  const bucket = new s3.Bucket(stack, 'Bucket', { bucketName: 'models-example', encryptionKey, bucketKeyEnabled: true });
  expect(ModelBucket.fromBucket(bucket).encryptionKey).toBe(encryptionKey);
  const other = new kms.Key(stack, 'Other');
  expect(ModelBucket.fromBucket(bucket, { encryptionKey: other }).encryptionKey).toBe(other);
});

describe('name', () => {
  test.each<[string, (stack: Stack) => s3.IBucketRef]>([
    ['a bucket of this app', stack => new s3.Bucket(stack, 'Bucket', { bucketName: 'models-example' })],
    ['the definition of a bucket of this app', stack => new s3.CfnBucket(stack, 'Bucket', { bucketName: 'models-example' })],
    ['a bucket imported by name', stack => s3.Bucket.fromBucketName(stack, 'Bucket', 'models-example')],
    ['a bucket imported by ARN', stack => s3.Bucket.fromBucketArn(stack, 'Bucket', 'arn:aws:s3:::models-example')],
  ])('of %s is the literal', (_kind, bucket) => {
    expect(ModelBucket.fromBucket(bucket(newStack())).bucketName).toBe('models-example');
  });

  test('of a bucket of another stack is the literal, without an export', () => {
    const app = new App();
    const storage = newStack('Storage', app);
    const bucket = new s3.Bucket(storage, 'Bucket', { bucketName: 'models-example' });
    expect(ModelBucket.fromBucket(bucket).bucketName).toBe('models-example');
    expect(Template.fromStack(storage).findOutputs('*')).toEqual({});
  });

  test.each<[string, (stack: Stack) => s3.IBucketRef]>([
    ['a bucket without a name', stack => new s3.Bucket(stack, 'Bucket')],
    ['the definition of a bucket without a name', stack => new s3.CfnBucket(stack, 'Bucket')],
    ['a bucket imported by an imported value', stack => s3.Bucket.fromBucketName(stack, 'Bucket', Fn.importValue('Bucket'))],
    ['a bucket imported by a parameter', stack => s3.Bucket.fromBucketName(stack, 'Bucket', new CfnParameter(stack, 'Name').valueAsString)],
  ])('of %s is what its reference says', (_kind, create) => {
    const stack = newStack();
    const bucket = create(stack);
    expect(stack.resolve(ModelBucket.fromBucket(bucket).bucketName)).toEqual(stack.resolve(bucket.bucketRef.bucketName));
  });
});

describe('region', () => {
  test("is that of the bucket's stack where nothing else is said", () => {
    expect(ModelBucket.fromBucket(s3.Bucket.fromBucketName(newStack(), 'Bucket', 'models-example')).region).toBe('eu-west-1');
  });

  test.each(['us-east-1', 'ap-southeast-3', 'us-gov-west-1', 'us-isob-east-1', 'cn-northwest-1', 'eusc-de-east-1'])('%j is taken', region => {
    expect(ModelBucket.fromBucket(s3.Bucket.fromBucketName(newStack(), 'Bucket', 'models-example'), { region }).region).toBe(region);
  });

  test.each(['', 'EU', 'eu-west', 'eu-west-1a', 'EU-WEST-1', ' eu-west-1', 'eu-west-1\n', 'eu-west-1.amazonaws.com', '*'])('%j is refused', region => {
    expect(() => ModelBucket.fromBucket(s3.Bucket.fromBucketName(newStack(), 'Bucket', 'models-example'), { region })).toThrow(`region '${region}' ${REGION_HINT}`);
  });

  test('may be known at deploy time', () => {
    const region = Fn.importValue('Region');
    expect(ModelBucket.fromBucket(s3.Bucket.fromBucketName(newStack(), 'Bucket', 'models-example'), { region }).region).toBe(region);
  });
});

describe('account', () => {
  const imported = (options?: ExistingModelBucketOptions, arn = 'arn:aws:s3:::models-example') => ModelBucket.fromBucket(s3.Bucket.fromBucketArn(newStack(), 'Bucket', arn), options);

  test("is that of the bucket's stack where nothing else is said, and that of a bucket of ours", () => {
    expect(imported().account).toBe('111122223333');
    expect(new ModelBucket(newStack(), 'Models').account).toBe('111122223333');
  });

  test('is that of the reference where it has one', () => {
    const bucket = s3.Bucket.fromBucketAttributes(newStack(), 'Bucket', { bucketName: 'models-example', account: '444455556666', region: 'eu-north-1' });
    expect(ModelBucket.fromBucket(bucket)).toMatchObject({ account: '444455556666', region: 'eu-north-1' });
  });

  test('may be given, and may be known at deploy time', () => {
    expect(imported({ account: '444455556666' }).account).toBe('444455556666');
    const account = Fn.importValue('Account');
    expect(imported({ account }).account).toBe(account);
  });

  test.each(['', '44445555666', '4444555566667', '4444-5555-6666', 'acme', '44445555666a'])('%j is refused', account => {
    expect(() => imported({ account })).toThrow(`account '${account}' is not one: give its 12 digits`);
  });
});

describe('S3-23 S3 Bucket Keys', () => {
  const WARNING = Match.stringLikeRegexp('does not use S3 Bucket Keys.*KMS once for each object.*\\[ack: cdk-eks-model-artifacts:bucketKeyDisabled\\]');

  function defined(bucketKeyEnabled?: boolean, encrypted = true) {
    const stack = newStack();
    const bucket = new s3.Bucket(stack, 'Bucket', encrypted ? { encryptionKey: new kms.Key(stack, 'Key'), bucketKeyEnabled } : {});
    return { stack, bucket, models: ModelBucket.fromBucket(bucket) };
  }

  test.each([[true, true], [false, false], [undefined, false]])('of a bucket of this app: %j in its definition is %j', (said, seen) => {
    expect(defined(said).models.bucketKeyEnabled).toBe(seen);
  });

  test('a warning says where they are off', () => {
    const { stack } = defined();
    Annotations.fromStack(stack).hasWarning('/Storage/Bucket', WARNING);
    Annotations.fromStack(defined(true).stack).hasNoWarning('*', WARNING);
    Annotations.fromStack(defined(undefined, false).stack).hasNoWarning('*', WARNING);
  });

  test('a later change of the definition is seen', () => {
    const { bucket, models } = defined();
    (bucket.node.defaultChild as s3.CfnBucket).addPropertyOverride('BucketEncryption.ServerSideEncryptionConfiguration.0.BucketKeyEnabled', true);
    expect(models.bucketKeyEnabled).toBe(true);
  });

  test('what is said holds: the objects may be older than the definition', () => {
    const { bucket } = defined(true);
    expect(ModelBucket.fromBucket(bucket, { bucketKeyEnabled: false }).bucketKeyEnabled).toBe(false);
  });

  test('of an imported bucket they are not known, unless said', () => {
    const stack = newStack();
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k');
    expect(ModelBucket.fromBucketName(stack, 'Silent', 'models-example', { encryptionKey }).bucketKeyEnabled).toBeUndefined();
    Annotations.fromStack(stack).hasNoWarning('*', WARNING);
    const other = newStack();
    ModelBucket.fromBucketName(other, 'Said', 'models-example', { encryptionKey, bucketKeyEnabled: false });
    Annotations.fromStack(other).hasWarning('/Storage/Said', WARNING);
  });
});

test.each<[string, (stack: Stack) => s3.IBucketRef & { node: s3.CfnBucket['node'] }]>([
  ['a bucket', stack => new s3.Bucket(stack, 'Bucket', { bucketName: 'models-example' })],
  ['the definition of a bucket', stack => new s3.CfnBucket(stack, 'Bucket', { bucketName: 'models-example' })],
])('nothing is added to %s that exists already', (_kind, create) => {
  const untouched = newStack();
  create(untouched);

  const app = new App();
  const storage = newStack('Storage', app);
  const bucket = ModelBucket.fromBucket(create(storage), { encryptionKey: kms.Key.fromKeyArn(storage, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k') });
  const access = newStack('Access', app);
  const cluster = eks.Cluster.fromClusterAttributes(access, 'Cluster', { clusterName: 'blue' });
  new ModelReaderRole(access, 'Readers', { cluster, buckets: [bucket] }).associate({ namespace: 'team-a', serviceAccount: 'chat' });

  const resources = Template.fromStack(storage).toJSON().Resources;
  expect(Object.keys(resources)).toEqual(Object.keys(Template.fromStack(untouched).toJSON().Resources));
  expect(resources).toEqual(Template.fromStack(untouched).toJSON().Resources);
});

test('an imported bucket needs no resource at all', () => {
  const stack = newStack();
  ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Bucket', 'models-example'));
  expect(Template.fromStack(stack).toJSON().Resources).toBeUndefined();
});

test('the key of an existing bucket is kept', () => {
  const stack = newStack();
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k');
  const bucket = ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Bucket', 'models-example'), { encryptionKey });
  expect(bucket.encryptionKey).toBe(encryptionKey);
});

test('a warning says that nobody knows whether models can be overwritten, and the statement for it is there', () => {
  const stack = newStack();
  ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Theirs', 'models-example'));
  Annotations.fromStack(stack).hasWarning('/Storage/Theirs', Match.stringLikeRegexp('writeOnceStatement.*deletionStatements.*cdk-eks-model-artifacts:bucketNotWriteOnce'));
  expect(ModelBucket.writeOnceStatement('arn:aws:s3:::models-example').toStatementJson()).toMatchObject({
    Effect: 'Deny',
    Action: 's3:PutObject',
    Resource: ['models', 'publishing', 'signatures'].map(root => `arn:aws:s3:::models-example/${root}/*`),
    Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
  });
});
