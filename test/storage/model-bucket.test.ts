import { App, CfnParameter, Duration, Fn, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelBucket, ModelBucketProps } from '../../lib/storage';

function newStack(): Stack {
  return new Stack(new App(), 'Models', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function synth(props?: ModelBucketProps, stack = newStack()): Template {
  new ModelBucket(stack, 'Bucket', props);
  return Template.fromStack(stack);
}

const MODELS = { VersioningConfiguration: { Status: 'Enabled' } };

describe('defaults', () => {
  const stack = newStack();
  const bucket = new ModelBucket(stack, 'Bucket');
  const template = Template.fromStack(stack);

  test('the bucket is versioned, private and encrypted', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: Match.absent() }] },
      BucketName: Match.absent(),
      ObjectLockEnabled: Match.absent(),
    });
  });

  test('S3-25 three rules without a filter keep models, and give up what is superseded or incomplete', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      ...MODELS,
      LifecycleConfiguration: {
        Rules: [
          { Id: 'abort-incomplete-uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
          { Id: 'expire-superseded-versions', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 }, ExpiredObjectDeleteMarker: true },
          { Id: 'intelligent-tiering', Status: 'Enabled', Transitions: [{ StorageClass: 'INTELLIGENT_TIERING', TransitionInDays: 0 }] },
        ].map(rule => Match.exact(rule)),
      },
    });
  });

  test('S3-24 no archive tier of Intelligent-Tiering is on', () => {
    template.hasResourceProperties('AWS::S3::Bucket', { ...MODELS, IntelligentTieringConfigurations: Match.absent() });
  });

  test('events go to EventBridge by a property, and nothing runs at deploy', () => {
    template.hasResourceProperties('AWS::S3::Bucket', { ...MODELS, NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } } });
    template.resourceCountIs('AWS::Lambda::Function', 0);
    const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(resource => resource.Type);
    expect(types.sort()).toEqual(['AWS::S3::Bucket', 'AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::S3::BucketPolicy']);
  });

  test('the bucket and its policy stay when the stack goes', () => {
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    template.allResources('AWS::S3::BucketPolicy', { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
  });

  test('the policy denies plain HTTP, old TLS, overwriting and deleting, and allows nothing', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      Bucket: stack.resolve(bucket.bucket.bucketRef.bucketName),
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: ['DenyPlainHttp', 'DenyOldTls', 'DenyOverwritingModels', 'DenyDeletingModels', 'DenyDeletingVersions'].map(Sid => Match.objectLike({ Sid, Effect: 'Deny', Principal: { AWS: '*' } })),
      },
    });
  });

  test('the name and the region are those of the bucket', () => {
    expect(stack.resolve(bucket.bucketName)).toEqual(stack.resolve(bucket.bucket.bucketRef.bucketName));
    expect(bucket.region).toBe('eu-west-1');
    expect(bucket.encryptionKey).toBeUndefined();
  });
});

test('the logical ids of what holds data never change, for a new one is a new and empty bucket', () => {
  const stack = newStack();
  new ModelBucket(stack, 'Bucket');
  const ids = stack.node.findAll().filter(s3.CfnBucket.isCfnBucket).concat(stack.node.findAll().filter(s3.CfnBucketPolicy.isCfnBucketPolicy) as any)
    .map(resource => [resource.node.path, stack.resolve(resource.logicalId)]);
  expect(Object.fromEntries(ids)).toEqual({
    'Models/Bucket/Resource': 'Bucket83908E77',
    'Models/Bucket/Policy': 'BucketPolicyE734B3B0',
    'Models/Bucket/AccessLogs/Resource': 'BucketAccessLogs0AA7ED48',
    'Models/Bucket/AccessLogs/Policy': 'BucketAccessLogsPolicy34D607E7',
  });
});

