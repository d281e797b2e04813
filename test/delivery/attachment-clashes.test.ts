import { checkClashes, Meeting } from '../../lib/delivery/pod-clashes';

/** A pod that nothing is wrong with, and the delivery of one model to it. */
function check(spec: any = {}, metadata: any = {}, more: Partial<Meeting> = {}): string[] {
  const warnings: string[] = [];
  const template = { metadata, spec: { containers: [{ name: 'vllm' }, { name: 'proxy' }], ...spec } };
  checkClashes({
    template,
    object: { kind: 'Deployment', spec: { template } },
    readers: ['vllm'],
    initContainers: [{ name: 'download-llama' }],
    containers: [],
    order: ['download-llama', ...(spec.initContainers ?? []).map(({ name }: any) => name)],
    volumes: [{ name: 'model-llama' }],
    mountPaths: ['/mnt/llama/models'],
    ...more,
  }, (id, text) => warnings.push(`${id}: ${text}`));
  return warnings;
}

const mounting = (mountPath: string, mount: any = {}, volume: any = { emptyDir: {} }, name = 'vllm') =>
  ({ containers: [{ name, volumeMounts: [{ name: 'mine', mountPath, ...mount }] }], volumes: [{ name: 'mine', ...volume }] });

test('a pod that has nothing of the kind passes', () => {
  expect(check()).toEqual([]);
  expect(check({ volumes: null, initContainers: null, nodeSelector: { 'kubernetes.io/os': 'linux' } }, null)).toEqual([]);
});

describe('names', () => {
  const MESSAGE = "container 'download-llama' is in the pod already, and the model's delivery needs one of that name: rename yours";

  test('a container of the same name, of either kind, is refused', () => {
    expect(() => check({ initContainers: [{ name: 'download-llama' }] })).toThrow(MESSAGE);
    expect(() => check({ containers: [{ name: 'download-llama' }] })).toThrow(MESSAGE);
  });

  test.each([{ volumeClaimTemplates: [{ metadata: { name: 'model-llama' } }] }, { leaderWorkerTemplate: { volumeClaimTemplates: [{ metadata: { name: 'model-llama' } }] } }])('a claim template would take the place of the volume: %j', spec => {
    expect(() => check({}, {}, { object: { spec } })).toThrow("volume 'model-llama' of the model's delivery has the name of a claim in volumeClaimTemplates, which would take its place");
  });

  test('a claim template of another name is none of our business', () => {
    expect(check({}, {}, { object: { spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] } } })).toEqual([]);
  });
});

describe('mounts in each other', () => {
  test.each(['/mnt/llama/models/cache', '/mnt/llama/models/a/b/', '/mnt//llama/./models/cache', 'mnt/llama/models/cache', '/mnt/other/../llama/models/cache'])('one inside the model is refused: %s', path => {
    expect(() => check(mounting(path))).toThrow(`container 'vllm' mounts volume 'mine' at '${path}', inside the model at '/mnt/llama/models', where nothing can be mounted as it is read-only`);
  });

  test.each<[any, any]>([
    [{ readOnly: true }, { emptyDir: {} }],
    [{}, { configMap: { name: 'x' } }],
    [{}, { secret: { secretName: 'x' } }],
    [{}, { projected: { sources: [] } }],
    [{}, { downwardAPI: {} }],
    [{}, { image: { reference: 'x' } }],
    [{}, { persistentVolumeClaim: { claimName: 'x', readOnly: true } }],
    [{}, { csi: { driver: 'secrets-store.csi.k8s.io', readOnly: true } }],
    [{}, { nfs: { server: 'x', path: '/', readOnly: true } }],
  ])('a model inside what is read-only is refused: %j %j', (mount, volume) => {
    expect(() => check(mounting('/mnt/llama', mount, volume))).toThrow("container 'vllm' mounts volume 'mine' at '/mnt/llama', read-only, and the model at '/mnt/llama/models' would be inside it, where no folder can be made for it: deliver the model to another path");
  });

  test.each<[string, any]>([
    ['/mnt', { emptyDir: {} }],
    ['/mnt/llama/', { persistentVolumeClaim: { claimName: 'x', readOnly: false } }],
    ['mnt', { csi: { driver: 'x', readOnly: null } }],
    ['/', { emptyDir: {} }],
  ])('a model inside what can be written is warned about: %s', (path, volume) => {
    expect(check(mounting(path, {}, volume))).toEqual([expect.stringContaining(`mountInsideVolume: container 'vllm' mounts volume 'mine' at '${path}', and the model at '/mnt/llama/models' is mounted inside it`)]);
  });

  test.each(['/mnt/llama/models-cache', '/mnt/other', '/mnt/ll'])('%s is beside it', path => {
    expect(check(mounting(path))).toEqual([]);
  });

  test('those of a container that reads no model are none of our business', () => {
    expect(check(mounting('/mnt/llama/models/cache', {}, {}, 'proxy'))).toEqual([]);
  });
});

