import { Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** Which version is served is data: `current` in models.lock.json. */
export class RollbackStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const chat = ModelArtifact.fromLock('models.lock.json', { name: 'chat-8b', tenant: 'serving' });

    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });

    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    new ModelServer(manifests, 'chat', {
      identity: readers.associate({ namespace: 'serving', serviceAccount: 'chat' }),
      image: 'docker.io/vllm/vllm-openai:v0.11.0',
      engine: Engine.VLLM,
      gpus: 1,
      models: [ModelDelivery.s3Download({ bucket: models }).deliver(chat)],
    });
  }
}
