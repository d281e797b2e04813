import { App, Fn, Size, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ModelReaderRole, WorkloadIdentity } from '../../lib/access';
import { DeliveredModel, DeliverOptions, ModelDelivery, PodFacts, PodParts, S3DownloadOptions } from '../../lib/delivery';
import { ModelArtifact, ModelArtifactProps } from '../../lib/model';
import { IModelBucket, ModelBucket } from '../../lib/storage';

export const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
export const ENV = { account: '111122223333', region: 'eu-west-1' };

/** A string that CDK knows only after deploying. */
export const UNKNOWN = Fn.importValue('known-later');

export function model(name = 'llama', props: Partial<ModelArtifactProps> = {}): ModelArtifact {
  return ModelArtifact.of({ name, version: '1', tenant: 'serving', size: Size.gibibytes(16), digest: DIGEST, ...props });
}

/** What a model server stands on: a cluster, a bucket, a reader role and an identity. */
export interface AwsSide {
  readonly stack: Stack;
  readonly bucket: ModelBucket;
  readonly readers: ModelReaderRole;
  readonly identity: WorkloadIdentity;
}

export function awsSide(scope: Construct = new App(), id = 'Serving', clusterName = 'inference'): AwsSide {
  const stack = new Stack(scope, id, { env: ENV });
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName });
  const bucket = new ModelBucket(stack, 'Models', { bucketName: 'acme-models' });
  const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [bucket] });
  return { stack, bucket, readers, identity: readers.associate({ namespace: 'serving', serviceAccount: 'llama' }) };
}

const buckets = new Stack(new App(), 'Buckets', { env: ENV });
let bucketCount = 0;

/** A bucket somewhere else. */
export function bucketIn(region: string, name: string): IModelBucket {
  return ModelBucket.fromBucket(s3.Bucket.fromBucketName(buckets, `Bucket${bucketCount++}`, name), { region });
}

/** A pod whose application asks for more than a downloader would. */
export const FACTS: PodFacts = {
  containers: ['server'],
  identity: WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'llama' }),
  requests: { cpu: '4', memory: '32Gi' },
};

/** From one bucket, unless sources are given. */
export function delivered(options: Partial<S3DownloadOptions> = {}, what = model(), how: DeliverOptions = {}): DeliveredModel {
  const from = options.sources ? {} : { bucket: bucketIn('eu-west-1', 'acme-models') };
  return ModelDelivery.s3Download({ ...from, ...options }).deliver(what, how);
}

export function bind(models: DeliveredModel[], facts: PodFacts = FACTS): PodParts {
  return models[0].delivery.strategy.bind(models, facts);
}

/** The arguments of the program, without its text. */
export function programArguments(container: any): string[] {
  return container.args.slice(1);
}
