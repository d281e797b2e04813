import { Lazy, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { literal } from '../private/literal';

/**
 * The definition of a bucket in this app, through whatever construct it is known.
 * @internal
 */
export function bucketDefinition(bucket: s3.IBucketRef): s3.CfnBucket | undefined {
  const candidates = [bucket, bucket.node.defaultChild];
  return candidates.find((candidate): candidate is s3.CfnBucket => s3.CfnBucket.isCfnBucket(candidate));
}

/**
 * What the template will say of a bucket, property overrides included.
 * @internal
 */
export function bucketProperties(bucket: s3.CfnBucket): Record<string, any> {
  const fragment = Stack.of(bucket).resolve((bucket as any)._toCloudFormation());
  return Object.values<any>(fragment.Resources)[0].Properties ?? {};
}

/**
 * The name of a bucket: the literal where its definition has one, else what its reference says, which may be a token.
 * @internal
 */
export function bucketNameOf(bucket: s3.IBucketRef): string {
  const name = bucket.bucketRef.bucketName;
  if (!Token.isUnresolved(name)) return name;
  const defined = bucketDefinition(bucket)?.bucketName; // of an L2 bucket without a name it is a token that resolves to nothing
  return defined === undefined || Token.isUnresolved(defined) ? name : defined;
}

/**
 * The ARN of a bucket, for policies of whatever stack. From another region or account CDK would fetch it by Lambda functions or a role of that
 * account, and from another stack it would make that one come last, which is a circle where its tenant guard names a cluster or a role of this
 * one: a name that synth knows is taken literally there.
 * @internal
 */
export function bucketArnOf({ bucket, bucketName }: { bucket: s3.IBucketRef; bucketName: string }): string {
  const { bucketArn } = bucket.bucketRef;
  if (Token.isUnresolved(bucketName) || bucketDefinition(bucket) === undefined) return bucketArn;
  return Lazy.uncachedString({
    produce: ({ scope }) => {
      const stack = Stack.of(scope);
      return stack === Stack.of(bucket) ? bucketArn : `arn:${stack.partition}:s3:::${bucketName}`;
    },
  });
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 * @internal
 */
export function checkBucketName(name: string): string {
  if (name.startsWith('dummy-value-for-')) return name; // stands for what the CDK is about to look up
  literal(name, 'bucket name', 'manifests mention it; pass a literal string, or leave it out for a generated one');
  if (!/^[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]$/.test(name) || /\.\.|-\.|\.-|^\d+(\.\d+){3}$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)) {
    throw new Error(`bucket name '${name}' is not valid: use 3 to 63 lowercase letters, digits, '-' and '.', starting and ending with a letter or digit; no IP address, no '-' beside a '.', and no prefix or suffix that S3 reserves`);
  }
  return name;
}
