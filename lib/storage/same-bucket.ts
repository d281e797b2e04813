import { Token } from 'aws-cdk-lib';
import type { IModelBucket } from './model-bucket';

/**
 * Whether two references are known to be to one bucket.
 * @internal
 */
export function sameBucket(a: IModelBucket, b: IModelBucket): boolean {
  return a === b || a.bucket === b.bucket || (a.bucketName === b.bucketName && !Token.isUnresolved(a.bucketName));
}

/**
 * What messages call a bucket.
 * @internal
 */
export function describeBucket(bucket: IModelBucket): string {
  return Token.isUnresolved(bucket.bucketName) ? bucket.bucket.node.path : bucket.bucketName;
}
