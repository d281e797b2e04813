import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

export class S3DownloadStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });

    const llama = ModelArtifact.of({ name: 'llama-3-8b', version: '2026-11-01', tenant: 'serving', size: Size.gibibytes(16) });

    // AWS: one bucket, one reader role for the cluster, whatever the number of models
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const identity = readers.associate({ namespace: 'serving', serviceAccount: 'llama' });

    // Kubernetes: written by the same synth
    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    new ModelServer(manifests, 'llama', {
      identity,
      image: 'docker.io/vllm/vllm-openai:v0.11.0',
      engine: Engine.VLLM,
      gpus: 1,
      models: [ModelDelivery.s3Download({ bucket: models }).deliver(llama)],
    });
  }
}
