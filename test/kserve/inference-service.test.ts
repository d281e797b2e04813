import { Size } from 'aws-cdk-lib';
import { JsonPatch } from 'cdk8s';
import { image, podSpecOf, predictorOf, serviceIn, warningIdsOf } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { ModelcarOrdering, ModelDelivery, ModelVolume } from '../../lib/delivery';
import { DeploymentMode, InferenceService, KserveStorage } from '../../lib/kserve';
import { ModelImage } from '../../lib/oci';
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
      annotations: { 'serving.kserve.io/deploymentMode': 'RawDeployment' },
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
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
      resources: { requests: { 'ephemeral-storage': expect.stringMatching(/^\d+Mi$/) } },
      volumeMounts: [{ name: expect.stringMatching(/^model-iris-/), mountPath: '/mnt/models', subPath: 'models', readOnly: true }],
    },
  });
  expect(restrictedViolations(podSpecOf(predictor))).toEqual([]);
});

// https://github.com/kserve/kserve/pull/4608: up to 0.15 another name is passed over for what the configuration says, which as shipped is Knative
test.each<[string | undefined, DeploymentMode | undefined, string]>([
  ['0.13', undefined, 'RawDeployment'],
  ['0.15', undefined, 'RawDeployment'],
  ['0.15.2', DeploymentMode.STANDARD, 'RawDeployment'],
  ['0.15', DeploymentMode.KNATIVE, 'Serverless'],
  ['0.16', undefined, 'Standard'],
  ['0.16.0', DeploymentMode.KNATIVE, 'Knative'],
  ['0.20', DeploymentMode.STANDARD, 'Standard'],
  ['1.0', DeploymentMode.KNATIVE, 'Knative'],
  [undefined, undefined, 'RawDeployment'],
  [undefined, DeploymentMode.KNATIVE, 'Serverless'],
])('OCI-31 KServe %s reads the mode %s as %s', (kserveVersion, deploymentMode, name) => {
  const { metadata } = serviceIn(new Environment(), { storage: KserveStorage.pvc('models'), facts: { kserveVersion }, deploymentMode }).service.toJson();
  expect(metadata.annotations).toEqual({ 'serving.kserve.io/deploymentMode': name });
});

