import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import type { IModelBucket } from './model-bucket';
import { describeBucket, sameBucket } from './same-bucket';

/**
 * What S3 would refuse at deploy, or leave undone without a word.
 *
 * @param source that replicates
 * @param destination to be checked
 * @param others destinations before this one
 * @internal
 */
export function checkDestination(source: IModelBucket, destination: IModelBucket, others: IModelBucket[]): void {
  const name = describeBucket(destination);
  const refuse = (reason: string) => new Error(`bucket ${source.bucket.node.path} can't replicate to ${name}: ${reason}`);
  if (sameBucket(source, destination)) throw refuse('it is the same bucket, name another one');
  if (others.some(other => sameBucket(other, destination))) throw refuse('it is a destination already, name each once');
  if (Token.isUnresolved(destination.bucketName) && Stack.of(destination.bucket) !== Stack.of(source.bucket)) {
    throw refuse('it is in another stack and its name is known only after deploying: give it a bucketName');
  }
  const { account = source.account } = destination;
  if (account !== source.account && (Token.isUnresolved(account) || Token.isUnresolved(source.account))) {
    throw refuse("whether it is in the same account is known only after deploying: give both stacks an account in their env, or leave out the destination's account");
  }
  const [here, there] = [source.region, destination.region].map(region => Token.isUnresolved(region) ? undefined : RegionInfo.get(region).partition);
  if (here !== undefined && there !== undefined && here !== there) throw refuse(`it is in partition ${there}, this bucket in ${here}, and S3 replicates within a partition`);
  if (source.encryptionKey) {
    checkKeys(source, destination, refuse);
  } else if (destination.encryptionKey) {
    Annotations.of(source.bucket).addWarningV2('cdk-eks-model-artifacts:replicasWithoutKey',
      `what it replicates to ${name} is encrypted with keys of S3, as its source is, and not with the key of that bucket: give this bucket an encryptionKey`);
  }
}

function checkKeys(source: IModelBucket, destination: IModelBucket, refuse: (reason: string) => Error) {
  const key = destination.encryptionKey;
  if (!key) throw refuse("models are encrypted with a KMS key here and need one there: give it an encryptionKey of the destination's region");
  if (destination.bucketKeyEnabled === false) {
    throw refuse('replicas keep the S3 Bucket Keys of their source, which nobody could decrypt where bucketKeyEnabled is false: enable them there');
  }
  const { region } = key.env;
  if (![region, destination.region].some(Token.isUnresolved) && region !== destination.region) {
    throw refuse(`its encryptionKey is in ${region}, and a replica is encrypted with a key of the bucket's own region, ${destination.region}`);
  }
  if (!reachable(source, key)) {
    throw refuse('the ARN of its encryptionKey is known only after deploying, and the key is in another region or account: '
      + "take the key by its ARN with kms.Key.fromKeyArn, or, within one account, set crossRegionReferences in both stacks' props");
  }
}

/** CloudFormation can't refer to another region or account. */
function reachable(source: IModelBucket, key: kms.IKeyRef): boolean {
  if (!Token.isUnresolved(key.keyRef.keyArn)) return true;
  const { account, region } = Stack.of(source.bucket);
  const sameAccount = key.env.account === account;
  return sameAccount && (key.env.region === region || Stack.of(source.bucket)._crossRegionReferences === true);
}
