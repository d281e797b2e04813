import { Duration, Size } from 'aws-cdk-lib';
import { image, predictorOf, serviceIn, warningIdsOf, warningsOf } from './fixture';
import { ModelDelivery, ModelVolume } from '../../lib/delivery';
import { DeploymentMode, KserveStorage, KserveStorageMount } from '../../lib/kserve';
import { Toleration } from '../../lib/workload';
import { model } from '../delivery/fixture';
import { Environment, refusal } from '../workload/fixture';

const RUN_AS = { user: 1000, group: 1000 };
const KNATIVE = { deploymentMode: DeploymentMode.KNATIVE };
const iris = () => model('iris', { size: Size.mebibytes(10) });

/** The flags that a warning names. */
const flagsOf = (...args: Parameters<typeof warningsOf>) => warningsOf(...args).flatMap(text => text.match(/(?<=')kubernetes\.[-a-z]+(?=')/g) ?? []);

test('OCI-31 the deadline is as long as the model may take', () => {
  const environment = new Environment();
  const props = { models: [environment.deliver(model('iris', { size: Size.gibibytes(16) }))], ...KNATIVE, minReplicas: 0, canaryTrafficPercent: 10 };
  const predictor = predictorOf(props, environment);
  expect(Number(/^(\d+)s$/.exec(predictor.annotations['serving.knative.dev/progress-deadline'])![1])).toBeGreaterThan(16 * 1024 / 20);
  expect(predictor).toMatchObject({ minReplicas: 0, canaryTrafficPercent: 10 });
});

test('OCI-31 a warning names the flags that its pods need', () => {
  const environment = new Environment();
  const props = { models: [environment.deliver(iris())], ...KNATIVE };
  expect(flagsOf(props, environment)).toEqual(['kubernetes.podspec-init-containers', 'kubernetes.podspec-securitycontext']);
  const mounted = [ModelDelivery.imageVolume({ image, facts: { kubernetesVersion: '1.35' } }).deliver(model('iris', { tenant: undefined }))];
  const where = { modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], nodeSelector: { pool: 'cpu' }, tolerations: [Toleration.exists('team')], priorityClassName: 'inference' };
  expect(warningIdsOf({ models: mounted, ...where, ...KNATIVE })).toEqual(['knativeFeatureFlags']);
  expect(flagsOf({ models: mounted, ...where, ...KNATIVE })).toEqual([
    'kubernetes.podspec-init-containers', 'kubernetes.podspec-nodeselector', 'kubernetes.podspec-priorityclassname', 'kubernetes.podspec-securitycontext',
    'kubernetes.podspec-tolerations', 'kubernetes.podspec-volumes-image',
  ]);
});

test('OCI-31 a claim that a model is downloaded to needs the flag for claims, and the one to write to them', () => {
  const environment = new Environment();
  const models = [ModelDelivery.s3Download({ bucket: environment.bucket, volume: ModelVolume.existingClaim('models') }).deliver(iris())];
  expect(flagsOf({ models, ...KNATIVE }, environment)).toEqual([
    'kubernetes.podspec-init-containers', 'kubernetes.podspec-persistent-volume-claim', 'kubernetes.podspec-persistent-volume-write', 'kubernetes.podspec-securitycontext',
  ]);
});

test('OCI-31 a native sidecar is refused, as no flag lets it pass', () => {
  const models = [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.34' } }).deliver(iris())];
  const props = { models, modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], runAs: RUN_AS };
  const message = refusal(() => predictorOf({ ...props, ...KNATIVE }));
  expect(message).toContain("service 'iris' has the native sidecar 'modelcar-iris', and Knative refuses restartPolicy, startupProbe and lifecycle of init containers");
  expect(message).toContain('ModelDelivery.ociCopy or imageVolume, or use DeploymentMode.STANDARD');
  expect(predictorOf({ ...props, deploymentMode: DeploymentMode.STANDARD }).initContainers).toHaveLength(3);
});

