import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import {
  Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer, TrafficSplit,
} from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** Which versions are served, and how many of a hundred requests each gets. With 0 a server stays ready, and keeps its GPU. */
const VERSIONS = [
  { server: 'chat-a', version: '2026-10-01', weight: 90 },
  { server: 'chat-b', version: '2026-11-01', weight: 10 },
];

/** Two versions of a model side by side, each by a Deployment of its own. */
export class AbTestStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const identity = readers.associate({ namespace: 'serving', serviceAccount: 'chat' });
    const delivery = ModelDelivery.s3Download({ bucket: models });

    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    const backends = VERSIONS.map(({ server, version, weight }) => ({
      weight,
      server: new ModelServer(manifests, server, {
        identity,
        image: 'docker.io/vllm/vllm-openai:v0.11.0',
        engine: Engine.VLLM, // both answer to the name of the model, so that requests name no version
        gpus: 1,
        models: [delivery.deliver(ModelArtifact.of({ name: 'chat-8b', version, tenant: 'serving', size: Size.gibibytes(16) }))],
      }),
    }));
    new TrafficSplit(manifests, 'chat', { gateway: { name: 'public', namespace: 'infra' }, hostnames: ['chat.example.com'], backends });
  }
}
