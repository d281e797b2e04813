import { delivered, DIGEST, FACTS, model } from './fixture';
import { AttachOptions, DeliveredModel, InitContainerPosition, ModelVolume } from '../../lib/delivery';
import { Attached, withModels } from '../../lib/delivery/attached-workload';
import { bindModels } from '../../lib/delivery/bind-models';
import { modelsAnnotation } from '../../lib/delivery/models-annotation';
import { SKIP_CONTAINERS } from '../../lib/delivery/pod-template';
import { refuseOtherRole } from '../../lib/delivery/service-account-clash';

const IDENTITY = FACTS.identity!;

function deployment(spec: any = {}, more: any = {}, metadata: any = undefined): any {
  const template = { ...metadata ? { metadata } : {}, spec: { containers: [{ name: 'vllm', image: 'vllm:1' }], ...spec } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'vllm', namespace: 'serving' }, spec: { ...more, template } };
}

/** What attaching makes of an object of a file. */
function attach(object: any, models: DeliveredModel[] = [delivered()], options: AttachOptions & Partial<Attached> = {}) {
  const { withholdCredentials = false } = options;
  const frozen = JSON.stringify(object);
  const result = withModels(object, {
    templates: ['spec.template'],
    recorded: true,
    identity: IDENTITY,
    bind: (containers, requests) => [
      ...bindModels(models, { identity: IDENTITY, containers, requests, withholdCredentials }),
      { annotations: modelsAnnotation(models) },
    ],
    warn: (id, text) => { throw new Error(`${id}: ${text}`); },
    position: options.initContainerPosition,
    ...options,
  });
  expect(JSON.stringify(object)).toBe(frozen);
  const template = result.spec.template;
  return { object: result, template, pod: template?.spec };
}

const names = (containers: any[]) => containers.map(({ name }) => name);
const sidecar = (name: string) => ({ name, image: name, restartPolicy: 'Always' });
const step = (name: string) => ({ name, image: name });

describe('where init containers come', () => {
  const order = (initContainers: any, initContainerPosition?: InitContainerPosition, models?: DeliveredModel[]) =>
    names(attach(deployment({ initContainers }), models, { initContainerPosition }).pod.initContainers);

  test('first', () => {
    expect(order([step('migrate'), step('warm')])).toEqual(['download-llama', 'migrate', 'warm']);
    expect(order(undefined)).toEqual(['download-llama']);
    expect(order(null)).toEqual(['download-llama']);
  });

  test('but after those that go on, right after the last', () => {
    expect(order([sidecar('proxy'), step('migrate'), sidecar('logs'), step('warm')])).toEqual(['proxy', 'migrate', 'logs', 'download-llama', 'warm']);
  });

  test('several keep their order', () => {
    expect(order([sidecar('proxy'), step('warm')], undefined, [delivered(), delivered({ parallelFiles: 8 }, model('bert'))])).toEqual(['proxy', 'download-llama', 'download-bert', 'warm']);
  });

  test('where they are wanted', () => {
    const present = [sidecar('proxy'), step('migrate'), step('warm')];
    expect(order(present, InitContainerPosition.first())).toEqual(['download-llama', 'proxy', 'migrate', 'warm']);
    expect(order(present, InitContainerPosition.before('warm'))).toEqual(['proxy', 'migrate', 'download-llama', 'warm']);
    expect(order(present, InitContainerPosition.after('warm'))).toEqual(['proxy', 'migrate', 'warm', 'download-llama']);
  });

  test.each([InitContainerPosition.before('other'), InitContainerPosition.after('other')])('and nowhere beside one that is not there', position => {
    expect(() => order([step('migrate')], position)).toThrow("init container 'other' is not in the workload, which has migrate: name one of these, or leave the position out");
    expect(() => order(undefined, position)).toThrow("init container 'other' is not in the workload, which has none");
  });
});

