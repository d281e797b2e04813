/** Attaches a model to the workloads in `deploy`, and writes components that do the same for the kinds that Kustomize patches. */
import * as path from 'node:path';
import { App, Size, Stack } from 'aws-cdk-lib';
import { KustomizeComponent, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, WorkloadIdentity } from '../../lib';
import { WORKLOADS } from '../../test/workload/existing-workloads';

const KUSTOMIZE_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'Pod'];

/** Files whose workload says its namespace, which a patch must say as well. */
const NAMESPACES: Record<string, string> = { 'tgi.yaml': 'serving' };

const app = new App();
const stack = new Stack(app, 'Attach', { env: { account: '111122223333', region: 'eu-west-1' } });
const bucket = ModelBucket.fromBucketName(stack, 'Models', 'acme-models');
const identity = WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'llama' });
const manifests = new ModelManifests(stack, 'Manifests', { target: ManifestTarget.directory('manifests') });
const existing = manifests.existing('deploy');
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const llama = ModelDelivery.s3Download({ bucket }).deliver(ModelArtifact.of({ name: 'llama', version: '1', tenant: 'serving', size: Size.gibibytes(16), digest }));

for (const [file, workloads] of Object.entries(WORKLOADS)) {
  for (const [kind, name, container] of workloads) {
    llama.attach(existing.workload(kind, name), { identity, containers: [container] });
    if (!KUSTOMIZE_KINDS.includes(kind)) continue;
    const workload = { kind, name, namespace: NAMESPACES[file] };
    const props = { workload, models: [llama], identity, containers: [container], includeServiceAccount: false };
    new KustomizeComponent(manifests, path.parse(file).name, props);
  }
}
app.synth();
