import * as fs from 'node:fs';
import {
  InferenceService, KserveStorage, ManifestTarget, ModelArtifact, ModelcarConfiguration, ModelcarUser,
  ModelDelivery, ModelImage, ModelManifests, PodSecurity, WorkloadIdentity,
} from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** The service sklearn-iris of KServe's documentation, as it is there, and as this library has it. */
export class KserveModelcarManifests extends ModelManifests {
  constructor(scope: Construct, id: string) {
    super(scope, id, { target: ManifestTarget.directory('manifests') });
    const identity = WorkloadIdentity.withoutRole({ namespace: 'kserve-test', serviceAccount: 'sklearn-iris' });
    const facts = { kserveVersion: '0.20', kubernetesVersion: '1.35', nodeVersion: '1.35' };

    // As documented: KServe adds its modelcar, which a namespace with Pod Security restricted refuses
    new InferenceService(this, 'sklearn-iris-oci', {
      identity,
      modelFormat: { name: 'sklearn' },
      storage: KserveStorage.oci(ModelImage.of('rhuss/kserving-example-sklearn:1.0')),
      facts: { ...facts, podSecurity: PodSecurity.BASELINE },
    });

    // With an image of yours, pinned: restricted, checked before the runtime starts, and the reason for the way it comes is in an annotation
    const iris = ModelArtifact.fromLock('models.lock.json', { name: 'iris' });
    const image = ModelImage.fromLock('models.lock.json', { name: 'iris' });
    new InferenceService(this, 'sklearn-iris', {
      identity,
      modelFormat: { name: 'sklearn' },
      models: [ModelDelivery.auto({ image, facts }).deliver(iris)],
    });

    // What KServe itself is configured by: applied once, by whoever installs KServe
    const configuration = ModelcarConfiguration.of({ kserveVersion: '0.20', enabled: true, user: ModelcarUser.of(1000) });
    const installed = fs.readFileSync('kserve/inferenceservice-config.yaml', 'utf8');
    fs.writeFileSync('inferenceservice-config.yaml', configuration.applyToManifest(installed));
  }
}
