import { Lazy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IModelBucket } from './model-bucket';
import type { PrunerReference } from './model-bucket-props';
import { ROOTS } from './roots';
import { describeBucket } from './same-bucket';
import { MAX_BUCKET_POLICY, policySize } from '../access/policy-size';

function deny(sid: string, actions: string[], resources: string[], conditions: Record<string, unknown>): iam.PolicyStatement {
  return new iam.PolicyStatement({ sid, effect: iam.Effect.DENY, principals: [new iam.AnyPrincipal()], actions, resources, conditions });
}

/**
 * No plain HTTP, and nothing below TLS 1.2.
 * @internal
 */
export function tlsStatements(bucketArn: string): iam.PolicyStatement[] {
  const everything = [bucketArn, `${bucketArn}/*`];
  return [
    deny('DenyPlainHttp', ['s3:*'], everything, { Bool: { 'aws:SecureTransport': 'false' } }),
    deny('DenyOldTls', ['s3:*'], everything, { NumericLessThan: { 's3:TlsVersion': '1.2' } }),
  ];
}

/** @internal */
export function writeOnceObjects(bucketArn: string): string[] {
  return ROOTS.map(root => `${bucketArn}/${root}*`);
}

/**
 * What is published is write-once: a request that would create an object there must say `If-None-Match: *`, which S3 answers with
 * 412 where the key exists. Creating a multipart upload and its parts can't carry that header and make no object; completing it does both.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 * @internal
 */
export function writeOnceStatement(bucketArn: string): iam.PolicyStatement {
  return deny('DenyOverwritingModels', ['s3:PutObject'], writeOnceObjects(bucketArn), {
    Null: { 's3:if-none-match': 'true' },
    Bool: { 's3:ObjectCreationOperation': 'true' },
  });
}

/**
 * Whoever deletes can put again, so write-once is worth what deleting takes. A marker hides an object until the marker is removed; a version
 * that is deleted is gone, and no condition key tells a marker from it. What the bucket's lifecycle rules delete asks no policy:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
 * @internal
 */
export function deletionStatements(bucketArn: string, pruners: PrunerReference[]): iam.PolicyStatement[] {
  const except = (those: PrunerReference[]) => those.length === 0 ? {}
    : { ArnNotEquals: { 'aws:PrincipalArn': [...new Set(those.map(({ roleArn }) => roleArn))] } };
  const objects = writeOnceObjects(bucketArn);
  return [
    deny('DenyDeletingModels', ['s3:DeleteObject'], objects, except(pruners)),
    deny('DenyDeletingVersions', ['s3:DeleteObjectVersion'], objects, except(pruners.filter(({ undo }) => undo))),
  ];
}

/**
 * Adds statements that are asked for at synth, when every grant is made.
 * @internal
 */
export function addLateStatements(policy: s3.CfnBucketPolicy, statements: () => iam.PolicyStatement[]): void {
  const own = policy.policyDocument;
  policy.policyDocument = Lazy.uncachedAny({
    produce: context => {
      const document = context.resolve(own);
      return { ...document, Statement: [...document.Statement, ...statements().map(statement => statement.toStatementJson())] };
    },
  });
}

/** @internal */
export function bucketPolicyStatements(bucketArn: string): iam.PolicyStatement[] {
  return [...tlsStatements(bucketArn), writeOnceStatement(bucketArn)];
}

/**
 * Why S3 would refuse the policy of a bucket: with its tenant guard, and with what owners of other roles asked for, it grows with tenants.
 * @internal
 */
export function sizeErrors(bucket: IModelBucket, policy: s3.CfnBucketPolicy): string[] {
  const size = policySize(policy, policy.policyDocument);
  return size <= MAX_BUCKET_POLICY ? [] : [
    `the policy of bucket '${describeBucket(bucket)}' has ${size} bytes, S3 takes ${MAX_BUCKET_POLICY}: `
    + 'give the bucket fewer tenants and explicit prefixes, as by a bucket for each group of tenants',
  ];
}
