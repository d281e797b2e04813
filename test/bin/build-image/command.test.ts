import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { CodeBuildServer } from './codebuild-server';
import { buildImage } from '../../../bin/build-image/command';
import { parseModelsLock } from '../../../lib/model/models-lock';
import { ModelImage } from '../../../lib/oci';
import { run } from '../verify/run';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const IMAGE = `111122223333.dkr.ecr.eu-west-1.amazonaws.com/models@sha256:${'c'.repeat(64)}`;
const LOCK = { lockVersion: 1, models: { 'serving/llama': { current: '1', versions: { 1: { digest: DIGEST, totalBytes: 16060556376 }, 2: { digest: OTHER, totalBytes: 5 } } } } };

const running = { buildStatus: 'IN_PROGRESS', currentPhase: 'BUILD' };
const succeeded = { buildStatus: 'SUCCEEDED', currentPhase: 'COMPLETED', exportedEnvironmentVariables: [{ name: 'MODEL_IMAGE', value: IMAGE }] };

const before = process.env;
let server: CodeBuildServer;
let folder: string;
let lock: string;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'build-image-'));
  lock = path.join(folder, 'models.lock.json');
  fs.writeFileSync(lock, JSON.stringify(LOCK));
  server = await new CodeBuildServer('images').start();
  process.env = { ...before, AWS_ENDPOINT_URL_CODEBUILD: server.endpoint, AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-1' };
});
afterEach(async () => {
  process.env = before;
  fs.rmSync(folder, { recursive: true });
  await server.stop();
});

const build = (...args: string[]) => run(buildImage(5), ['images', '--lock', lock, '--name', 'llama', '--tenant', 'serving', ...args]);

test('the current version is built by what the lock file has of it, and its image goes there', async () => {
  server.states = [running, running, succeeded];
  const { code, result } = await build();
  expect([code, result]).toEqual([0, { event: 'result', tenant: 'serving', name: 'llama', version: '1', digest: DIGEST, image: IMAGE, buildId: 'images:0001' }]);
  expect(server.requests[0].environmentVariablesOverride).toEqual([
    { name: 'MODEL_PREFIX', value: 'models/serving/llama/1/', type: 'PLAINTEXT' },
    { name: 'MODEL_NAME', value: 'llama', type: 'PLAINTEXT' },
    { name: 'MODEL_VERSION', value: '1', type: 'PLAINTEXT' },
    { name: 'MODEL_DIGEST', value: DIGEST, type: 'PLAINTEXT' },
    { name: 'MODEL_BYTES', value: '16060556376', type: 'PLAINTEXT' },
  ]);
  expect(server.requests.map(({ action }) => action)).toEqual(['StartBuild', ...Array(3).fill('BatchGetBuilds')]);
  const { current, versions } = parseModelsLock(fs.readFileSync(lock, 'utf8'), lock).get('serving/llama')!;
  expect([current, ...versions.values()]).toEqual(['1', { digest: DIGEST, totalBytes: 16060556376, image: IMAGE }, { digest: OTHER, totalBytes: 5 }]);
  expect(ModelImage.fromLock(lock, { name: 'llama', tenant: 'serving' }).reference).toBe(IMAGE);
});

test('another version than the current one is built by its name, and stays as current as it was', async () => {
  server.states = [succeeded];
  expect((await build('--version', '2')).code).toBe(0);
  const { current, versions } = parseModelsLock(fs.readFileSync(lock, 'utf8'), lock).get('serving/llama')!;
  expect([current, versions.get('2')!.image, versions.get('1')!.image]).toEqual(['1', IMAGE, undefined]);
});

test('a build is taken up again by its id, and none is started', async () => {
  server.states = [{ ...succeeded, environment: { environmentVariables: [{ name: 'MODEL_DIGEST', value: DIGEST }] } }];
  expect((await build('--build-id', 'images:0001')).code).toBe(0);
  expect(server.requests.map(({ action }) => action)).toEqual(['BatchGetBuilds']);
});

