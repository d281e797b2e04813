import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IModelBucket } from './model-bucket';

/** A role that may delete what is published. */
export interface PrunerReference {
  /** ARN of the role, as `ModelPruner` and its app say it: without a wildcard. */
  readonly roleArn: string;

  /**
   * Whether the policy of the bucket lets it delete versions too, as a `ModelPruner` with `undo: true` does to remove markers. Without it the role
   * deletes by markers alone.
   *
   * @default false
   */
  readonly undo?: boolean;
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

  /**
   * Whether another app defines the bucket as a `ModelBucket`, whose policy refuses already to overwrite and delete what is published. Its owner
   * is then asked to name a `ModelPruner` of this app in its `pruners`, and for no statements that deny.
   *
   * @default false
   */
  readonly definedAsModelBucket?: boolean;

  /**
   * Pruners of other apps, which the statements that this app asks of the owner let delete too: those statements replace what another app asked for.
   *
   * @default - the pruners of this app alone
   */
  readonly pruners?: PrunerReference[];
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
   * How many superseded versions of every object stay however old they are: 1 to 100. Those of a deleted object are among them, so with any
   * number the storage of a model that was pruned is never freed: a pruner of the bucket warns of it.
   *
   * @default - none: superseded versions go after `supersededRetention`
   */
  readonly supersededVersions?: number;

  /**
   * How long a superseded version stays, in whole days: the time that there is to undo a deletion, and after which its storage is freed.
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
   * Buckets that models are replicated to, in another region or account or both, or in this region. What is below `models/` is copied from the
   * deployment on, objects in any order; what was published before is not, and a deletion never is. A destination is versioned, has a literal
   * `bucketName` where it is in another stack, and an `encryptionKey` of its own region where this bucket has one. S3 does not replicate
   * replicas: name every destination here. https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
   *
   * @default - models are in this bucket alone
   */
  readonly replicateTo?: IModelBucket[];

  /**
   * Whether S3 replicates most objects within 15 minutes, for a price (S3 Replication Time Control).
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html
   *
   * @default false
   */
  readonly replicationTimeControl?: boolean;

  /**
   * Pruners of other apps, which the policy of the bucket lets delete. A `ModelPruner` of this app needs no mention. A role of another account must
   * be allowed to, besides, by statements that its app writes to a file.
   *
   * @default - the pruners of this app alone
   */
  readonly pruners?: PrunerReference[];

  /**
   * What becomes of the bucket and its policy when they leave the stack. `DESTROY` fails while the bucket holds anything; for it to be
   * emptied, its policy then denies no deletion to anybody.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE they stay, but go with a first deployment that fails, so that it can be tried again
   */
  readonly removalPolicy?: RemovalPolicy;
}
