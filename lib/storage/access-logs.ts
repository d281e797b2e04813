import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { tlsStatements } from './bucket-policy';

/** A year of logs: long enough for a yearly audit. */
const LOG_RETENTION_DAYS = 365;

interface AccessLogsProps {
  readonly accessLogs?: s3.IBucketRef;
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Where the server access logs of a bucket go: to a bucket made for them, or to one of the user's, which then gets nothing of ours.
 * @internal
 */
export class AccessLogs extends Construct {
  public readonly configuration: s3.CfnBucket.LoggingConfigurationProperty;

  constructor(scope: Construct, source: s3.CfnBucket, props: AccessLogsProps) {
    super(scope, 'AccessLogs');
    const destination = props.accessLogs ?? this.ownBucket(source, props.removalPolicy);
    this.configuration = {
      destinationBucketName: destination.bucketRef.bucketName,
      logFilePrefix: 'model-access-logs/',
    };
    if (props.accessLogs) {
      Annotations.of(scope).addWarningV2('cdk-eks-model-artifacts:accessLogsPolicy',
        `the policy of bucket ${JSON.stringify(Stack.of(this).resolve(destination.bucketRef.bucketName))} must let logging.s3.amazonaws.com put objects `
        + 'below model-access-logs/: its owner adds that, as access logs that can\'t be delivered are dropped without a word');
    }
  }

  private ownBucket(source: s3.CfnBucket, removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE): s3.CfnBucket {
    const bucket = new s3.CfnBucket(this, 'Resource', {
      ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
      publicAccessBlockConfiguration: { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      bucketEncryption: { serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }] },
      lifecycleConfiguration: { rules: [{ id: 'expire-logs', status: 'Enabled', expirationInDays: LOG_RETENTION_DAYS }] },
    });
    const delivery = new iam.PolicyStatement({
      sid: 'DeliverAccessLogs',
      principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [`${bucket.attrArn}/model-access-logs/*`],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    });
    const policy = new s3.CfnBucketPolicy(this, 'Policy', {
      bucket: bucket.ref,
      policyDocument: new iam.PolicyDocument({ statements: [...tlsStatements(bucket.attrArn), delivery] }),
    });
    for (const kept of [bucket, policy]) kept.applyRemovalPolicy(removalPolicy);
    source.addResourceDependency(policy); // S3 refuses a logging target that does not let it write
    return bucket;
  }
}
