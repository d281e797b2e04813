import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { InferenceService, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** An InferenceService of KServe, whose model is downloaded and checked by ours instead of KServe's initializer. */
export class KserveS3Stack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });

    const llama = ModelArtifact.of({ name: 'llama-3-8b', version: '2026-11-01', tenant: 'serving', size: Size.gibibytes(16) });

    // AWS: as for any other workload
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const identity = readers.associate({ namespace: 'serving', serviceAccount: 'llama' });

    // Kubernetes: KServe's runtime for the format finds the model where it looks, /mnt/models
    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    new InferenceService(manifests, 'llama', {
      identity,
      modelFormat: { name: 'huggingface' },
      facts: { kserveVersion: '0.20' },
      args: ['--model_name=llama'],
      resources: { requests: { cpu: '4', memory: '24Gi' }, limits: { 'memory': '24Gi', 'nvidia.com/gpu': '1' } },
      models: [ModelDelivery.s3Download({ bucket: models }).deliver(llama)],
    });
  }
}