describe('what is there stays', () => {
  test('volumes, mounts, annotations and security contexts, and what is written as null', () => {
    const { object, pod, template } = attach(deployment({
      securityContext: { runAsUser: 1000, fsGroup: 77 },
      volumes: [{ name: 'cache', emptyDir: {} }],
      imagePullSecrets: null,
      containers: [
        { name: 'vllm', volumeMounts: [{ name: 'cache', mountPath: '/cache' }], securityContext: { privileged: true }, resources: { requests: null } },
        { name: 'proxy', volumeMounts: null },
      ],
    }, { replicas: 3 }, { labels: { app: 'x' }, annotations: { mine: 'yes' } }), [delivered()], { containers: ['vllm'] });
    expect(object.spec.replicas).toBe(3);
    expect(template.metadata).toMatchObject({ labels: { app: 'x' }, annotations: { mine: 'yes' } });
    expect(pod.securityContext).toEqual({ runAsUser: 1000, fsGroup: 77 });
    expect(names(pod.volumes)).toEqual(['cache', 'model-llama', 'model-download-work', 'model-download-token']);
    expect(pod.containers[0].volumeMounts.map(({ mountPath }: any) => mountPath)).toEqual(['/cache', '/mnt/llama/models']);
    expect(pod.containers[0].securityContext).toEqual({ privileged: true });
    expect(pod.containers[1]).toEqual({ name: 'proxy', volumeMounts: null });
    expect(pod.imagePullSecrets).toBeNull();
  });

  test('lists that are null', () => {
    const { pod, template } = attach(deployment({ volumes: null, initContainers: null, securityContext: null, containers: [{ name: 'vllm', volumeMounts: null, resources: null }] }, {}, { annotations: null }), [delivered({ volume: ModelVolume.existingClaim('weights') })]);
    expect(names(pod.volumes)).toEqual(['models-weights', 'model-download-work', 'model-download-token']);
    expect(pod.securityContext).toEqual({ fsGroup: 65532, fsGroupChangePolicy: 'OnRootMismatch' });
    expect(Object.keys(template.metadata.annotations)).toEqual(['cdk-eks-model-artifacts/models', 'cdk-eks-model-artifacts/attached']);
  });

  test('credentials are withheld only on request', () => {
    expect(attach(deployment()).template.metadata.annotations).not.toHaveProperty([SKIP_CONTAINERS]);
    expect(attach(deployment(), undefined, { withholdCredentials: true }).template.metadata.annotations[SKIP_CONTAINERS]).toBe('vllm');
  });
});

