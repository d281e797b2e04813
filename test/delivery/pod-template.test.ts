import { PodParts } from '../../lib/delivery';
import { mergePodParts, SKIP_CONTAINERS } from '../../lib/delivery/pod-template';

const PARTS: PodParts = {
  initContainers: [{ name: 'download-llama', image: 'downloader' }],
  volumes: [{ name: 'model-llama', emptyDir: { sizeLimit: '10Mi' } }],
  volumeMounts: [{ name: 'model-llama', mountPath: '/mnt/llama/models', readOnly: true }],
  annotations: { [SKIP_CONTAINERS]: 'server', 'example.com/model': 'llama' },
};

/** A template with something in every place that the parts go to, and in some that they don't. */
function template(): any {
  return {
    metadata: { labels: { app: 'mine' }, annotations: { 'example.com/mine': 'yes' } },
    spec: {
      hostname: 'mine',
      initContainers: [{ name: 'mine-first', image: 'mine' }],
      containers: [
        { name: 'server', image: 'server', volumeMounts: [{ name: 'mine', mountPath: '/mine' }], restartPolicyRules: [{ action: 'Restart' }] },
        { name: 'sidecar', image: 'sidecar' },
      ],
      volumes: [{ name: 'mine', image: { reference: 'example.com/data' } }],
    },
    unknown: { kept: true },
  };
}

const merge = (into = template(), parts = PARTS, containers = ['server']) => mergePodParts(into, parts, containers);

