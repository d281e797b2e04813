import { App, Size, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer } from 'cdk-eks-model-artifacts';

const app = new App();
const stack = new Stack(app, 'S3Download', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'inference' });

const llama = ModelArtifact.of({ name: 'llama-3-8b', version: '2026-11-01', tenant: 'serving', size: Size.gibibytes(16) });

// AWS: one bucket, one reader role for the cluster, whatever the number of models
const models = new ModelBucket(stack, 'Models', { bucketName: 'acme-models' });
const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [models] });
const identity = readers.associate({ namespace: 'serving', serviceAccount: 'llama' });

// Kubernetes: written by the same synth
const manifests = new ModelManifests(stack, 'Manifests', { target: ManifestTarget.directory('manifests') });
new ModelServer(manifests, 'llama', {
  identity,
  image: 'docker.io/vllm/vllm-openai:v0.11.0',
  engine: Engine.VLLM,
  gpus: 1,
  models: [ModelDelivery.s3Download({ bucket: models }).deliver(llama)],
});

app.synth();