describe('what is attached to what came out', () => {
  const INPUTS: Record<string, any> = {
    'a small Deployment': deployment(),
    'one with everything': deployment({
      serviceAccountName: 'llama',
      initContainers: [sidecar('proxy'), step('migrate')],
      containers: [{ name: 'vllm', resources: { limits: { 'memory': '24Gi', 'ephemeral-storage': '10Gi' }, requests: { 'cpu': '2', 'memory': '20Gi', 'ephemeral-storage': '1500M' } }, volumeMounts: [{ name: 'cache', mountPath: '/cache' }] }, { name: 'proxy2' }],
      volumes: [{ name: 'cache', emptyDir: {} }],
      securityContext: { runAsUser: 1000, fsGroupChangePolicy: 'Always' },
    }, { progressDeadlineSeconds: 60 }, { annotations: { mine: 'yes', [SKIP_CONTAINERS]: 'proxy2' } }),
    'one with empty lists': deployment({ volumes: [], initContainers: [], securityContext: {}, containers: [{ name: 'vllm', resources: {}, volumeMounts: [] }] }, {}, { annotations: {} }),
  };
  const VOLUMES = { disk: undefined, memory: ModelVolume.memory(), claim: ModelVolume.existingClaim('weights') };
  const cases = Object.keys(INPUTS).flatMap(input => Object.keys(VOLUMES).map(volume => [input, volume] as const));

  test.each(cases)('%s, %s: twice equals once', (input, volume) => {
    const models = [delivered({ volume: (VOLUMES as any)[volume] })];
    const once = attach(INPUTS[input], models, { withholdCredentials: true }).object;
    expect(attach(once, models, { withholdCredentials: true }).object).toEqual(once);
  });

  test.each(cases)('%s, %s: another model takes its place', (input, volume) => {
    const options = { volume: (VOLUMES as any)[volume] };
    const next = [delivered(options, model('bert', { version: '2' }))];
    const replaced = attach(attach(INPUTS[input], [delivered(options)], { withholdCredentials: true }).object, next);
    expect(JSON.stringify(replaced.object)).not.toContain('llama@1');
    expect(names(replaced.pod.initContainers).filter(name => name.startsWith('download'))).toEqual(['download-bert']);
    const fresh = attach(INPUTS[input], next);
    const mounts = ({ containers }: any) => containers.map(({ volumeMounts }: any) => volumeMounts);
    expect(mounts(replaced.pod)).toEqual(mounts(fresh.pod));
    expect(replaced.pod.volumes).toEqual(fresh.pod.volumes);
    expect(replaced.template.metadata.annotations['cdk-eks-model-artifacts/models']).toBe(`serving/bert@2 ${DIGEST}`);
    expect(replaced.object.spec.progressDeadlineSeconds).toBe(fresh.object.spec.progressDeadlineSeconds);
  });

  test('disk and time are not asked for twice', () => {
    const once = attach(deployment()).object;
    const { object, pod } = attach(once);
    expect(pod.containers[0].resources).toEqual({ requests: { 'ephemeral-storage': '19661Mi' } });
    expect(object.spec.progressDeadlineSeconds).toBe(600 + 300 + 820);
  });

  test('what was changed in between counts', () => {
    const once = structuredClone(attach(deployment({ containers: [{ name: 'vllm', resources: { requests: { 'ephemeral-storage': '1Gi' } } }] })).object);
    once.spec.template.spec.containers[0].resources.requests['ephemeral-storage'] = '30Gi';
    once.spec.progressDeadlineSeconds += 100;
    const { object, pod } = attach(once, [delivered({ volume: ModelVolume.existingClaim('weights') })]);
    expect(pod.containers[0].resources).toEqual({ requests: { 'ephemeral-storage': `${30 * 1024 - 19661}Mi` } });
    expect(object.spec.progressDeadlineSeconds).toBe(700 + 300 + 820);
  });

  test('models of which nothing says what belongs to them are refused', () => {
    const once = structuredClone(attach(deployment()).object);
    delete once.spec.template.metadata.annotations['cdk-eks-model-artifacts/attached'];
    expect(() => attach(once)).toThrow(`the pods have models already, annotation 'cdk-eks-model-artifacts/models': 'serving/llama@1 ${DIGEST}': attach to the manifests as they were before`);
  });

  test.each(['a volume', 'annotations'])('models are refused that the volumes give away alone, without %s', what => {
    const once = structuredClone(attach(deployment()).object);
    once.spec.template.metadata.annotations = {};
    if (what === 'a volume') once.spec.template.spec.volumes = [{ name: 'model-download-work', emptyDir: {} }];
    expect(() => attach(once, [delivered({}, model('bert'))])).toThrow("the pods have models already, volume 'model-download-work': attach to the manifests as they were before");
  });

  describe('a container that had the model and is there no more is refused', () => {
    const GONE = "container 'vllm', which had the model, is not there any more: attach to the manifests as they were before";

    test.each([['the same model', model()], ['another', model('bert')]])('for %s', (_, next) => {
      const once = structuredClone(attach(deployment()).object);
      once.spec.template.spec.containers[0].name = 'chat';
      expect(() => attach(once, [delivered({}, next)])).toThrow(GONE);
    });

    test('though it was not the first, which asks for the room', () => {
      const once = structuredClone(attach(deployment({ containers: [{ name: 'main' }, { name: 'vllm' }] })).object);
      once.spec.template.spec.containers.pop();
      expect(() => attach(once)).toThrow(GONE);
    });
  });

  test.each(['containers', 'initContainers'])("a mount of somebody's among %s stays with its volume, and is refused without it", list => {
    const once = structuredClone(attach(deployment({ initContainers: [step('warm')], containers: [{ name: 'vllm' }, { name: 'side' }] }), undefined, { containers: ['vllm'] }).object);
    once.spec.template.spec[list][1].volumeMounts = [{ name: 'model-llama', mountPath: '/x' }];
    const name = once.spec.template.spec[list][1].name;
    expect(attach(once, undefined, { containers: ['vllm'] }).object).toEqual(once);
    expect(() => attach(once, [delivered({}, model('bert'))], { containers: ['vllm'] }))
      .toThrow(`container '${name}' mounts volume 'model-llama' at '/x', which an earlier model had and which is not there any more: remove the mount`);
  });

  test('another service account, and another group, are no longer ours to take away', () => {
    const claim = [delivered({ volume: ModelVolume.existingClaim('weights') })];
    const once = structuredClone(attach(deployment(), claim).object);
    once.spec.template.spec.securityContext.fsGroup = 1000;
    expect(attach(once, claim).pod.securityContext).toEqual({ fsGroup: 1000 });
    once.spec.template.spec.serviceAccountName = 'other';
    expect(() => attach(once, claim)).toThrow("the workload has service account 'other', and its identity is 'llama'");
  });

  test('a mount is ours in another spelling, too', () => {
    const once = structuredClone(attach(deployment()).object);
    once.spec.template.spec.containers[0].volumeMounts[0].mountPath = '/mnt//llama/models/';
    expect(attach(once).pod.containers[0].volumeMounts).toEqual([expect.objectContaining({ name: 'model-llama', mountPath: '/mnt/llama/models' })]);
  });

  test.each(['no JSON', '{}', '{"initContainers":"all"}', 'null', '[]'])('a record that was changed is refused: %s', record => {
    const once = structuredClone(attach(deployment()).object);
    once.spec.template.metadata.annotations['cdk-eks-model-artifacts/attached'] = record;
    expect(() => attach(once)).toThrow("annotation 'cdk-eks-model-artifacts/attached' of the pods, which says what was attached before, can't be read: attach to the manifests as they were before");
  });
});