test('OCI-15 an image in the pod that is not pinned is warned of', () => {
  const models = (reference: string) => [ModelDelivery.ociCopy({ image: ModelImage.of(reference) }).deliver(model('iris', { tenant: undefined }))];
  expect(warningIdsOf({ models: models('registry.example/iris:1') })).toEqual(['imageNotPinned']);
  expect(warningIdsOf({ models: models(image.reference) })).toEqual([]);
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
  const paths = (modelPath?: string) => predictorOf({ models, modelPath, args: [`--model_dir=${modelPath}`] }, new Environment({ stackId: `Serving${modelPath?.length ?? 0}` })).model.volumeMounts.map(({ mountPath }: any) => mountPath);
  expect(paths()).toEqual(['/mnt/models', '/mnt/adapter/models']);
  expect(paths('/models/iris')).toEqual(['/models/iris', '/mnt/adapter/models']);
  expect(predictorOf({ models: [environment.deliver(iris(), { path: '/opt/iris' })], args: ['/opt/iris'] }).model.volumeMounts[0].mountPath).toBe('/opt/iris');
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
  expect(refusal(() => predictorOf({ models, modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'] }))).toContain("container 'kserve-container'");
});

test('a modelcar that nothing is pulled before has its look at the model in the place of KServe\'s initializer, as that of a sidecar never ends', () => {
  const models = [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.34' }, ordering: ModelcarOrdering.NATIVE_SIDECAR }).deliver(iris())];
  expect(predictorOf({ models, modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], runAs: RUN_AS }).initContainers.map(({ name }: any) => name)).toEqual(['modelcar-iris', 'storage-initializer']);
});

test('a modelcar that is an ordinary container is beside the runtime, in containers of the predictor', () => {
  const models = [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.28' }, runAs: RUN_AS }).deliver(iris())];
  expect(predictorOf({ models, modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], runAs: RUN_AS }).containers.map(({ name }: any) => name)).toEqual(['modelcar-iris']);
});

test('KServe, which takes a service without storage for one of many models, is told that the model is there, and adds no initializer of its own', () => {
  const environment = new Environment();
  const predictor = predictorOf({ models: [environment.deliver(iris()), environment.deliver(model('adapter'))], modelPath: '/opt/iris', args: ['/opt/iris'] }, environment);
  expect(predictor.model.storageUri).toBe('file:///opt/iris');
  expect(predictor.initContainers.map(({ name }: any) => name)).toEqual(['storage-initializer']);
  const unchecked = [ModelDelivery.imageVolume({ image, check: false }).deliver(iris())];
  expect(refusal(() => predictorOf({ models: unchecked }))).toContain('let the delivery check the model');
});

test('an init container that goes by the name of KServe\'s is kept from credentials by that name', () => {
  const predictor = predictorOf({ models: [ModelDelivery.ociCopy({ image }).deliver(iris())] });
  expect(predictor.initContainers.map(({ name }: any) => name)).toEqual(['storage-initializer']);
  expect(predictor.annotations['eks.amazonaws.com/skip-containers']).toBe('kserve-container,storage-initializer');
});

test('of several init containers, each is kept from credentials by the name that it has', () => {
  const models = [ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.34' } }).deliver(iris())];
  const predictor = predictorOf({ models, modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], runAs: RUN_AS });
  expect(predictor.annotations['eks.amazonaws.com/skip-containers']).toBe('kserve-container,storage-initializer,modelcar-iris,verify-iris');
});

describe('a model at a path that runtimes of KServe do not read', () => {
  const models = () => [ModelDelivery.ociCopy({ image }).deliver(iris())];
  const at = (props: any) => predictorOf({ models: models(), modelPath: '/mnt/llama/models', ...props }).model.storageUri;

  test('is refused where nothing says it', () => {
    const message = "service 'iris' never mentions '/mnt/llama/models', where model serving/iris@1 is, and the runtimes of KServe read '/mnt/models': put the path into args, such as '--model_dir=/mnt/llama/models'";
    for (const props of [{}, { args: ['--model_dir=/mnt/llama'] }, { args: ['/mnt/llama/models-2'] }, { env: { MODELS: '/mnt/models' } }]) expect(refusal(() => at(props))).toContain(message);
    expect(refusal(() => predictorOf({ models: [ModelDelivery.ociCopy({ image }).deliver(iris(), { path: '/opt/iris' })] }))).toContain("never mentions '/opt/iris'");
  });

  test.each([
    ['args', { args: ['--model_dir=/mnt/llama/models'] }],
    ['a folder in args', { args: ['--model=/mnt/llama/models/7b'] }],
    ['env', { env: { MODEL_DIR: '/mnt/llama/models' } }],
    ['patches', { patches: [JsonPatch.add('/spec/predictor/model/command', ['serve', '/mnt/llama/models'])] }],
  ])('is taken where %s say it', (_, props) => {
    expect(at(props)).toBe('file:///mnt/llama/models');
  });

  test('need not be said where they read it', () => {
    expect(at({ modelPath: '/mnt/models' })).toBe('file:///mnt/models');
  });
});

test('models in memory need to know what the runtime takes', () => {
  const environment = new Environment();
  const models = [ModelDelivery.s3Download({ bucket: environment.bucket, volume: ModelVolume.memory() }).deliver(iris())];
  expect(refusal(() => predictorOf({ models }))).toContain('give resources with memory');
  const { requests, limits } = predictorOf({ models, resources: { limits: { memory: '1Gi' } } }).model.resources;
  expect([requests?.memory, limits.memory]).toEqual([undefined, '1036Mi']);
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
  [{ runAs: { user: -1, group: 0 } }, "user of runAs of service 'iris' is -1"],
  [{ runAs: { user: 1000, group: 0.5 } }, "group of runAs of service 'iris' is 0.5"],
  [{ storage: undefined }, 'has no model'],
  [{ storageUris: [{ storage: KserveStorage.pvc('other') }] }, 'has storage and storageUris'],
])('%j is refused', (props: any, message) => {
  expect(refusal(() => predictorOf({ storage: KserveStorage.pvc('models'), ...props }))).toContain(message);
});