describe('properties', () => {
  test('a KMS key comes with bucket keys', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    synth({ encryptionKey }, stack).hasResourceProperties('AWS::S3::Bucket', {
      ...MODELS,
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: stack.resolve(encryptionKey.keyArn) },
        }],
      },
    });
  });

  test('the numbers of the lifecycle can be chosen', () => {
    synth({
      supersededVersions: 100,
      supersededRetention: Duration.days(1),
      abortIncompleteUploadsAfter: Duration.hours(48),
      intelligentTieringAfter: Duration.days(5),
    }).hasResourceProperties('AWS::S3::Bucket', {
      ...MODELS,
      LifecycleConfiguration: {
        Rules: [
          { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } },
          { NoncurrentVersionExpiration: { NewerNoncurrentVersions: 100, NoncurrentDays: 1 } },
          { Transitions: [{ TransitionInDays: 5 }] },
        ],
      },
    });
  });

  test.each<[ModelBucketProps, string]>([
    [{ supersededVersions: 0 }, 'supersededVersions is 0: give a whole number from 1 to 100'],
    [{ supersededVersions: 101 }, 'supersededVersions is 101: give a whole number from 1 to 100'],
    [{ supersededVersions: 1.5 }, 'supersededVersions is 1.5: give a whole number from 1 to 100'],
    [{ supersededRetention: Duration.days(0) }, 'supersededRetention is 0 days: S3 counts in whole days, give at least 1'],
    [{ abortIncompleteUploadsAfter: Duration.hours(12) }, 'abortIncompleteUploadsAfter is 12 hours: S3 counts in whole days, give at least 1'],
    [{ intelligentTieringAfter: Duration.hours(36) }, 'intelligentTieringAfter is 1 day 12 hours: S3 counts in whole days, give at least 0'],
    [{ supersededRetention: Duration.days(Lazy.number({ produce: () => 3 })) }, 'supersededRetention must be known at synth, got an unresolved token: pass Duration.days(30)'],
  ])('the lifecycle of %j is refused', (props, message) => {
    expect(() => synth(props)).toThrow(message);
  });

  test('EventBridge can be left out', () => {
    synth({ eventBridge: false }).hasResourceProperties('AWS::S3::Bucket', { ...MODELS, NotificationConfiguration: Match.absent() });
    synth({ eventBridge: true }).hasResourceProperties('AWS::S3::Bucket', { ...MODELS, NotificationConfiguration: Match.anyValue() });
  });

  test('everything can go with the stack', () => {
    const template = synth({ removalPolicy: RemovalPolicy.DESTROY });
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
    template.allResources('AWS::S3::BucketPolicy', { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
    expect(JSON.stringify(template.toJSON())).toContain('DenyOverwritingModels');
    expect(JSON.stringify(template.toJSON())).not.toContain('s3:DeleteObject'); // somebody must empty the bucket
  });

  test('statements can be added to the policy', () => {
    const stack = newStack();
    const bucket = new ModelBucket(stack, 'Bucket');
    bucket.addToResourcePolicy(new iam.PolicyStatement({ sid: 'Ours', actions: ['s3:GetObject'], resources: ['*'], principals: [new iam.AccountRootPrincipal()] }));
    Template.fromStack(stack).hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Sid: 'DenyOverwritingModels' }), Match.objectLike({ Sid: 'Ours' })]) },
    });
  });
});

describe('bucket name', () => {
  test.each(['abc', 'models.example', 'a-1', '000', 'a'.repeat(63)])('%j is taken, and known at synth', name => {
    const stack = newStack();
    const bucket = new ModelBucket(stack, 'Bucket', { bucketName: name });
    expect(bucket.bucketName).toBe(name);
    Template.fromStack(stack).hasResourceProperties('AWS::S3::Bucket', { ...MODELS, BucketName: name });
  });

  test.each([
    '', 'ab', 'a'.repeat(64), 'Models', 'a_b', '-ab', 'ab-', '.ab', 'a..b', 'a.-b', 'a-.b', 'a b', 'abc\n', 'abc/d', '192.168.5.4', 'xn--models', 'sthree-models', 'models-s3alias', 'models--ol-s3', '*',
  ])('%j is refused', name => {
    expect(() => synth({ bucketName: name })).toThrow(
      `bucket name '${name}' is not valid: use 3 to 63 lowercase letters, digits, '-' and '.', starting and ending with a letter or digit`,
    );
  });

  test.each([
    ['Lazy.string', () => Lazy.string({ produce: () => 'later' })],
    ['Fn.importValue', () => Fn.importValue('Name')],
    ['the value of a parameter', (stack: Stack) => new CfnParameter(stack, 'Name').valueAsString],
  ])('%s is refused', (_kind, token) => {
    const stack = newStack();
    const bucketName = token(stack);
    expect(() => synth({ bucketName }, stack)).toThrow(
      `bucket name must be known at synth, got an unresolved token (${bucketName}): manifests mention it; pass a literal string, or leave it out for a generated one`,
    );
  });
});

test('no warning comes without a reason', () => {
  const stack = newStack();
  new ModelBucket(stack, 'Bucket');
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});
