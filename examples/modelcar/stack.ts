import { ManifestTarget, ModelArtifact, ModelDelivery, ModelImage, ModelManifests, ModelServer, WorkloadIdentity } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** A modelcar in a pod of our own, which the server waits for. */
export class ModelcarManifests extends ModelManifests {
  constructor(scope: Construct, id: string) {
    super(scope, id, { target: ManifestTarget.directory('manifests') });

    const classifier = ModelArtifact.fromLock('models.lock.json', { name: 'classifier' });
    const image = ModelImage.fromLock('models.lock.json', { name: 'classifier' });

    new ModelServer(this, 'classifier', {
      identity: WorkloadIdentity.withoutRole({ namespace: 'serving', serviceAccount: 'classifier' }),
      image: 'registry.acme.internal/classifier:2.4.1',
      args: ['--model=/mnt/classifier/models'],
      port: 8080,
      models: [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.34' } }).deliver(classifier)],
    });
  }
}
