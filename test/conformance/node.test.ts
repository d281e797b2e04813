import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { checkDeclarations, checkOrder, downloadsOf } from '../../conformance/node/example-pods';

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
