import { CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { AccessLogs } from './access-logs';
import { bucketPolicyStatements, writeOnceStatement } from './bucket-policy';
import { ExistingModelBucket } from './existing-bucket';
import { lifecycleErrors, modelLifecycle } from './lifecycle';
import { ModelBucketGrants } from './model-bucket-grants';
import { checkBucketName } from './names';

/** A bucket that holds published models: one of ours, or one that exists already. */
export interface IModelBucket {
  /** The bucket. */
  readonly bucket: s3.IBucketRef;

  /** Region of the bucket, which downloads must be told; may be a token in a stack without a region. */
  readonly region: string;

  /** The name of the bucket, a literal wherever synth can know it: manifests for a directory need that. */
  readonly bucketName: string;

  /**
   * The KMS key that encrypts the models.
   *
   * @default - keys managed by S3
   */
  readonly encryptionKey?: kms.IKeyRef;

  /**
   * Whether the key is used with S3 Bucket Keys: the encryption context of KMS is then the ARN of the bucket, else that of each object.
   *
   * @default true
   */
  readonly bucketKeyEnabled?: boolean;

  /**
   * Account of the bucket; may be a token in a stack without an account.
   *
   * @default - unknown, taken for that of the grantee
   */
  readonly account?: string;

  /** Grants on models in this bucket. */
  readonly grants: ModelBucketGrants;
}

/** What is known of a bucket that exists already. */
export interface ExistingModelBucketOptions {
  /**
   * Region of the bucket.
   *
   * @default - the region of the stack that the reference was made in
   */
  readonly region?: string;

  /**
   * Account of the bucket. For a bucket of another account, what its owner must add is reported.
   *
   * @default - the account that the reference says, which is that of its stack for a bucket known by its name
   */
  readonly account?: string;

  /**
   * The KMS key that encrypts the objects.
   *
   * @default - the key that the reference knows, as an `s3.Bucket` does; else keys managed by S3
   */
  readonly encryptionKey?: kms.IKeyRef;

  /**
   * Whether the objects were encrypted with S3 Bucket Keys. The encryption context of KMS is then the ARN of the bucket, else that of each
   * object, so an object that was encrypted the other way can't be read. Without them every download asks KMS once for each object: a
   * warning says so. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
   *
   * @default - what the definition says of a bucket in this app; true for any other
   */
  readonly bucketKeyEnabled?: boolean;
}

/** Properties of a model bucket. */
export interface ModelBucketProps {
  /**
   * Name of the bucket. Manifests that are written to a directory need it.
   *
   * @default - a name generated at deploy time, which no manifest in a directory can mention
   */
  readonly bucketName?: string;

  /**
   * A KMS key for the models, used with S3 Bucket Keys.
   *
   * @default - keys managed by S3 (SSE-S3)
   */
  readonly encryptionKey?: kms.IKeyRef;

  /**
   * A bucket of yours for server access logs. Its policy must let `logging.s3.amazonaws.com` put objects below `model-access-logs/`: a warning
   * says so, as we add nothing to a bucket that we did not create.
   *
   * @default - a bucket made for the logs, which keeps them for a year
   */
  readonly accessLogs?: s3.IBucketRef;

  /**
   * How many superseded versions of an object stay, beyond the current one, however old they are: 1 to 100.
   *
   * @default 3
   */
  readonly supersededVersions?: number;

  /**
   * How long every superseded version stays at least, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly supersededRetention?: Duration;

  /**
   * When incomplete multipart uploads are given up, in whole days.
   *
   * @default Duration.days(7)
   */
  readonly abortIncompleteUploadsAfter?: Duration;

  /**
   * When objects move to the storage class Intelligent-Tiering, in whole days; its archive tiers stay off, as a pod can't read from them.
   *
   * @default Duration.days(0)
   */
  readonly intelligentTieringAfter?: Duration;

  /**
   * Whether the bucket sends its events to Amazon EventBridge.
   *
   * @default true
   */
  readonly eventBridge?: boolean;

  /**
   * What becomes of the bucket and its policy when they leave the stack. `DESTROY` fails while the bucket holds anything.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE they stay, but go with a first deployment that fails, so that it can be tried again
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A bucket for models: versioned, private, TLS 1.2, encrypted, logged. Its own policy makes what is published below `models/` write-once: a
 * request that would overwrite an object there is refused, whatever the permissions. Deleting takes `s3:DeleteObject`, which no grant here gives.
 */
export class ModelBucket extends Construct implements IModelBucket {
  /**
   * A bucket that exists already, in this app or elsewhere. It gets no policy, lifecycle or notification of ours.
   *
   * A warning says that its policy does not refuse to overwrite models, unless its owner adds `writeOnceStatement`.
   *
   * @throws where the region or the account is not one; at synth, where it is defined in this app with lifecycle rules that would take published models away
   */
  public static fromBucket(bucket: s3.IBucketRef, options?: ExistingModelBucketOptions): IModelBucket {
    return new ExistingModelBucket(bucket, options ?? {});
  }

  /**
   * A bucket that exists already, of which the name is known: what takes the place of `new ModelBucket(scope, id, { bucketName })` where a stack
   * that was destroyed is deployed again, as the bucket stayed. Its models are where they were, and so is its policy.
   *
   * @param scope in the CDK app, such as a stack
   * @param id of the reference there
   * @param bucketName of the bucket; a token passes, though no manifest in a directory can mention it
   * @param options what else is known of it
   * @throws where the name, the region or the account is not valid
   */
  public static fromBucketName(scope: Construct, id: string, bucketName: string, options?: ExistingModelBucketOptions): IModelBucket {
    return ModelBucket.fromBucket(s3.Bucket.fromBucketName(scope, id, bucketName), options);
  }

  /**
   * The statement that makes published models write-once, for the owner of a bucket that exists already to add to its policy.
   *
   * @param bucketArn ARN of that bucket
   */
  public static writeOnceStatement(bucketArn: string): iam.PolicyStatement {
    return writeOnceStatement(bucketArn);
  }

  public readonly bucket: s3.IBucketRef;
  public readonly bucketName: string;
  public readonly region: string;
  public readonly account: string;
  public readonly encryptionKey?: kms.IKeyRef;
  public readonly bucketKeyEnabled?: boolean;
  public readonly grants: ModelBucketGrants;

  private readonly policy: iam.PolicyDocument;

  /** @throws where the name is not valid, a number of versions or days is out of bounds, or any of them is an unresolved token */
  constructor(scope: Construct, id: string, props: ModelBucketProps = {}) {
    super(scope, id);
    const bucketName = props.bucketName === undefined ? undefined : checkBucketName(props.bucketName);
    const resource = new s3.CfnBucket(this, 'Resource', {
      bucketName,
      versioningConfiguration: { status: 'Enabled' },
      ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
      publicAccessBlockConfiguration: { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      bucketEncryption: {
        serverSideEncryptionConfiguration: [
          props.encryptionKey
            ? { serverSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: props.encryptionKey.keyRef.keyArn }, bucketKeyEnabled: true }
            : { serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } },
        ],
      },
      lifecycleConfiguration: modelLifecycle(props),
      notificationConfiguration: props.eventBridge ?? true ? { eventBridgeConfiguration: { eventBridgeEnabled: true } } : undefined,
    });
    this.bucket = resource;
    this.bucketName = bucketName ?? resource.ref;
    this.region = Stack.of(this).region;
    this.account = Stack.of(this).account;
    this.encryptionKey = props.encryptionKey;
    this.bucketKeyEnabled = props.encryptionKey ? true : undefined;
    this.grants = ModelBucketGrants.forBucket(this);
    resource.loggingConfiguration = new AccessLogs(this, resource, props).configuration;

    this.policy = new iam.PolicyDocument({ statements: bucketPolicyStatements(resource.attrArn) });
    const policy = new s3.CfnBucketPolicy(this, 'Policy', { bucket: resource.ref, policyDocument: this.policy });
    // A bucket that stays without its policy is one whose models can be overwritten.
    for (const kept of [resource, policy] as CfnResource[]) {
      kept.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    }
    this.node.addValidation({ validate: () => lifecycleErrors(resource) });
  }

  /** Adds a statement to the policy of the bucket. */
  public addToResourcePolicy(statement: iam.PolicyStatement): void {
    this.policy.addStatements(statement);
  }
}
