import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { checkCovered } from '../../conformance/node/covered';
import { checkDeclarations, checkOrder, downloadsOf } from '../../conformance/node/example-pods';
import { containerCgroups, removeCgroups } from '../../conformance/node/leftovers';
import { addressOf } from '../../conformance/node/pods';
import { checkMounts } from '../../conformance/node/withheld';

const downloader = {
  name: 'download',
  args: ['program', '--model=a', '--source=s3://models/models/serving/a/1/', '--destination=/models/model-a', '--model=b', '--source=s3://models/models/_shared/b/2/', '--destination=/models/model-b'],
  env: [{ name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: '/var/run/secrets/model-download/token' }],
  volumeMounts: [{ name: 'model-a', mountPath: '/models/model-a' }, { name: 'model-b', mountPath: '/models/model-b' }, { name: 'token', mountPath: '/var/run/secrets/model-download' }],
};
const server = { name: 'server', volumeMounts: [{ name: 'model-a', mountPath: '/mnt/a' }, { name: 'model-b', mountPath: '/mnt/b' }] };
const template = {
  apiVersion: 'v1',
  kind: 'PodTemplate',
  metadata: { name: 'pod', annotations: { 'eks.amazonaws.com/skip-containers': 'server' } },
  spec: { initContainers: [downloader], containers: [server], volumes: [{ name: 'model-a' }, { name: 'model-b' }, { name: 'token' }] },
};

test('what a pod downloads is told by its downloader, and where it is found by the mounts of the application', () => {
  expect(downloadsOf(template.spec as any)).toEqual([
    { source: 's3://models/models/serving/a/1/', container: 'server', folder: '/mnt/a' },
    { source: 's3://models/models/_shared/b/2/', container: 'server', folder: '/mnt/b' },
  ]);
});

test('a download that no container mounts is not passed over', () => {
  expect(() => downloadsOf({ ...template.spec, containers: [{ name: 'server' }] } as any)).toThrow('download downloads to /models/model-a, which no container mounts');
});

describe('tokens in a pod', () => {
  const projected = (file: string) => ({ projected: { sources: [{ serviceAccountToken: { path: file } }] } });
  const pod = (change: (spec: any) => void = () => undefined) => {
    const spec = JSON.parse(JSON.stringify(template.spec));
    spec.initContainers[0].env[0].value = '/var/run/secrets/model-download/token';
    spec.volumes[2] = { name: 'token', ...projected('token') };
    spec.volumes.push({ name: 'eks-pod-identity-token', ...projected('eks-pod-identity-token') });
    change(spec);
    return spec;
  };
  const added = { name: 'eks-pod-identity-token', mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount' };

  test('are the downloader\'s alone', () => {
    checkMounts(pod(), false);
    checkMounts(pod(), true);
  });

  test('may be the application\'s where its role is its own', () => checkMounts(pod(spec => spec.containers[0].volumeMounts.push(added)), true));

  test.each([
    ['the webhook\'s', false, (spec: any) => spec.containers[0].volumeMounts.push(added), 'server mounts /var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token'],
    ['the downloader\'s', true, (spec: any) => spec.containers[0].volumeMounts.push({ name: 'token', mountPath: '/t' }), 'server mounts /t/token'],
    ['at another path than the downloader is told', false, (spec: any) => { spec.initContainers[0].volumeMounts[2].mountPath = '/other'; }, 'download mounts no token at'],
    ['nobody\'s', false, (spec: any) => { spec.initContainers = []; }, 'no downloader'],
  ])('must not be %s', (_what, ownRole, change, message) => expect(() => checkMounts(pod(change), ownRole)).toThrow(message));
});

test('a server is asked where it is probed', () => {
  const pod = (container: object) => ({ metadata: { name: 'pod' }, status: { podIP: '10.0.0.1' }, spec: { containers: [{ name: 'sidecar' }, container] } }) as any;
  const ports = [{ name: 'metrics', containerPort: 9 }, { name: 'http', containerPort: 8080 }];
  expect(addressOf(pod({ ports, readinessProbe: { httpGet: { port: 'http' } } }))).toBe('http://10.0.0.1:8080');
  expect(addressOf(pod({ startupProbe: { httpGet: { port: 81 } } }))).toBe('http://10.0.0.1:81');
  expect(() => addressOf(pod({ ports }))).toThrow('pod has no container with a probe by HTTP');
});

test('a folder that would be covered is refused', () => {
  checkCovered({ 'the cache': '/variable/cache', 'the project': __dirname });
  expect(() => checkCovered({ 'the cache': '/var/lib/ci/cache' })).toThrow('the cache /var/lib/ci/cache lies below /var/lib, which the node covers');
});

describe('cgroups of containers', () => {
  let root: string;
  const folder = (name: string, files: Record<string, string> = {}) => {
    const made = path.join(root, 'memory', 'k8s.io', name);
    fs.mkdirSync(made, { recursive: true });
    if (files['cgroup.procs'] !== undefined) fs.writeFileSync(path.join(path.dirname(made), 'cgroup.procs'), ''); // as each cgroup has it
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(made, file), text);
    return made;
  };
  beforeEach(() => { root = fs.mkdtempSync(path.join(os.tmpdir(), 'cgroups-')); });
  afterEach(() => fs.rmSync(root, { recursive: true }));

  test('go where they are new and empty', () => {
    const old = folder('old');
    const before = containerCgroups(root);
    folder('new');
    removeCgroups(before, root);
    expect(containerCgroups(root)).toEqual([old, path.dirname(old)]);
  });

  test('stay where somebody else has processes in them', () => {
    const used = folder('used', { 'cgroup.procs': '1\n' });
    removeCgroups([], root);
    expect(fs.existsSync(used)).toBe(true);
  });

  test('are told where they stay for no reason', () => {
    const stays = folder('stays', { 'cgroup.procs': '' });
    expect(() => removeCgroups([], root)).toThrow(`the kernel keeps what containers left: ${stays}`);
  });
});

