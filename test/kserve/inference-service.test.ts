import { Duration, Size } from 'aws-cdk-lib';
import { JsonPatch } from 'cdk8s';
import { image, MODEL_IMAGE, podSpecOf, predictorOf, serviceIn, warningsOf } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { ModelDelivery, ModelVolume, PodSecurity } from '../../lib/delivery';
import { DeploymentMode, InferenceService, KserveStorage } from '../../lib/kserve';
import { Toleration } from '../../lib/workload';
import { DIGEST, model } from '../delivery/fixture';
import { Environment, refusal } from '../workload/fixture';
import { restrictedViolations } from '../workload/pod-security';

const RUN_AS = { user: 1000, group: 1000 };
const iris = () => model('iris', { size: Size.mebibytes(10) });

test('the service is this one, and our verified download fills the path that runtimes of KServe read', () => {
  const environment = new Environment();
  const made = serviceIn(environment, { models: [environment.deliver(iris())] });
  const { spec: { predictor }, ...rest } = made.service.toJson();
  const { initContainers, ...others } = predictor;
  expect(rest).toEqual({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: 'iris',
      namespace: 'serving',
      labels: { 'app.kubernetes.io/name': 'inference-service', 'app.kubernetes.io/instance': 'iris' },
      annotations: { 'serving.kserve.io/deploymentMode': 'Standard' },
    },
  });
  expect(initContainers.map(({ name }: any) => name)).toEqual(['storage-initializer']);
  expect(others).toEqual({
    annotations: { 'cdk-eks-model-artifacts/models': `serving/iris@1 ${DIGEST}`, 'eks.amazonaws.com/skip-containers': 'kserve-container' },
    serviceAccountName: 'llama',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: expect.objectContaining({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }),
    volumes: expect.arrayContaining([{ name: expect.stringMatching(/^model-iris-/), emptyDir: { sizeLimit: '12Mi' } }]),
    model: {
      modelFormat: { name: 'sklearn' },
      storageUri: 'file:///mnt/models',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      resources: { requests: { 'ephemeral-storage': expect.stringMatching(/^\d+Mi$/) } },
      volumeMounts: [{ name: expect.stringMatching(/^model-iris-/), mountPath: '/mnt/models', subPath: 'models', readOnly: true }],
    },
  });
  expect(restrictedViolations(podSpecOf(predictor))).toEqual([]);
});

test('it is in a file of its own, with the service account beside it, once', () => {
  const environment = new Environment();
  serviceIn(environment, { models: [environment.deliver(iris())] });
  environment.server();
  environment.synth();
  expect(environment.names()).toEqual(expect.arrayContaining(['serving.iris.inferenceservice.yaml', 'serving.llama.serviceaccount.yaml']));
  expect(environment.documents().filter(({ kind }) => kind === 'ServiceAccount')).toHaveLength(1);
});

test('OCI-18 the service account has no annotation, as KServe reads those of S3 only beside one for IRSA, and nothing rests on them', () => {
  const environment = new Environment();
  serviceIn(environment, { models: [environment.deliver(iris())] });
  environment.synth();
  const [account] = environment.documents().filter(({ kind }) => kind === 'ServiceAccount');
  expect(account.metadata).not.toHaveProperty('annotations');
  const [download] = environment.documents().find(({ kind }) => kind === 'InferenceService').spec.predictor.initContainers;
  expect(JSON.stringify([download.args, download.env])).toContain('--region=eu-west-1');
});

test('what a service says goes where the resource has it', () => {
  const environment = new Environment();
  const predictor = predictorOf({
    models: [environment.deliver(iris())],
    modelFormat: { name: 'sklearn', version: '1' },
    runtime: 'kserve-sklearnserver',
    protocolVersion: 'v2',
    args: ['--workers=2'],
    env: { OMP_NUM_THREADS: '2' },
    resources: { requests: { cpu: '1' }, limits: { memory: '2Gi' } },
    runAs: RUN_AS,
    minReplicas: 1,
    maxReplicas: 3,
    nodeSelector: { pool: 'cpu' },
    tolerations: [Toleration.exists('team')],
    priorityClassName: 'inference',
  }, environment);
  expect(predictor).toMatchObject({ minReplicas: 1, maxReplicas: 3, nodeSelector: { pool: 'cpu' }, tolerations: [{ key: 'team', operator: 'Exists' }], priorityClassName: 'inference' });
  expect(predictor.securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000 });
  expect(predictor.model).toMatchObject({
    modelFormat: { name: 'sklearn', version: '1' },
    runtime: 'kserve-sklearnserver',
    protocolVersion: 'v2',
    args: ['--workers=2'],
    env: [{ name: 'OMP_NUM_THREADS', value: '2' }],
    resources: { requests: { 'cpu': '1', 'ephemeral-storage': expect.any(String) }, limits: { memory: '2Gi' } },
  });
  expect(predictor.model).not.toHaveProperty('name');
});

