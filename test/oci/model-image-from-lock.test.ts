import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Lazy } from 'aws-cdk-lib';
import { ModelImage } from '../../lib/oci';

const digestOf = (character: string) => `sha256:${character.repeat(64)}`;
const image = (character: string) => `111122223333.dkr.ecr.eu-west-1.amazonaws.com/models@${digestOf(character)}`;
const versions = (...entries: Array<[string, object]>) => Object.fromEntries(entries.map(([version, more]) => [version, { digest: digestOf('a'), totalBytes: 5, ...more }]));

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'image-lock-'));
const file = path.join(folder, 'models.lock.json');
beforeAll(() => fs.writeFileSync(file, JSON.stringify({
  lockVersion: 1,
  models: {
    'llama': { current: '1', versions: versions(['1', { image: image('d') }]) },
    'serving/llama': { current: '2', versions: versions(['1', { image: image('b') }], ['2', { image: image('c') }], ['3', {}]) },
  },
})));
afterAll(() => fs.rmSync(folder, { recursive: true }));

test('OCI-15 the image of the current version, or of the one that is named, is pinned by its digest', () => {
  const found = ModelImage.fromLock(file, { name: 'llama', tenant: 'serving' });
  expect([found.reference, found.pinned, found.folder]).toEqual([image('c'), true, '/models']);
  expect(ModelImage.fromLock(file, { name: 'llama', tenant: 'serving', version: '1' }).reference).toBe(image('b'));
  expect(ModelImage.fromLock(file, { name: 'llama' }).reference).toBe(image('d'));
});

test('a version without an image says how to build one', () => {
  expect(() => ModelImage.fromLock(file, { name: 'llama', tenant: 'serving', version: '3' }))
    .toThrow(`${file} has no image of serving/llama@3: build one with npx cdk-eks-model-artifacts build-image <project> --lock ${file} --name llama --tenant serving --version 3`);
});

test('what is not there, or known only after deploying, is refused', () => {
  expect(() => ModelImage.fromLock(file, { name: 'other' })).toThrow(/has no model 'other'/);
  expect(() => ModelImage.fromLock(`${file}.not`, { name: 'llama' })).toThrow(/is not there/);
  const unknown = Lazy.string({ produce: () => 'x' });
  expect(() => ModelImage.fromLock(unknown, { name: 'llama' })).toThrow(/path of a lock file must be known at synth/);
  expect(() => ModelImage.fromLock(file, { name: unknown })).toThrow(/must be known at synth/);
});
