import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** Adapters, each published, pinned and rolled back like a model. */
const ADAPTERS = { sql: '2026-11-03', summaries: '2026-10-20' };

/** One model on one GPU, and LoRA adapters that are served beside it. */
export class LoraStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const delivery = ModelDelivery.s3Download({ bucket: models });

    const base = ModelArtifact.of({ name: 'llama-3-8b', version: '2026-11-01', tenant: 'serving', size: Size.gibibytes(16) });
    const adapters = Object.entries(ADAPTERS).map(([name, version]) => ModelArtifact.of({ name, version, tenant: 'serving', size: Size.mebibytes(200) }));

    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    new ModelServer(manifests, 'llama', {
      identity: readers.associate({ namespace: 'serving', serviceAccount: 'llama' }),
      image: 'docker.io/vllm/vllm-openai:v0.11.0',
      engine: Engine.VLLM,
      gpus: 1,
      models: [delivery.deliver(base)],
      adapters: adapters.map(adapter => delivery.deliver(adapter)),
      args: ['--max-lora-rank=64', '--max-loras=2'], // the largest rank among the adapters, and how many meet in one batch
    });
  }
}