test('models after the first keep their paths, and the first goes where it is told', () => {
  const environment = new Environment();
  const models = [environment.deliver(iris()), environment.deliver(model('adapter'))];
  const paths = (modelPath?: string) => predictorOf({ models, modelPath }, new Environment({ stackId: `Serving${modelPath?.length ?? 0}` })).model.volumeMounts.map(({ mountPath }: any) => mountPath);
  expect(paths()).toEqual(['/mnt/models', '/mnt/adapter/models']);
  expect(paths('/models/iris')).toEqual(['/models/iris', '/mnt/adapter/models']);
  expect(predictorOf({ models: [environment.deliver(iris(), { path: '/opt/iris' })] }).model.volumeMounts[0].mountPath).toBe('/opt/iris');
});

test('a model that the identity may not read is refused at synth', () => {
  const environment = new Environment();
  serviceIn(environment, { models: [environment.deliver(model('iris', { tenant: 'nlp' }))] });
  expect(environment.refusal()).toContain("belongs to tenant 'nlp'");
});

test('a modelcar of ours goes into the predictor as well: sidecar, link and verification, under one user', () => {
  const models = [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.34' } }).deliver(iris())];
  const predictor = predictorOf({ models, modelPath: '/mnt/iris/models', args: ['--model_dir=/mnt/iris/models'], runAs: RUN_AS });
  expect(predictor.initContainers.map(({ name, restartPolicy }: any) => [name, restartPolicy])).toEqual([['storage-initializer', undefined], ['modelcar-iris', 'Always'], ['verify-iris', undefined]]);
  expect(predictor.shareProcessNamespace).toBe(true);
  expect(predictor).not.toHaveProperty('containers');
  expect(predictor.model.volumeMounts).toEqual([{ name: 'model-iris', mountPath: '/mnt/iris', readOnly: true }]);
  expect(restrictedViolations(podSpecOf(predictor))).toEqual([]);
  expect(refusal(() => predictorOf({ models, modelPath: '/mnt/iris/models' }))).toContain("container 'kserve-container'");
});

test('a modelcar that is an ordinary container is beside the runtime, in containers of the predictor', () => {
  const models = [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.28' }, runAs: RUN_AS }).deliver(iris())];
  expect(predictorOf({ models, modelPath: '/mnt/iris/models', runAs: RUN_AS }).containers.map(({ name }: any) => name)).toEqual(['modelcar-iris']);
});

test('KServe, which takes a service without storage for one of many models, is told that the model is there, and adds no initializer of its own', () => {
  const environment = new Environment();
  const predictor = predictorOf({ models: [environment.deliver(iris()), environment.deliver(model('adapter'))], modelPath: '/opt/iris' }, environment);
  expect(predictor.model.storageUri).toBe('file:///opt/iris');
  expect(predictor.initContainers.map(({ name }: any) => name)).toEqual(['storage-initializer']);
  const unchecked = [ModelDelivery.imageVolume({ image, check: false }).deliver(iris())];
  expect(refusal(() => predictorOf({ models: unchecked }))).toContain('let the delivery check the model');
});

test('models in memory need to know what the runtime takes', () => {
  const environment = new Environment();
  const models = [ModelDelivery.s3Download({ bucket: environment.bucket, volume: ModelVolume.memory() }).deliver(iris())];
  expect(refusal(() => predictorOf({ models }))).toContain('give resources with memory');
  const { requests, limits } = predictorOf({ models, resources: { limits: { memory: '1Gi' } } }).model.resources;
  expect([requests?.memory, limits.memory]).toEqual([undefined, '1036Mi']);
});

describe('auto', () => {
  const auto = (facts: any, props: any = {}) => predictorOf({ models: [ModelDelivery.auto({ image, facts }).deliver(iris())], ...props });
  const reason = (predictor: any) => predictor.annotations['cdk-eks-model-artifacts/delivery.iris'];

  test('OCI-26 where KServe\'s modelcar would break restricted, the pod has parts of ours, and an annotation says why', () => {
    const predictor = auto({ kubernetesVersion: '1.35', kserveVersion: '0.20' });
    expect(predictor.model.storageUri).toBe('file:///mnt/models');
    expect(predictor.volumes).toContainEqual({ name: expect.stringMatching(/^model-iris-/), image: { reference: MODEL_IMAGE, pullPolicy: 'IfNotPresent' } });
    expect(predictor.model.volumeMounts).toEqual([{ name: expect.stringMatching(/^model-iris-/), mountPath: '/mnt', readOnly: true }]);
    expect(reason(predictor)).toMatch(/^imageVolume: KServe's own modelcar breaks Pod Security restricted; /);
    // Image volumes pass since Kubernetes 1.33: https://github.com/kubernetes/kubernetes/pull/130394
    expect(restrictedViolations(podSpecOf({ ...predictor, volumes: [] }))).toEqual([]);
  });

  test('where KServe and containerd mount folders of images, KServe does, by an address that no configuration changes', () => {
    const predictor = auto({ kubernetesVersion: '1.35', containerdVersion: '2.2', kserveVersion: '0.20' });
    expect(predictor.model.storageUri).toBe(`oci+native://${MODEL_IMAGE}`);
    expect(reason(predictor)).toMatch(/^oci\+native: KServe 0\.20 mounts the image/);
    expect(predictor).not.toHaveProperty('initContainers');
    expect(predictor).not.toHaveProperty('volumes');
  });

  test('where the namespace lets it, KServe adds its modelcar', () => {
    const predictor = auto({ kubernetesVersion: '1.33', kserveVersion: '0.19', podSecurity: PodSecurity.BASELINE });
    expect(predictor.model.storageUri).toBe(`oci://${MODEL_IMAGE}`);
  });

  test('OCI-28 ONNX is never given a symbolic link', () => {
    const facts = { kubernetesVersion: '1.33', kserveVersion: '0.19', podSecurity: PodSecurity.BASELINE };
    const predictor = auto(facts, { modelFormat: { name: 'onnx' } });
    expect(reason(predictor)).toMatch(/^ociCopy: the application follows no symbolic link/);
    expect(predictor.initContainers.map(({ name }: any) => name)).toEqual(['storage-initializer']);
    expect(predictor.initContainers[0].image).toBe(MODEL_IMAGE);
    expect(auto({ ...facts, followsSymlinks: true }, { modelFormat: { name: 'onnx' } }).model.storageUri).toBe(`oci://${MODEL_IMAGE}`);
  });

  test('OCI-35 a modelcar whose volume would hide /mnt of the runtime becomes a copy, unless the model has a folder of its own', () => {
    const facts = { kubernetesVersion: '1.34', kserveVersion: '0.20' };
    expect(reason(auto(facts))).toMatch(/^ociCopy: .* so the model is copied/);
    const own = auto(facts, { modelPath: '/mnt/iris/models', runAs: RUN_AS });
    expect(reason(own)).toMatch(/^modelcar: /);
    expect(own.shareProcessNamespace).toBe(true);
  });

  test('facts of the service count beside those of the delivery', () => {
    expect(auto({ kubernetesVersion: '1.35' }, { facts: { containerdVersion: '2.2', kserveVersion: '0.20' } }).model.storageUri).toMatch(/^oci\+native:/);
  });

  test('a tenant\'s model that KServe brings is warned of as by any other way', () => {
    const models = [ModelDelivery.auto({ image, facts: { kubernetesVersion: '1.35', containerdVersion: '2.2', kserveVersion: '0.20' } }).deliver(iris())];
    expect(warningsOf({ models }).join()).toContain('modelImageReadableByNode');
  });
});

describe('Knative', () => {
  test('OCI-31 the deadline is as long as the model may take, and warnings name the flags that its pods need', () => {
    const environment = new Environment();
    const props = { models: [environment.deliver(model('iris', { size: Size.gibibytes(16) }))], deploymentMode: DeploymentMode.KNATIVE, minReplicas: 0, canaryTrafficPercent: 10 };
    const predictor = predictorOf(props, environment);
    expect(Number(/^(\d+)s$/.exec(predictor.annotations['serving.knative.dev/progress-deadline'])![1])).toBeGreaterThan(16 * 1024 / 20);
    expect(predictor).toMatchObject({ minReplicas: 0, canaryTrafficPercent: 10 });
    const other = new Environment();
    const warnings = warningsOf({ ...props, models: [other.deliver(iris())] }, other).join();
    expect(warnings).toContain('knativeFeatureFlags');
    expect(warnings).toContain("'kubernetes.podspec-init-containers', 'kubernetes.podspec-securitycontext'");
    expect(warnings).not.toContain('knativeProgressDeadline');
  });

  test('OCI-31 where KServe brings the model nobody knows how long that takes, so a deadline is asked for', () => {
    const props = { storage: KserveStorage.oci(image), deploymentMode: DeploymentMode.KNATIVE };
    expect(warningsOf(props).join()).toMatch(/knativeProgressDeadline/);
    expect(warningsOf(props).join()).toContain('kubernetes.podspec-shareprocessnamespace');
    expect(warningsOf({ ...props, progressDeadline: Duration.minutes(30) }).join()).not.toMatch(/knativeProgressDeadline/);
    expect(predictorOf({ ...props, progressDeadline: Duration.minutes(30) }).annotations['serving.knative.dev/progress-deadline']).toBe('1800s');
  });

  test('what only Knative reads is refused elsewhere', () => {
    const storage = KserveStorage.pvc('models');
    expect(refusal(() => predictorOf({ storage, canaryTrafficPercent: 10 }))).toContain('canaryTrafficPercent, which does nothing but on Knative');
    expect(refusal(() => predictorOf({ storage, progressDeadline: Duration.minutes(20) }))).toContain('progressDeadline, which does nothing but on Knative');
    expect(refusal(() => predictorOf({ storage, minReplicas: 0 }))).toContain('minReplicas');
  });
});

test('a name leaves room for what KServe adds', () => {
  const environment = new Environment();
  const storage = KserveStorage.pvc('models');
  serviceIn(environment, { storage }, 'a'.repeat(53));
  expect(refusal(() => serviceIn(environment, { storage }, 'b'.repeat(54)))).toContain('at most 53');
});

test('below a stack it is refused, as nobody would write it', () => {
  const environment = new Environment();
  expect(refusal(() => new InferenceService(environment.stack, 'iris', { identity: environment.identity, modelFormat: { name: 'sklearn' }, storage: KserveStorage.pvc('models') }))).toContain("service 'iris' is in the tree of the CDK app");
});

test('it works for pods that are nobody in AWS, and patches are applied last', () => {
  const identity = WorkloadIdentity.withoutRole({ namespace: 'kserve-test', serviceAccount: 'iris' });
  const environment = new Environment();
  const patches = [JsonPatch.add('/spec/predictor/timeout', 120)];
  const { metadata, spec } = serviceIn(environment, { identity, models: [ModelDelivery.ociCopy({ image }).deliver(model('iris', { tenant: undefined }))], patches }).service.toJson();
  expect(metadata.namespace).toBe('kserve-test');
  expect(spec.predictor.timeout).toBe(120);
});

test.each([
  [{ modelFormat: { name: '' } }, "modelFormat ''"],
  [{ runtime: 'No Runtime' }, 'name of a runtime'],
  [{ env: { PYTHONPATH: '/x' } }, 'PYTHONPATH, which KServe refuses'],
  [{ maxReplicas: 0 }, 'maxReplicas'],
  [{ modelPath: '/x/y' }, "modelPath '/x/y'"],
  [{ storage: undefined }, 'has no model'],
  [{ storageUris: [{ storage: KserveStorage.pvc('other') }] }, 'has storage and storageUris'],
])('%j is refused', (props: any, message) => {
  expect(refusal(() => predictorOf({ storage: KserveStorage.pvc('models'), ...props }))).toContain(message);
});
