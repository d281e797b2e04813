import { CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { AccessLogs } from './access-logs';
import { addLateStatements, bucketPolicyStatements, deletionStatements, sizeErrors, writeOnceStatement } from './bucket-policy';
import { ExistingModelBucket } from './existing-bucket';
import { lifecycleErrors, modelLifecycle } from './lifecycle';
import { ModelBucketGrants } from './model-bucket-grants';
import { ExistingModelBucketOptions, ModelBucketProps, PrunerReference } from './model-bucket-props';
import { checkBucketName } from './names';
import { Replication } from './replication';
import { destinationKeyStatements, destinationStatements, Replica } from './replication-policies';
import { addTenantGuard, checkedTenantGuard, TenantGuardProps } from './tenant-guard';
import { checkRoleArn } from '../access/role-arn';

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

/**
 * A bucket for models: versioned, private, TLS 1.2, encrypted, logged. Its own policy makes what is below `models/`, `publishing/` and
 * `signatures/` write-once: a request that would overwrite or delete an object there is refused, whatever the permissions. A `ModelPruner` may
 * delete, and what `pruners` names.
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
   * The statement that lets nobody overwrite what is published, for the owner of a bucket that exists already to add to its policy. Who deletes
   * can put again: `deletionStatements` belong to it. Neither reaches models whose prefix was given.
   *
   * @param bucketArn ARN of that bucket
   */
  public static writeOnceStatement(bucketArn: string): iam.PolicyStatement {
    return writeOnceStatement(bucketArn);
  }

  /**
   * The statements that let nobody delete what is published but these pruners, for the owner of a bucket that exists already to add to its policy.
   * The first denies `s3:DeleteObject`, which makes a marker, the second `s3:DeleteObjectVersion`, which all but pruners that undo are denied. Those
   * that the policy has of these, by their `Sid`, are replaced: a second pair would deny to the pruners of the first. Not for a bucket that is a
   * `ModelBucket` elsewhere: that has `pruners`.
   *
   * @param bucketArn ARN of that bucket
   * @param pruners of all apps
   * @throws where one is not the ARN of a role
   */
  public static deletionStatements(bucketArn: string, pruners: PrunerReference[]): iam.PolicyStatement[] {
    pruners.forEach(({ roleArn }) => checkRoleArn('pruner', roleArn));
    return deletionStatements(bucketArn, pruners);
  }

  /**
   * The statements of a tenant guard by the grants made so far, for the owner of a bucket that exists already to add to its policy.
   *
   * @throws where a reader does not read the bucket, or an exception is not the ARN of a role
   */
  public static tenantGuardStatements(bucket: IModelBucket, props: TenantGuardProps): iam.PolicyStatement[] {
    return checkedTenantGuard(bucket, props);
  }

  public readonly bucket: s3.IBucketRef;
  public readonly bucketName: string;
  public readonly region: string;
  public readonly account?: string;
  public readonly encryptionKey?: kms.IKeyRef;
  public readonly bucketKeyEnabled?: boolean;
  public readonly grants: ModelBucketGrants;

  /**
   * Whether its policy names the pruners.
   * @internal
   */
  public readonly _deniesDeleting: boolean;

  private readonly policy: iam.PolicyDocument;
  private readonly replication?: Replication;

  /**
   * @throws where the name is not valid, a number of versions or days is out of bounds, or any of them is an unresolved token; where a pruner is not the
   * ARN of a role; where models can't be replicated to a destination
   */
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
    this.grants._prunedBy(props.pruners);
    this._deniesDeleting = props.removalPolicy !== RemovalPolicy.DESTROY;
    resource.loggingConfiguration = new AccessLogs(this, resource, props).configuration;

    this.policy = new iam.PolicyDocument({ statements: bucketPolicyStatements(resource.attrArn) });
    const policy = new s3.CfnBucketPolicy(this, 'Policy', { bucket: resource.ref, policyDocument: this.policy });
    if (this._deniesDeleting) {
      addLateStatements(policy, () => deletionStatements(resource.attrArn, this.grants._pruners()));
    }
    // A bucket that stays without its policy is one whose models can be overwritten.
    for (const kept of [resource, policy] as CfnResource[]) {
      kept.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    }
    this.node.addValidation({ validate: () => lifecycleErrors(resource) });
    policy.node.addValidation({ validate: () => sizeErrors(this, policy) });
    if (props.replicateTo?.length) {
      this.replication = new Replication(this, this, resource, props.replicateTo, props.replicationTimeControl ?? false);
      resource.replicationConfiguration = this.replication.configuration;
    } else if (props.replicationTimeControl) {
      throw new Error('replicationTimeControl is true, and there is nothing to replicate to: name buckets in replicateTo');
    }
  }

  /** Adds a statement to the policy of the bucket. */
  public addToResourcePolicy(statement: iam.PolicyStatement): void {
    this.policy.addStatements(statement);
  }

  /**
   * Denies to pods, whatever their own roles allow, to read what no reader role lets them read, and to do anything but read. A pod is whoever
   * has the session tags of EKS Pod Identity: people, CI and replication have none. Grants that are made later count.
   *
   * @throws where a reader does not read the bucket, an exception is not the ARN of a role, or there is a guard already; at synth, where the
   * policy of the bucket outgrows its 20 KB
   */
  public addTenantGuard(props: TenantGuardProps): void {
    addTenantGuard(this, this.node.findChild('Policy') as s3.CfnBucketPolicy, props);
  }

  /**
   * What the policy of a destination in another account must hold before models can be replicated to it; a `ModelBucket` of this app gets it by
   * itself. It is also in the file of owner policies.
   *
   * @param destination one of `replicateTo`
   * @returns nothing for a destination in this account
   * @throws where it is not one of `replicateTo`
   */
  public replicationStatements(destination: IModelBucket): iam.PolicyStatement[] {
    const { roleArn, replica } = this.replicaOf(destination);
    return destinationStatements(this.bucket, roleArn, replica);
  }

  /**
   * What the policy of the KMS key of a destination in another account must hold before models can be replicated to it.
   *
   * @param destination one of `replicateTo`
   * @returns nothing for a destination in this account, or where models are encrypted without a KMS key
   * @throws where it is not one of `replicateTo`
   */
  public replicationKeyStatements(destination: IModelBucket): iam.PolicyStatement[] {
    const { roleArn, replica } = this.replicaOf(destination);
    return destinationKeyStatements(this, roleArn, replica);
  }

  private replicaOf(destination: IModelBucket): { roleArn: string; replica: Replica } {
    const replica = this.replication?.replicas.find(({ bucket }) => bucket === destination);
    if (!this.replication || !replica) throw new Error(`${destination.bucket.node.path} is not a destination of ${this.node.path}: name it in replicateTo`);
    return { roleArn: this.replication.roleArn, replica };
  }
}