function frozen<T>(value: T): T {
  if (value !== null && typeof value === 'object') Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

test('what a template has stays, and the parts come after it', () => {
  expect(merge()).toEqual({
    metadata: { labels: { app: 'mine' }, annotations: { 'example.com/mine': 'yes', [SKIP_CONTAINERS]: 'server', 'example.com/model': 'llama' } },
    spec: {
      hostname: 'mine',
      initContainers: [{ name: 'mine-first', image: 'mine' }, { name: 'download-llama', image: 'downloader' }],
      containers: [
        {
          name: 'server',
          image: 'server',
          volumeMounts: [{ name: 'mine', mountPath: '/mine' }, { name: 'model-llama', mountPath: '/mnt/llama/models', readOnly: true }],
          restartPolicyRules: [{ action: 'Restart' }],
        },
        { name: 'sidecar', image: 'sidecar' },
      ],
      volumes: [{ name: 'mine', image: { reference: 'example.com/data' } }, { name: 'model-llama', emptyDir: { sizeLimit: '10Mi' } }],
    },
    unknown: { kept: true },
  });
});

test.each(['/mnt/llama/models/', '/mnt//llama/models', '/mnt/./llama/models', 'mnt/llama/models', '/mnt/x/../llama/models'])('the same path in another spelling is taken: %s', mountPath => {
  expect(() => merge({ spec: { containers: [{ name: 'server', volumeMounts: [{ name: 'mine', mountPath }] }] } })).toThrow("mount of container 'server' '/mnt/llama/models' is in the pod already");
});

test('parts keep their own order', () => {
  const many = { initContainers: ['c', 'a', 'b'].map(name => ({ name })), volumes: ['z', 'x', 'y'].map(name => ({ name })) };
  const { spec } = merge({ spec: { containers: [] } }, many);
  expect(spec.initContainers.map((item: any) => item.name)).toEqual(['c', 'a', 'b']);
  expect(spec.volumes.map((item: any) => item.name)).toEqual(['z', 'x', 'y']);
});

test('an almost empty template takes the parts', () => {
  expect(merge({})).toEqual({
    metadata: { annotations: PARTS.annotations },
    spec: { initContainers: PARTS.initContainers, containers: [], volumes: PARTS.volumes },
  });
});

test('no parts change nothing and leave no empty lists', () => {
  expect(merge(template(), {})).toEqual(template());
  expect(merge({ metadata: {}, spec: { containers: [{ name: 'server' }] } }, {})).toEqual({ metadata: {}, spec: { containers: [{ name: 'server' }] } });
});

test('every named container gets the mounts, and no other', () => {
  const { containers } = merge(template(), PARTS, ['server', 'sidecar']).spec;
  expect(containers.map((container: any) => container.volumeMounts.at(-1).mountPath)).toEqual(['/mnt/llama/models', '/mnt/llama/models']);
  expect(merge(template(), PARTS, ['sidecar']).spec.containers[0]).toEqual(template().spec.containers[0]);
});

test('merging twice equals merging once', () => {
  expect(merge(merge())).toEqual(merge());
});

test('an identical item is not doubled', () => {
  const present = template();
  present.spec.volumes.push({ name: 'model-llama', emptyDir: { sizeLimit: '10Mi' } });
  expect(merge(present).spec.volumes).toHaveLength(2);
});

test('neither the template nor the parts are changed', () => {
  const before = JSON.stringify([template(), PARTS]);
  const inputs: [any, PodParts] = [frozen(template()), frozen(structuredClone(PARTS))];
  merge(...inputs);
  expect(JSON.stringify(inputs)).toBe(before);
});

interface Clash {
  readonly named: string[];
  readonly change: (template: any) => void;
}

const CLASHES: Record<string, Clash> = {
  'an init container of the same name': {
    named: ["init container 'download-llama'", 'rename'],
    change: ({ spec }) => spec.initContainers.push({ name: 'download-llama', image: 'other' }),
  },
  'a volume of the same name': {
    named: ["volume 'model-llama'", 'rename'],
    change: ({ spec }) => spec.volumes.push({ name: 'model-llama', emptyDir: {} }),
  },
  'a mount at the same path': {
    named: ["mount of container 'server' '/mnt/llama/models'", 'another path'],
    change: ({ spec }) => spec.containers[0].volumeMounts.push({ name: 'mine', mountPath: '/mnt/llama/models' }),
  },
  'an annotation with another value': {
    named: ["annotation 'example.com/model' is 'mistral'", "'llama'", 'remove yours'],
    change: ({ metadata }) => { metadata.annotations['example.com/model'] = 'mistral'; },
  },
};

test.each(Object.keys(CLASHES))('%s is refused, and the message names it', name => {
  const { named, change } = CLASHES[name];
  const present = template();
  change(present);
  for (const words of named) expect(() => merge(present)).toThrow(words);
});

test('a mount at the same path in a container that gets no model is none of our business', () => {
  const present = template();
  present.spec.containers[1].volumeMounts = [{ name: 'mine', mountPath: '/mnt/llama/models' }];
  expect(merge(present).spec.containers[1].volumeMounts).toEqual([{ name: 'mine', mountPath: '/mnt/llama/models' }]);
});

test.each([
  ['sidecar', 'sidecar,server'],
  ['sidecar, server', 'sidecar,server'],
  ['', 'server'],
  [' proxy ,,sidecar', 'proxy,sidecar,server'],
])('containers kept from credentials are a list: %p becomes %p', (present, expected) => {
  const into = template();
  into.metadata.annotations[SKIP_CONTAINERS] = present;
  expect(merge(into).metadata.annotations[SKIP_CONTAINERS]).toBe(expected);
});

test('several parts add their containers to the list that is kept from credentials', () => {
  const both = merge(merge(), { annotations: { [SKIP_CONTAINERS]: 'server,proxy' } });
  expect(both.metadata.annotations[SKIP_CONTAINERS]).toBe('server,proxy');
});

test('volumes are given to a group, without going through what belongs to it already', () => {
  expect(merge(template(), { fsGroup: 65532 }).spec.securityContext).toEqual({ fsGroup: 65532, fsGroupChangePolicy: 'OnRootMismatch' });
  const present = { spec: { containers: [], securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroupChangePolicy: 'Always' } } };
  expect(merge(present, { fsGroup: 65532 }).spec.securityContext).toEqual({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 65532, fsGroupChangePolicy: 'OnRootMismatch' });
});

test.each([0, 2000])('a pod that has group %p keeps it, and its policy', fsGroup => {
  const present = { spec: { containers: [], securityContext: { fsGroup, fsGroupChangePolicy: 'Always' } } };
  expect(merge(present, { fsGroup: 65532 }).spec.securityContext).toEqual({ fsGroup, fsGroupChangePolicy: 'Always' });
});

test('a security context is untouched where no volume needs a group', () => {
  expect(merge({ spec: { containers: [], securityContext: { runAsUser: 1000 } } }).spec.securityContext).toEqual({ runAsUser: 1000 });
  expect(merge().spec).not.toHaveProperty('securityContext');
});