describe('several pod templates', () => {
  const ray = () => ({
    apiVersion: 'ray.io/v1',
    kind: 'RayCluster',
    metadata: { name: 'ray' },
    spec: {
      headGroupSpec: { template: { spec: { containers: [{ name: 'ray-head' }] } } },
      workerGroupSpecs: [{ groupName: 'a', template: { spec: { containers: [{ name: 'ray-worker' }] } } }, { groupName: 'b', template: { spec: { containers: [{ name: 'ray-worker' }, { name: 'logs' }] } } }],
    },
  });
  const paths = { templates: ['spec.headGroupSpec.template', 'spec.workerGroupSpecs[*].template'] };

  test('each gets the model', () => {
    const { spec } = attach(ray(), undefined, paths).object;
    for (const template of [spec.headGroupSpec.template, ...spec.workerGroupSpecs.map((group: any) => group.template)]) {
      expect(names(template.spec.initContainers)).toEqual(['download-llama']);
      expect(template.spec.containers.every((container: any) => container.volumeMounts.length === 1)).toBe(true);
    }
    expect(spec.workerGroupSpecs.map(({ groupName }: any) => groupName)).toEqual(['a', 'b']);
    expect(spec).not.toHaveProperty('progressDeadlineSeconds');
  });

  test('or those that have a container that reads it', () => {
    const before = ray();
    const { spec } = attach(before, undefined, { ...paths, containers: ['ray-worker'] }).object;
    expect(spec.headGroupSpec).toEqual(before.spec.headGroupSpec);
    expect(spec.workerGroupSpecs[1].template.spec.containers.map(({ volumeMounts }: any) => volumeMounts?.length)).toEqual([1, undefined]);
    expect(() => attach(ray(), undefined, { ...paths, containers: ['ray-worker', 'main'] })).toThrow("container 'main' is not in the workload, which has ray-head, ray-worker, logs: name one of these");
  });

  test('twice equals once', () => {
    const once = attach(ray(), undefined, paths).object;
    expect(attach(once, undefined, paths).object).toEqual(once);
  });
});

