import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { readConfiguration } from '../../bin/configuration';

const ROOT = path.join(__dirname, '..', '..');
const TSX = path.join(ROOT, 'node_modules', '.bin', 'tsx');

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'environment-'));
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function withConfiguration(change: (configuration: any) => void): string {
  const configuration = JSON.parse(fs.readFileSync(path.join(ROOT, 'environment.json'), 'utf8'));
  change(configuration);
  const file = path.join(folder, 'environment.json');
  fs.writeFileSync(file, JSON.stringify(configuration));
  return file;
}

/** Without a network at all where the machine lets us make such a namespace, as `npm start` promises to need none. */
function offline(command: string, args: string[]): [string, string[]] {
  return spawnSync('unshare', ['-rn', 'true']).status === 0 ? ['unshare', ['-rn', command, ...args]] : [command, args];
}

test('the summary says how a model that comes in an image is delivered, and why so', () => {
  const file = withConfiguration(configuration => {
    configuration.kubernetes = { kubernetesVersion: '1.35' };
    configuration.servers[0].model.image = `registry.example/models/llama@sha256:${'1'.repeat(64)}`;
  });
  const { PATH, HOME } = process.env;
  const output = execFileSync(TSX, [path.join(ROOT, 'bin', 'environment.ts')], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH, HOME, CDK_OUTDIR: path.join(folder, 'cdk.out'), CDK_VALIDATION: 'false', CDK_CONTEXT_JSON: JSON.stringify({ environment: file }) },
  });
  expect(output).toMatch(/serving\/llama serves llama-3-8b@2026-11-01, .*\n +by imageVolume: Kubernetes 1\.35 mounts images as volumes/);
  expect(output).toContain('registry.example/models/llama@sha256:');
}, 60_000);

test('the environment synthesises without a network or an account, and its summary says what, where, which images and what next', () => {
  const file = withConfiguration(configuration => {
    configuration.servers[0].model.digest = `sha256:${'0'.repeat(64)}`;
  });
  const [command, args] = offline(TSX, [path.join(ROOT, 'bin', 'environment.ts')]);
  const { PATH, HOME } = process.env;
  const output = execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH, HOME, CDK_OUTDIR: path.join(folder, 'cdk.out'), CDK_VALIDATION: 'false', CDK_CONTEXT_JSON: JSON.stringify({ environment: file }) },
  });
  expect(output).toContain('Stack ModelEnvironment for cluster inference in eu-west-1');
  expect(output).toContain('cdk.out/ModelEnvironment.template.json');
  expect(output).toContain('manifests/serving.llama.yaml');
  expect(output).toContain('manifests/serving.llama.serviceaccount.yaml');
  expect(output).toContain('docker.io/peakcom/s5cmd:v2.3.0@sha256:');
  expect(output).toContain('docker.io/vllm/vllm-openai:');
  expect(output).toContain('npx cdk deploy');
  expect(output).toMatch(/models\/<namespace>\/\n +read +pods of namespace <namespace> on cluster inference\n +publish +nobody\n +delete +nobody\n/);
  expect(output).toContain('serving/llama: 29.3 GiB of disk, 1 nvidia.com/gpu'); // 1.2 times 16 GiB, in whole MiB, and 10 GiB of scratch
  expect(fs.existsSync(path.join(folder, 'manifests', 'serving.llama.yaml'))).toBe(true);
}, 60_000);

test.each<[string, (configuration: any) => void, RegExp]>([
  ['a missing setting', configuration => delete configuration.region, /region is missing, expected a string/],
  ['a misspelt setting', configuration => { configuration.clutser = 'x'; }, /clutser is not a setting: use region, cluster/],
  ['a setting of another type', configuration => { configuration.servers[0].model.sizeGiB = '16'; }, /servers\[0\]\.model\.sizeGiB is "16", expected a number/],
  ['a tenant without its namespaces in a list', configuration => { configuration.tenants = { nlp: 'nlp-dev' }; }, /tenants\.nlp is "nlp-dev", expected an array of namespaces/],
  ['a misspelt fact of the cluster', configuration => { configuration.kubernetes = { version: '1.35' }; }, /kubernetes\.version is not a setting: use kubernetesVersion/],
  ['an unknown engine', configuration => { configuration.servers[0].engine = 'llamacpp'; }, /servers\[0\]\.engine is 'llamacpp', expected vllm, tgi or triton/],
])('%s in the configuration is an error that names it', (_, change, expected) => {
  expect(() => readConfiguration(withConfiguration(change))).toThrow(expected);
});

test('a configuration that is no JSON is an error that names the file', () => {
  const file = path.join(folder, 'environment.json');
  fs.writeFileSync(file, '{');
  expect(() => readConfiguration(file)).toThrow(`${file} can't be read`);
});
