import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { InferenceService, InferenceServiceProps, KserveStorage, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelImage, ModelManifests, ModelReaderRole, PodSecurity } from '../../../lib';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** One service, of one model, by every way that there is. */
export class ServicesStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const bucket = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [bucket] });
    const identity = readers.associate({ namespace: 'models', serviceAccount: 'iris' });
    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    const iris = ModelArtifact.of({ name: 'iris', version: '1', tenant: 'models', size: Size.mebibytes(1), digest: DIGEST });
    const lora = ModelArtifact.of({ name: 'lora', version: '1', tenant: 'models', size: Size.mebibytes(1), digest: DIGEST });
    const image = ModelImage.of(`registry.example/iris@${DIGEST}`);
    const runAs = { user: 1000, group: 1000 };
    const service = (name: string, how: Partial<InferenceServiceProps>) => new InferenceService(manifests, name, { identity, modelFormat: { name: 'sklearn' }, ...how });

    service('kserve-oci', { storage: KserveStorage.oci(image) });
    service('kserve-oci-user', { storage: KserveStorage.oci(image), runAs });
    service('kserve-native', { storage: KserveStorage.ociNative(image) });
    service('kserve-s3', { storage: KserveStorage.s3(bucket, iris) });
    service('kserve-claim', { storage: KserveStorage.pvc('models', 'iris') });
    service('kserve-two', {
      facts: { kserveVersion: '0.20' },
      storageUris: [{ storage: KserveStorage.oci(image), mountPath: '/mnt/base/models' }, { storage: KserveStorage.oci(image), mountPath: '/mnt/lora/models' }],
    });
    service('ours-s3', { models: [ModelDelivery.s3Download({ bucket }).deliver(iris)] });
    service('ours-copy', { models: [ModelDelivery.ociCopy({ image }).deliver(iris)] });
    service('ours-root', { models: [ModelDelivery.ociCopy({ image }).deliver(iris)], runAs: { user: 0, group: 0 } });
    service('ours-image', { models: [ModelDelivery.imageVolume({ image }).deliver(iris)] });
    service('ours-modelcar', {
      models: [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.34' } }).deliver(iris)],
      modelPath: '/mnt/iris/models',
      args: ['--model_dir=/mnt/iris/models'],
      runAs,
    });

    // What the rule chooses, and what the library says of that version of KServe, must be what the version does.
    const auto = (facts: object) => ({ models: [ModelDelivery.auto({ image, facts }).deliver(iris)] });
    service('auto-native', auto({ kubernetesVersion: '1.35', containerdVersion: '2.2', kserveVersion: '0.20' }));
    service('auto-restricted', auto({ kubernetesVersion: '1.35', kserveVersion: '0.20' }));
    service('auto-old-restricted', auto({ kubernetesVersion: '1.34', kserveVersion: '0.20' }));
    service('auto-old-baseline', auto({ kubernetesVersion: '1.34', kserveVersion: '0.20', podSecurity: PodSecurity.BASELINE }));
    const facts = { kubernetesVersion: '1.35', kserveVersion: '0.20' };
    service('auto-two', {
      models: [
        ModelDelivery.auto({ image, facts }).deliver(iris),
        ModelDelivery.auto({ image: ModelImage.of(`registry.example/lora@${DIGEST}`), facts }).deliver(lora),
      ],
    });
  }
}
