import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Lazy } from 'aws-cdk-lib';
import { ModelArtifact } from '../../lib/model';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const LOCK = JSON.stringify({
  lockVersion: 1,
  models: {
    'llama': { current: '7', versions: { 7: { digest: A, totalBytes: 7 } } },
    'serving/llama': { current: '1', versions: { 1: { digest: A, totalBytes: 16060556376 }, 2: { digest: B, totalBytes: 5 } } },
  },
});

const before = process.cwd();
let folder: string;
let file: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lock-'));
  file = path.join(folder, 'models.lock.json');
  fs.writeFileSync(file, LOCK);
});

afterEach(() => {
  process.chdir(before);
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a model has the current version, its digest, and its size to the byte', () => {
  const model = ModelArtifact.fromLock(file, { name: 'llama', tenant: 'serving' });
  expect(model).toMatchObject({ displayName: 'serving/llama@1', digest: A, prefix: 'models/serving/llama/1/', hasExplicitPrefix: false });
  expect(model.size.toBytes()).toBe(16060556376);
});

test('a model without a tenant is another one than that of a tenant', () => {
  expect(ModelArtifact.fromLock(file, { name: 'llama' })).toMatchObject({ displayName: 'llama@7', prefix: 'models/_shared/llama/7/' });
});

test('another version is pinned by name', () => {
  expect(ModelArtifact.fromLock(file, { name: 'llama', tenant: 'serving', version: '2' })).toMatchObject({ version: '2', digest: B });
});

test('it is the model that is made by hand', () => {
  const { name, version, tenant, size, digest, releaseId } = ModelArtifact.fromLock(file, { name: 'llama', tenant: 'serving' });
  expect(releaseId).toBe(ModelArtifact.of({ name, version, tenant, size, digest }).releaseId);
});

test('a relative path is below the working directory', () => {
  process.chdir(folder);
  expect(ModelArtifact.fromLock('models.lock.json', { name: 'llama' }).version).toBe('7');
  const elsewhere = fs.mkdtempSync(path.join(folder, 'elsewhere-'));
  process.chdir(elsewhere);
  expect(() => ModelArtifact.fromLock('models.lock.json', { name: 'llama' })).toThrow(
    `lock file models.lock.json is not there (looked for ${path.join(fs.realpathSync(elsewhere), 'models.lock.json')}): publish a model with --lock models.lock.json, or give the path as seen from the working directory`,
  );
  fs.writeFileSync('models.lock.json', LOCK.replace('"7":', '"8":').replace('"current":"7"', '"current":"8"'));
  expect(ModelArtifact.fromLock('models.lock.json', { name: 'llama' }).version).toBe('8');
});

test('a file that changes is read again', () => {
  expect(ModelArtifact.fromLock(file, { name: 'llama', tenant: 'serving' }).version).toBe('1');
  fs.writeFileSync(file, LOCK.replace('"current":"1"', '"current":"2"'));
  expect(ModelArtifact.fromLock(file, { name: 'llama', tenant: 'serving' }).version).toBe('2');
});

test('a folder is no lock file', () => {
  expect(() => ModelArtifact.fromLock(folder, { name: 'llama' })).toThrow(`lock file ${folder} can't be read: EISDIR`);
});

test('what the file has not is named beside what it has', () => {
  expect(() => ModelArtifact.fromLock(file, { name: 'llama', tenant: 'search' })).toThrow(
    `${file} has no model 'search/llama': publish it with --lock ${file}, or name one of its models: 'llama', 'serving/llama'`,
  );
  expect(() => ModelArtifact.fromLock(file, { name: 'llama', tenant: 'serving', version: '3' })).toThrow(
    `${file} has no version '3' of 'serving/llama': publish it with --lock ${file}, or name one of its versions: '1', '2'`,
  );
  fs.writeFileSync(file, '{"lockVersion":1,"models":{}}');
  expect(() => ModelArtifact.fromLock(file, { name: 'llama' })).toThrow('or name one of its models: (there is none)');
});

test('of many names some are told', () => {
  const models = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`m${index}`, { current: '1', versions: { 1: { digest: A, totalBytes: 1 } } }]));
  fs.writeFileSync(file, JSON.stringify({ lockVersion: 1, models }));
  expect(() => ModelArtifact.fromLock(file, { name: 'llama' })).toThrow(/'m0', .*'m9', and 2 more$/);
});

test('names that are not valid are refused as ever', () => {
  expect(() => ModelArtifact.fromLock(file, { name: 'Llama' })).toThrow("model name 'Llama' is not valid");
  expect(() => ModelArtifact.fromLock(file, { name: 'llama', tenant: 'a.b' })).toThrow("tenant 'a.b' is not valid");
  expect(() => ModelArtifact.fromLock(file, { name: 'llama', version: '1/2' })).toThrow("model version '1/2' is not valid");
});

test('tokens are refused', () => {
  const token = Lazy.string({ produce: () => 'llama' });
  const refused: Array<[string, string, Parameters<typeof ModelArtifact.fromLock>[1]]> = [
    ['path of a lock file', token, { name: 'llama' }],
    ['model name', file, { name: token }],
    ['tenant', file, { name: 'llama', tenant: token }],
    ['model version', file, { name: 'llama', version: token }],
  ];
  for (const [what, where, props] of refused) {
    expect(() => ModelArtifact.fromLock(where, props)).toThrow(`${what} must be known at synth, got an unresolved token`);
  }
});