describe('how long a Deployment has to progress', () => {
  const NONE = 2147483647;
  const deadline = (object: any) => attach(object).object.spec.progressDeadlineSeconds;

  test.each<[string, any, number]>([
    ['ten minutes where it says nothing', undefined, 600 + 1120],
    ['and where it says null', null, 600 + 1120],
    ['for ever, as before', NONE, NONE],
    ['no more than an integer of the API', NONE - 5, NONE],
  ])('%s', (_, progressDeadlineSeconds, expected) => {
    const once = attach(deployment({}, { progressDeadlineSeconds })).object;
    expect(once.spec.progressDeadlineSeconds).toBe(expected);
    expect(deadline(once)).toBe(expected);
  });

  test('what somebody took away or made shorter since is what it has without models', () => {
    const once = structuredClone(attach(deployment()).object);
    once.spec.progressDeadlineSeconds = 600;
    expect(deadline(once)).toBe(600 + 1120);
    delete once.spec.progressDeadlineSeconds;
    expect(deadline(once)).toBe(600 + 1120);
  });

  test.each(['600', 1.5])('%p is refused', progressDeadlineSeconds => {
    expect(() => deadline(deployment({}, { progressDeadlineSeconds }))).toThrow(`spec.progressDeadlineSeconds is ${JSON.stringify(progressDeadlineSeconds)}, and must be a whole number`);
  });
});

describe('a time after which pods are ended counts the download', () => {
  const template = { spec: { containers: [{ name: 'vllm' }] } };
  const job = { activeDeadlineSeconds: 60, template };

  test.each<[string, any, string, string[]]>([
    ['a Job', { kind: 'Job', spec: job }, 'spec.template', ['spec.activeDeadlineSeconds']],
    ['a CronJob', { kind: 'CronJob', spec: { jobTemplate: { spec: job } } }, 'spec.jobTemplate.spec.template', ['spec.jobTemplate.spec.activeDeadlineSeconds']],
    ['a Pod', { kind: 'Pod', spec: { ...template.spec, activeDeadlineSeconds: 60 } }, '', ['spec.activeDeadlineSeconds']],
    ['a Job without', { kind: 'Job', spec: { activeDeadlineSeconds: null, template } }, 'spec.template', []],
  ])('%s', (_, object, path, fields) => {
    const warnings: string[] = [];
    attach({ metadata: {}, ...object }, undefined, { templates: [path], warn: (id, text) => warnings.push(`${id}: ${text}`) });
    expect(warnings).toEqual(fields.map(field => `activeDeadlineCountsDownload: ${field} is 60, and the download of the models, which may take 1120 seconds, counts as well: make it as much longer`));
  });
});

