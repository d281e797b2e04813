import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** A model that is larger than one node, on a LeaderWorkerSet that exists as YAML. */
export class LeaderWorkerSetStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const identity = readers.associate({ namespace: 'serving', serviceAccount: 'llama' });
    const llama = ModelArtifact.of({ name: 'llama-3.1-405b', version: 'fp8-1', tenant: 'serving', size: Size.gibibytes(400) });

    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    const group = manifests.existing('deploy').workload('LeaderWorkerSet', 'llama'); // leader and worker alike: both templates get the model
    ModelDelivery.s3Download({ bucket: models }).deliver(llama).attach(group, { identity, containers: ['vllm'] });
  }
}