describe('the order of containers', () => {
  const pod = ({ exitCode = 0, restartCount = 0, startedAt = '2026-11-22T00:00:02Z' }) => ({
    ...template,
    status: {
      initContainerStatuses: [{ name: 'download', restartCount, state: { terminated: { exitCode, finishedAt: '2026-11-22T00:00:01Z' } } }],
      containerStatuses: [{ name: 'server', state: { running: { startedAt } } }],
    },
  });

  test('is right where the application starts after a good end', () => checkOrder(pod({})));

  test.each([
    ['a bad end', { exitCode: 65 }, 'ended with 65'],
    ['another go', { restartCount: 1 }, 'after 1 restarts'],
    ['an early start', { startedAt: '2026-11-22T00:00:00Z' }, 'started at'],
  ])('is wrong with %s', (_what, state, message) => expect(() => checkOrder(pod(state))).toThrow(message));
});

describe('what the webhook does to a pod', () => {
  const mutated = (change: (spec: any) => void = () => undefined) => {
    const spec = JSON.parse(JSON.stringify(template.spec));
    spec.volumes.push({ name: 'eks-pod-identity-token' });
    spec.initContainers[0].env.push({ name: 'AWS_REGION', value: 'eu-west-1' });
    change(spec);
    return { ...template, spec };
  };

  test('may add to it', () => checkDeclarations(template, mutated()));

  test.each([
    ['nothing', (spec: any) => spec.volumes.pop(), 'added no token'],
    ['another volume', (spec: any) => { spec.volumes[2].emptyDir = {}; }, 'volume token is another'],
    ['another token', (spec: any) => { spec.initContainers[0].env[0].value = '/other'; }, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
    ['the token twice', (spec: any) => spec.initContainers[0].env.push(spec.initContainers[0].env[0]), 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
    ['a mount less', (spec: any) => spec.initContainers[0].volumeMounts.pop(), 'lacks its mount of token'],
    ['credentials for the application', (spec: any) => { spec.containers[0].env = [{ name: 'AWS_REGION' }]; }, 'server was changed'],
  ])('must not be %s', (_what, change, message) => expect(() => checkDeclarations(template, mutated(change))).toThrow(message));
});

const there = spawnSync('shellcheck', ['--version']).status === 0;

(there ? test : test.skip)(`shellcheck has nothing to say about the CNI plugin${there ? '' : ' (skipped: no shellcheck on this machine)'}`, () => {
  const { stdout } = spawnSync('shellcheck', [path.join(__dirname, '../../conformance/node/cni/pod-network')], { encoding: 'utf8' });
  expect(stdout).toBe('');
});