test('what others write into the lock file during a build stays', async () => {
  server.states = [running, succeeded];
  const other = { current: '7', versions: { 7: { digest: OTHER, totalBytes: 7 } } };
  server.during = () => fs.writeFileSync(lock, JSON.stringify({ ...LOCK, models: { ...LOCK.models, 'serving/other': other } }));
  expect((await build()).code).toBe(0);
  const models = parseModelsLock(fs.readFileSync(lock, 'utf8'), lock);
  expect([...models.get('serving/other')!.versions.keys()]).toEqual(['7']);
  expect(models.get('serving/llama')!.versions.get('1')!.image).toBe(IMAGE);
});

test('a lock file that can\'t be written is refused before anything is built', async () => {
  const access = jest.spyOn(jest.requireActual<typeof fs>('node:fs'), 'accessSync').mockImplementation(() => { throw new Error('EROFS: read-only file system'); });
  try {
    const { code, said } = await build();
    expect([code, said('error')]).toEqual([1, [expect.stringContaining(`${lock} could not be written: EROFS`)]]);
    expect(server.requests).toEqual([]);
  } finally {
    access.mockRestore();
  }
});

test('a lock file that can\'t be written after the build says so, and how to go on', async () => {
  server.states = [succeeded];
  const rename = jest.spyOn(jest.requireActual<typeof fs>('node:fs'), 'renameSync').mockImplementation(() => { throw new Error('ENOSPC: no space left'); });
  try {
    const { code, said } = await build();
    expect([code, said('error')]).toEqual([1, [expect.stringContaining(`the image ${IMAGE} is built, but ${lock} can't be written: ENOSPC: no space left; run the same command with --build-id images:0001`)]]);
  } finally {
    rename.mockRestore();
  }
});

const stays = (text = fs.readFileSync(lock, 'utf8')) => expect(JSON.parse(text)).toEqual(LOCK);

test.each<[string, object, string[], RegExp]>([
  ['that failed', { buildStatus: 'FAILED', phases: [{ phaseType: 'BUILD', phaseStatus: 'FAILED', contexts: [{ message: 'exit status 65' }] }], logs: { deepLink: 'https://log' } }, [], /ended as FAILED: BUILD exit status 65; its log: https:\/\/log/],
  ['that was stopped', { buildStatus: 'STOPPED' }, [], /ended as STOPPED/],
  ['of another project', { buildStatus: 'SUCCEEDED' }, [], /succeeded without a MODEL_IMAGE: is images the project/],
  ['whose image has no digest', { ...succeeded, exportedEnvironmentVariables: [{ name: 'MODEL_IMAGE', value: 'registry/models:1' }] }, [], /image of serving\/llama@1 is "registry\/models:1": give repository@sha256/],
  ['of another version', { ...succeeded, environment: { environmentVariables: [{ name: 'MODEL_DIGEST', value: OTHER }] } }, ['--build-id', 'images:0001'], /was of a model with the digest sha256:b+, and .* has sha256:a+/],
  ['that nobody knows', succeeded, ['--build-id', 'images:0002'], /is not known in this account and region/],
])('the lock file stays as it is after a build %s', async (_, state, args, says) => {
  server.states = [state];
  const { code, said } = await build(...args);
  expect([code, said('error')]).toEqual([1, [expect.stringMatching(says)]]);
  stays();
});

test.each<[string, string[], number, RegExp]>([
  ['a version that is not locked', ['--version', '3'], 1, /has no version '3' of 'serving\/llama'/],
  ['a build of another project', ['--build-id', 'others:1'], 2, /a build of this project begins with 'images:'/],
  ['a second project', ['more'], 2, /name one project/],
])('%s is refused before anything is built', async (_, args, expected, says) => {
  const { code, said } = await build(...args);
  expect([code, said('error')]).toEqual([expected, [expect.stringMatching(says)]]);
  expect(server.requests).toEqual([]);
});

test('a project that is not there is named', async () => {
  const { code, said } = await run(buildImage(5), ['others', '--lock', lock, '--name', 'llama', '--tenant', 'serving']);
  expect([code, said('error')]).toEqual([1, [expect.stringContaining('CodeBuild refused the build of serving/llama@1 in project others: ResourceNotFoundException, Project cannot be found')]]);
  stays();
});
