import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelBucket, ModelBucketProps } from '../../lib/storage';

function newStack(): Stack {
  return new Stack(new App(), 'Models', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function synth(stack: Stack, props?: ModelBucketProps): Template {
  new ModelBucket(stack, 'Bucket', props);
  return Template.fromStack(stack);
}

const LOGS = 'BucketAccessLogs0AA7ED48';

describe('a bucket made for the logs', () => {
  const template = synth(newStack());

  test('takes the logs of the models below a prefix', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      LoggingConfiguration: { DestinationBucketName: { Ref: LOGS }, LogFilePrefix: 'model-access-logs/' },
    });
  });

  test('is private, encrypted, keeps logs for a year and logs nothing itself', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: Match.absent(),
      LoggingConfiguration: Match.absent(),
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      LifecycleConfiguration: { Rules: [{ Id: 'expire-logs', Status: 'Enabled', ExpirationInDays: 365 }] },
    });
  });

  test('lets S3 deliver from this account, and nobody over plain HTTP', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      Bucket: { Ref: LOGS },
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Sid: 'DenyPlainHttp', Effect: 'Deny' }),
          Match.objectLike({ Sid: 'DenyOldTls', Effect: 'Deny' }),
          {
            Sid: 'DeliverAccessLogs',
            Effect: 'Allow',
            Principal: { Service: 'logging.s3.amazonaws.com' },
            Action: 's3:PutObject',
            Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [LOGS, 'Arn'] }, '/model-access-logs/*']] },
            Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } },
          },
        ],
      },
    });
  });

  test('has its policy before the models name it as their destination', () => {
    template.hasResource('AWS::S3::Bucket', { Properties: { VersioningConfiguration: { Status: 'Enabled' } }, DependsOn: ['BucketAccessLogsPolicy34D607E7'] });
  });
});

test("a bucket of the user's takes the logs and gets nothing of ours, which a warning says", () => {
  const stack = newStack();
  const logs = new s3.Bucket(stack, 'Logs', { bucketName: 'logs-example' });
  const template = synth(stack, { accessLogs: logs });
  template.resourceCountIs('AWS::S3::Bucket', 2);
  template.resourceCountIs('AWS::S3::BucketPolicy', 1);
  template.hasResourceProperties('AWS::S3::Bucket', {
    VersioningConfiguration: { Status: 'Enabled' },
    LoggingConfiguration: { DestinationBucketName: stack.resolve(logs.bucketName), LogFilePrefix: 'model-access-logs/' },
  });
  Annotations.fromStack(stack).hasWarning('/Models/Bucket', Match.stringLikeRegexp(
    'must let logging\\.s3\\.amazonaws\\.com put objects below model-access-logs/.*\\[ack: cdk-eks-model-artifacts:accessLogsPolicy\\]',
  ));
});

test('an imported bucket for the logs is named in the warning', () => {
  const stack = newStack();
  synth(stack, { accessLogs: s3.Bucket.fromBucketName(stack, 'Logs', 'logs-example') });
  Annotations.fromStack(stack).hasWarning('/Models/Bucket', Match.stringLikeRegexp('the policy of bucket "logs-example" must let'));
});
