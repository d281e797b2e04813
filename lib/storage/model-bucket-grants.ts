import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SessionTag } from '../access/session-tag';
import { ModelArtifact } from '../model';
import type { IModelBucket } from './model-bucket';
import { checkTenant } from '../model/names';

/** Options of a grant by session tag. */
export interface SessionTagGrantOptions {
  /** ARNs of the clusters whose pods may read: the same namespace in another cluster may not. */
  readonly clusterArns: string[];
}

/** Options of a grant to publish. */
export interface PublishGrantOptions {
  /**
   * The tenants whose models may be published.
   *
   * @default - those of every tenant, and those for everybody; none where `shared` is true
   */
  readonly tenants?: string[];

  /**
   * Whether models for everybody may be published, beside those of the tenants that are named.
   *
   * @default - false where tenants are named
   */
  readonly shared?: boolean;
}

/** Grants on the models of a bucket: only what a download or an upload needs, never a listing, a deletion or a tag. */
export class ModelBucketGrants {
  /** The grants of a bucket. */
  public static forBucket(bucket: IModelBucket): ModelBucketGrants {
    return new ModelBucketGrants(bucket);
  }

  private constructor(private readonly models: IModelBucket) {}

  /** Lets the grantee read one version of one model. For pods there are reader roles; this is for everybody else. */
  public read(grantee: iam.IGrantable, model: ModelArtifact): iam.Grant {
    return this.grant(grantee, ['s3:GetObject'], [model.prefix]);
  }

  /**
   * Lets pods read by the value of a session tag: those under `models/<value of the tag>/`, and those for everybody under `models/_shared/`.
   * A session without that tag reads those for everybody, one without the tag of the cluster reads nothing.
   */
  public readBySessionTag(grantee: iam.IGrantable, tag: SessionTag, options: SessionTagGrantOptions): iam.Grant {
    return this.grant(grantee, ['s3:GetObject'], [`models/${tag.policyVariable}/`, 'models/_shared/'], {
      StringEquals: { [SessionTag.EKS_CLUSTER_ARN.principalTag]: options.clusterArns },
    });
  }

  /** Lets the grantee publish: put new objects and read them back. What is published already stays, for the bucket refuses to overwrite it. */
  public publish(grantee: iam.IGrantable, options: PublishGrantOptions = {}): iam.Grant {
    if (options.tenants?.length === 0) {
      throw new Error('tenants is empty: name the tenants, or leave it out for all of them');
    }
    const named = [...(options.tenants ?? []).map(tenant => `models/${checkTenant(tenant)}/`), ...options.shared ? ['models/_shared/'] : []];
    const prefixes = named.length > 0 ? named : ['models/'];
    return this.grant(grantee, ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'], prefixes, undefined, ['kms:Decrypt', 'kms:GenerateDataKey']);
  }

  /**
   * Grants actions below prefixes, each with its closing slash: without it, a grant for `team` would reach `team-a`.
   * @internal
   */
  public _read(grantee: iam.IGrantable, prefix: string, conditions: Record<string, Record<string, unknown>>): iam.Grant {
    return this.grant(grantee, ['s3:GetObject'], [prefix], conditions);
  }

  private grant(grantee: iam.IGrantable, actions: string[], prefixes: string[],
    conditions?: Record<string, Record<string, unknown>>, keyActions: string[] = ['kms:Decrypt']): iam.Grant {
    const { bucketArn } = this.models.bucket.bucketRef;
    const grant = iam.Grant.addToPrincipal({ grantee, actions, resourceArns: prefixes.map(prefix => `${bucketArn}/${prefix}*`), conditions });
    const key = this.models.encryptionKey;
    if (!key) return grant;

    // With S3 Bucket Keys the encryption context is the bucket's ARN, not the object's: so keys isolate buckets, not tenants.
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    const { urlSuffix } = Stack.of(this.models.bucket);
    return grant.combine(iam.Grant.addToPrincipal({
      grantee,
      actions: keyActions,
      resourceArns: [key.keyRef.keyArn],
      conditions: {
        ...conditions,
        StringEquals: {
          ...conditions?.StringEquals,
          'kms:EncryptionContext:aws:s3:arn': bucketArn,
          'kms:ViaService': `s3.${this.models.region}.${urlSuffix}`,
        },
      },
    }));
  }
}
