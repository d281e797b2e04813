import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** A Deployment that exists as YAML gets its model; the rest of the folder is written as it is. */
export class ExistingManifestsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const identity = readers.associate({ namespace: 'serving', serviceAccount: 'vllm' });
    const chat = ModelArtifact.of({ name: 'chat-8b', version: '2026-11-01', tenant: 'serving', size: Size.gibibytes(16) });

    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    const vllm = manifests.existing('deploy').workload('Deployment', 'vllm');
    ModelDelivery.s3Download({ bucket: models }).deliver(chat).attach(vllm, { identity, containers: ['vllm'] });
  }
}
