import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import type { IModelBucket } from './model-bucket';
import { OwnerPolicy } from '../private/owner-policy';

/**
 * A bucket that models are replicated to.
 * @internal
 */
export interface Replica {
  readonly bucket: IModelBucket;
  readonly bucketArn: string;
  readonly otherAccount: boolean;
}

const OBJECT_ACTIONS = ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'];

/**
 * What the role of S3 may do: the documented minimum, below the prefix that is replicated.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
 * @internal
 */
export function replicationStatements(source: IModelBucket, sourceArn: string, replicas: Replica[]): iam.PolicyStatement[] {
  const statements = [
    new iam.PolicyStatement({ actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'], resources: [sourceArn] }),
    new iam.PolicyStatement({
      actions: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
      resources: [`${sourceArn}/models/*`],
    }),
    ...replicas.map(replica => new iam.PolicyStatement({ actions: objectActions(replica), resources: [`${replica.bucketArn}/models/*`] })),
  ];
  if (source.encryptionKey) {
    statements.push(keyStatement(source.bucket, source, sourceArn, ['kms:Decrypt']));
    statements.push(...replicas.map(replica => keyStatement(source.bucket, replica.bucket, replica.bucketArn, REPLICA_KEY_ACTIONS)));
  }
  return statements;
}

/**
 * What the policy of a destination in another account must hold.
 * @internal
 */
export function destinationStatements(source: IConstruct, roleArn: string, replica: Replica): iam.PolicyStatement[] {
  if (!replica.otherAccount) return [];
  const allow = (sid: string, actions: string[], resource: string) =>
    forRole(source, roleArn, new iam.PolicyStatement({ sid, actions, resources: [resource] }));
  return [
    allow('ReplicateModels', objectActions(replica), `${replica.bucketArn}/models/*`),
    allow('SeeVersioning', ['s3:GetBucketVersioning', 's3:ListBucket'], replica.bucketArn),
  ];
}

/**
 * What the policy of the key of a destination must hold, where the key is in another account.
 * @internal
 */
export function destinationKeyStatements(source: IModelBucket, roleArn: string, replica: Replica): iam.PolicyStatement[] {
  if (!replica.otherAccount || !source.encryptionKey || !replica.bucket.encryptionKey) return [];
  const statement = keyStatement(source.bucket, replica.bucket, replica.bucketArn, REPLICA_KEY_ACTIONS, ['*']); // in its own policy a key is '*'
  return [forRole(source.bucket, roleArn, statement)];
}

/** @internal */
export function destinationPolicies(source: IModelBucket, roleArn: string, replica: Replica): OwnerPolicy[] {
  const { bucket, bucketArn } = replica;
  return [
    { what: `policy of bucket ${bucket.bucketName}`, resourceArn: bucketArn, statements: destinationStatements(source.bucket, roleArn, replica) },
    ...bucket.encryptionKey
      ? [{ what: `policy of the key of bucket ${bucket.bucketName}`, resourceArn: bucket.encryptionKey.keyRef.keyArn, statements: destinationKeyStatements(source, roleArn, replica) }]
      : [],
  ];
}

/** Replicas keep the S3 Bucket Keys of their source, and those ask for `Decrypt` too. */
const REPLICA_KEY_ACTIONS = ['kms:Encrypt', 'kms:Decrypt'];

/** Only another account's bucket has an owner to hand replicas to. */
function objectActions({ otherAccount }: Replica): string[] {
  return otherAccount ? [...OBJECT_ACTIONS, 's3:ObjectOwnerOverrideToBucketOwner'] : OBJECT_ACTIONS;
}

function keyStatement(scope: IConstruct, models: IModelBucket, bucketArn: string, actions: string[],
  resources = [models.encryptionKey!.keyRef.keyArn]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions,
    resources,
    conditions: {
      StringEquals: {
        'kms:EncryptionContext:aws:s3:arn': bucketArn,
        'kms:ViaService': `s3.${models.region}.${Stack.of(scope).urlSuffix}`,
      },
    },
  });
}

/** The account for a principal: a policy that names a role directly is refused while there is none, and dies with it. */
function forRole(source: IConstruct, roleArn: string, statement: iam.PolicyStatement): iam.PolicyStatement {
  statement.addPrincipals(new iam.AccountPrincipal(Stack.of(source).account));
  statement.addConditions({ ArnEquals: { 'aws:PrincipalArn': roleArn } });
  return statement;
}