describe('a pod that asks for memory as a whole asks for that of models as well', () => {
  const inMemory = [delivered({ volume: ModelVolume.memory() })];
  const room = 19661;

  test.each<[string, any, any, any]>([
    ['request and limit', { requests: { memory: '8Gi', cpu: 2 }, limits: { memory: '24Gi' } }, {}, { requests: { memory: `${8192 + room}Mi`, cpu: 2 }, limits: { memory: `${24576 + room}Mi` } }],
    ['a request', { requests: { memory: '8Gi' } }, {}, { requests: { memory: `${8192 + room}Mi` } }],
    ['a limit, which is the request', { limits: { memory: '24Gi' } }, {}, { requests: { memory: `${24576 + room}Mi` }, limits: { memory: `${24576 + room}Mi` } }],
    ['a limit above what the containers ask for', { limits: { memory: '24Gi' } }, { requests: { memory: '2Gi' } }, { requests: { memory: `${2048 + room}Mi` }, limits: { memory: `${24576 + room}Mi` } }],
    ['CPU alone', { limits: { cpu: '2' } }, {}, { limits: { cpu: '2' } }],
    ['null', null, {}, null],
  ])('%s', (_, resources, ofContainer, expected) => {
    const once = attach(deployment({ resources, containers: [{ name: 'vllm', resources: ofContainer }] }), inMemory);
    expect(once.pod.resources).toEqual(expected);
    expect(attach(once.object, inMemory).object).toEqual(once.object);
    const { cpu } = resources?.requests ?? {};
    expect(attach(once.object, [delivered()]).pod.resources?.requests ?? {}).toEqual({
      ...expected?.requests?.memory ? { memory: `${parseInt(expected.requests.memory) - room}Mi` } : {}, ...cpu ? { cpu } : {},
    });
  });

  test('what the pod asks for since is not ours to take away', () => {
    const once = structuredClone(attach(deployment(), inMemory).object);
    once.spec.template.spec.resources = { limits: { memory: '64Gi' }, requests: { memory: '64Gi' } };
    expect(attach(once, [delivered()]).pod.resources).toEqual(once.spec.template.spec.resources);
  });
});

test('what is empty counts as left out', () => {
  const object = { ...deployment({ serviceAccountName: '', serviceAccount: '' }), metadata: { name: 'vllm', namespace: '' } };
  const once = attach(object);
  expect(once.pod.serviceAccountName).toBe('llama');
  expect(attach(once.object).object).toEqual(once.object);
});

test.each([null, '', undefined])('a service account has no role by an annotation that is %p', role => {
  const held = { place: 'a.yaml:1', value: { metadata: { annotations: { 'eks.amazonaws.com/role-arn': role } } } };
  const scope: any = { node: { root: { node: { findAll: () => [{ _serviceAccount: () => held }] } } } };
  const warnings: string[] = [];
  refuseOtherRole(scope, IDENTITY, (_, text) => warnings.push(text));
  expect(warnings).toEqual([]);
});

test.each<[string, any, string]>([
  ['containers', [{ name: 'vllm' }, null], 'containers[1] is null, and must be an object'],
  ['containers', [{ image: 'x' }], 'containers[0].name is left out, and must be a text'],
  ['containers', [{ name: 'vllm', volumeMounts: [null] }], 'containers[0].volumeMounts[0] is null, and must be an object'],
  ['containers', [{ name: 'vllm', volumeMounts: [{ name: 'x' }] }], 'containers[0].volumeMounts[0].mountPath is left out, and must be a text'],
  ['containers', [{ name: 'vllm', resources: 'x' }], "containers[0].resources is 'x', and must be an object"],
  ['containers', [{ name: 'vllm', resources: [] }], 'containers[0].resources is a list, and must be an object'],
  ['containers', [{ name: 'vllm', resources: { limits: 4 } }], 'containers[0].resources.limits is 4, and must be an object'],
  ['initContainers', {}, 'initContainers is an object, and must be a list'],
  ['volumes', 'x', "volumes is 'x', and must be a list"],
  ['volumes', [null], 'volumes[0] is null, and must be an object'],
])('the shape of %s: %j', (key, value, message) => {
  expect(() => attach(deployment({ [key]: value }))).toThrow(`spec.template.spec.${message}: correct it in the manifest`);
});

test.each<[any, string]>([
  [{ [SKIP_CONTAINERS]: true }, `annotations['${SKIP_CONTAINERS}'] is true, and must be a text`],
  [['x'], 'annotations is a list, and must be an object'],
])('the shape of annotations: %j', (annotations, message) => {
  expect(() => attach(deployment({}, {}, { annotations }))).toThrow(`spec.template.metadata.${message}`);
});

test('a Rollout has as much longer to progress as a Deployment', () => {
  expect(attach({ ...deployment(), apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' }).object.spec.progressDeadlineSeconds).toBe(600 + 300 + 820);
});