// https://github.com/knative/serving/blob/v0.48.1/pkg/apis/serving/k8s_validation.go: of several containers one must have ports
test('OCI-31 a container beside the runtime is refused, whoever adds it, but for what Knative does not see', () => {
  const models = [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.28' } }).deliver(iris())];
  const props = { models, modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], runAs: RUN_AS };
  expect(refusal(() => predictorOf({ ...props, ...KNATIVE }))).toContain("service 'iris' has container 'modelcar-iris' beside that of its runtime, and Knative then refuses pods of which no container has ports");
  expect(predictorOf(props).containers).toHaveLength(1);
  const storageUris = [{ storage: KserveStorage.oci(image), mountPath: '/mnt/a/base' }];
  const facts = { kserveVersion: '0.20' };
  expect(refusal(() => predictorOf({ storageUris, facts, ...KNATIVE }))).toContain("service 'iris' has container 'modelcar' beside that of its runtime");
  expect(predictorOf({ storageUris, facts }).storageUris).toHaveLength(1);
  expect(predictorOf({ storage: KserveStorage.oci(image), facts, ...KNATIVE }).model.storageUri).toMatch(/^oci:/);
});

test('OCI-31 an ephemeral volume is refused, as no flag lets it pass', () => {
  const environment = new Environment();
  const models = [ModelDelivery.s3Download({ bucket: environment.bucket, volume: ModelVolume.ephemeral({ storageClassName: 'gp3' }) }).deliver(iris())];
  expect(refusal(() => predictorOf({ models, ...KNATIVE }, environment))).toMatch(/has volume 'model-iris[^']*' of kind ephemeral, which Knative refuses, whatever its flags: use ModelVolume.disk/);
  expect(serviceIn(environment, { models }, 'standard').service.toJson().spec.predictor.volumes).toContainEqual(expect.objectContaining({ ephemeral: expect.anything() }));
});

describe('where KServe brings the model', () => {
  test('OCI-31 nobody knows how long that takes, so a deadline is asked for', () => {
    const props = { storage: KserveStorage.oci(image), ...KNATIVE };
    expect(warningIdsOf(props)).toContain('knativeProgressDeadline');
    expect(warningIdsOf({ ...props, progressDeadline: Duration.minutes(30) })).not.toContain('knativeProgressDeadline');
    expect(predictorOf({ ...props, progressDeadline: Duration.minutes(30) }).annotations['serving.knative.dev/progress-deadline']).toBe('1800s');
  });

  // https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/reconcilers/knative/ksvc_reconciler.go
  test('OCI-31 by storageUri, its webhook adds it to pods that Knative has passed already', () => {
    for (const storage of [KserveStorage.oci(image), KserveStorage.ociNative(image), KserveStorage.pvc('models', 'iris'), KserveStorage.of('hf://acme/iris')]) {
      expect(flagsOf({ storage, ...KNATIVE })).toEqual(['kubernetes.podspec-securitycontext']);
    }
  });

  test.each<[string, KserveStorageMount[], string[]]>([
    ['an image volume', [{ storage: KserveStorage.ociNative(image) }], ['securitycontext', 'volumes-image']],
    ['a claim', [{ storage: KserveStorage.pvc('models') }], ['persistent-volume-claim', 'persistent-volume-write', 'securitycontext']],
    ['its initializer', [{ storage: KserveStorage.of('hf://acme/iris') }], ['init-containers', 'securitycontext']],
  ])('OCI-31 by storageUris, its controller adds it before: %s', (_, storageUris, flags) => {
    expect(flagsOf({ storageUris, facts: { kserveVersion: '0.20' }, ...KNATIVE })).toEqual(flags.map(flag => `kubernetes.podspec-${flag}`));
  });
});

test('what only Knative reads is refused elsewhere', () => {
  const storage = KserveStorage.pvc('models');
  expect(refusal(() => predictorOf({ storage, canaryTrafficPercent: 10 }))).toContain('canaryTrafficPercent, which does nothing but on Knative');
  expect(refusal(() => predictorOf({ storage, progressDeadline: Duration.minutes(20) }))).toContain('progressDeadline, which does nothing but on Knative');
  expect(refusal(() => predictorOf({ storage, minReplicas: 0 }))).toContain('minReplicas');
});