describe("Istio's proxy without native sidecars is warned about", () => {
  const WARNING = expect.stringMatching(/^istioWithoutNativeSidecars: .*init container 'download-llama' needs the network .*ENABLE_NATIVE_SIDECARS/);

  test.each<[string, any, any]>([
    ['asked for by label', {}, { labels: { 'sidecar.istio.io/inject': 'true' } }],
    ['asked for by annotation', {}, { annotations: { 'sidecar.istio.io/inject': 'true' } }],
    ['among the containers', { containers: [{ name: 'vllm' }, { name: 'istio-proxy' }] }, {}],
  ])('%s', (_, spec, metadata) => {
    expect(check(spec, metadata)).toEqual([WARNING]);
  });

  test('both sides are named', () => {
    expect(check({}, { labels: { 'sidecar.istio.io/inject': 'true' } })[0]).toContain("the pods have Istio's proxy (label 'sidecar.istio.io/inject')");
  });

  const INJECTED = { labels: { 'sidecar.istio.io/inject': 'true' } };
  test.each<[string, any, any, Partial<Meeting>]>([
    ['a native one', { initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always' }] }, INJECTED, {}],
    ['the download left out of the mesh by ports', {}, { ...INJECTED, annotations: { 'traffic.sidecar.istio.io/excludeOutboundPorts': '80,443' } }, {}],
    ['the download left out of the mesh by addresses', {}, { ...INJECTED, annotations: { 'traffic.sidecar.istio.io/excludeOutboundIPRanges': '0.0.0.0/0' } }, {}],
    ['no injection', {}, { labels: { 'sidecar.istio.io/inject': 'false' } }, {}],
    ['the redirection coming after the download', { initContainers: [{ name: 'istio-init' }], containers: [{ name: 'vllm' }, { name: 'istio-proxy' }] }, {}, {}],
    ['no init container', {}, INJECTED, { initContainers: [], order: [] }],
  ])('but not with %s', (_, spec, metadata, more) => {
    expect(check(spec, metadata, more)).toEqual([]);
  });

  test('the redirection coming before the download', () => {
    expect(check({ initContainers: [{ name: 'istio-init' }], containers: [{ name: 'vllm' }, { name: 'istio-proxy' }] }, {}, { order: ['istio-init', 'download-llama'] })).toEqual([WARNING]);
  });
});

const os = (...values: string[]) => ({ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values }] });
const nodes = (...nodeSelectorTerms: any[]) =>
  ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });

test.each([
  { os: { name: 'windows' } },
  { nodeSelector: { 'kubernetes.io/os': 'windows' } },
  { securityContext: { windowsOptions: { hostProcess: true } } },
  { containers: [{ name: 'vllm' }, { name: 'proxy', securityContext: { windowsOptions: { hostProcess: true } } }] },
  nodes(os('windows')),
  nodes(os('windows'), { matchExpressions: [{ key: 'gpu', operator: 'Exists' }, ...os('windows').matchExpressions] }),
])('pods for Windows are refused: %j', spec => {
  expect(() => check(spec)).toThrow('the pods run on Windows, and the downloader is a program for Linux');
});

test.each([
  nodes(os('windows', 'linux')),
  nodes(os('windows'), os('linux')),
  nodes({ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'NotIn', values: ['windows'] }] }),
  nodes({ matchFields: [] }),
  nodes(),
  { securityContext: { windowsOptions: { hostProcess: false } } },
])('pods that may run on Linux pass: %j', spec => {
  expect(check(spec)).toEqual([]);
});

test('a container that a delivery adds beside those of the pod may have the name of none of them', () => {
  const containers = [{ name: 'modelcar-llama' }];
  expect(check({}, {}, { containers })).toEqual([]);
  expect(() => check({ initContainers: [{ name: 'modelcar-llama' }] }, {}, { containers })).toThrow("container 'modelcar-llama' is in the pod already");
});

test('what calls nobody starts in a mesh as elsewhere', () => {
  const initContainers = [{ name: 'copy-llama' }];
  expect(check({}, { labels: { 'sidecar.istio.io/inject': 'true' } }, { initContainers, order: ['copy-llama'] })).toEqual([]);
});
