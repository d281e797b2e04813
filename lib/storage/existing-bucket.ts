import { Annotations, Token } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { lifecycleErrors } from './lifecycle';
import type { IModelBucket } from './model-bucket';
import { ModelBucketGrants } from './model-bucket-grants';
import { ExistingModelBucketOptions } from './model-bucket-props';
import { bucketDefinition, bucketNameOf, bucketProperties } from './names';

/**
 * A bucket that was there before: nothing is added to it.
 * @internal
 */
export class ExistingModelBucket implements IModelBucket {
  public readonly bucketName: string;
  public readonly region: string;
  public readonly account: string;
  public readonly encryptionKey?: kms.IKeyRef;
  public readonly grants: ModelBucketGrants;

  constructor(public readonly bucket: s3.IBucketRef, private readonly options: ExistingModelBucketOptions) {
    this.bucketName = bucketNameOf(bucket);
    this.region = options.region ?? bucket.env.region;
    this.account = options.account ?? bucket.env.account;
    this.encryptionKey = options.encryptionKey ?? (bucket as Partial<s3.IBucket>).encryptionKey;
    this.grants = ModelBucketGrants.forBucket(this);
    this.grants._prunedBy(options.pruners);
    if (isOther(options.region, /^[a-z]{2,4}(-[a-z]+)+-\d+$/)) {
      throw new Error(`region '${options.region}' is not one: give something like 'eu-west-1'`);
    }
    if (isOther(options.account, /^\d{12}$/)) {
      throw new Error(`account '${options.account}' is not one: give its 12 digits`);
    }
    const definition = bucketDefinition(bucket);
    if (definition) {
      definition.node.addValidation({ validate: () => lifecycleErrors(definition) });
    }
    if (!this._definedAsModelBucket) {
      Annotations.of(bucket).addWarningV2('cdk-eks-model-artifacts:bucketNotWriteOnce',
        'its policy is not known to refuse overwriting and deleting published models: let its owner add ModelBucket.writeOnceStatement(bucketArn) and deletionStatements(bucketArn, pruners), then acknowledge this; '
        + 'or say definedAsModelBucket where another app defines it as a ModelBucket');
    }
    if (this.encryptionKey && this.bucketKeyEnabled === false) {
      Annotations.of(bucket).addWarningV2('cdk-eks-model-artifacts:bucketKeyDisabled',
        'it does not use S3 Bucket Keys, so every download asks KMS once for each object, and KMS throttles: enable them and copy the objects, or acknowledge this');
    }
  }

  /**
   * Whether the policy of the bucket denies deleting by itself.
   * @internal
   */
  public get _definedAsModelBucket(): boolean {
    return this.options.definedAsModelBucket ?? false;
  }

  /** Said, or seen in the definition, which may change until the synth. */
  public get bucketKeyEnabled(): boolean | undefined {
    return this.options.bucketKeyEnabled ?? this.definedBucketKey();
  }

  private definedBucketKey(): boolean | undefined {
    const definition = bucketDefinition(this.bucket);
    const rule = definition && bucketProperties(definition).BucketEncryption?.ServerSideEncryptionConfiguration?.[0];
    return rule === undefined ? undefined : rule.BucketKeyEnabled ?? false;
  }
}

function isOther(value: string | undefined, pattern: RegExp): boolean {
  return value !== undefined && !Token.isUnresolved(value) && !pattern.test(value);
}
