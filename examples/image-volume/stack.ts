import { ManifestTarget, ModelArtifact, ModelDelivery, ModelImage, ModelManifests, ModelServer, WorkloadIdentity } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** The image of a model as a volume: Kubernetes 1.35 and later. */
export class ImageVolumeManifests extends ModelManifests {
  constructor(scope: Construct, id: string) {
    super(scope, id, { target: ManifestTarget.directory('manifests') });

    const classifier = ModelArtifact.fromLock('models.lock.json', { name: 'classifier' });
    const image = ModelImage.fromLock('models.lock.json', { name: 'classifier' });

    new ModelServer(this, 'classifier', {
      identity: WorkloadIdentity.withoutRole({ namespace: 'serving', serviceAccount: 'classifier' }),
      image: 'registry.acme.internal/classifier:2.4.1',
      args: ['--model=/mnt/classifier/models'],
      port: 8080,
      models: [ModelDelivery.imageVolume({ image, facts: { kubernetesVersion: '1.35' } }).deliver(classifier)],
    });
  }
}
