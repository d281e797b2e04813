import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { referenceLock, referenceManifests } from '../../../bin/prune/reference-files';
import { References } from '../../../bin/prune/references';
import { lockModel } from '../../../lib/model/models-lock';

const id = (version: string) => ({ tenant: 'serving', name: 'llama', version });
let folder: string;
let references: References;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'references-'));
  references = new References();
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const target = path.join(folder, name);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, content);
  return target;
}

const protectedVersions = () => ['1', '2', '3', '4'].filter(version => references.of({ id: id(version) }).length > 0);

test('every version of a lock file stays, and whoever has its digest', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const one = lockModel(undefined, 'l', id('1'), { digest, totalBytes: 1 }, true);
  referenceLock(references, file('models.lock.json', lockModel(one, 'l', id('2'), { digest: `sha256:${'b'.repeat(64)}`, totalBytes: 1 }, true)));
  expect(protectedVersions()).toEqual(['1', '2']);
  expect(references.of({ id: { name: 'copy', version: '9' }, digest })).toHaveLength(1);
});

test('every file of a folder is read, whatever it is, and links are followed', () => {
  file('manifests/a/server.yaml', 'models/serving/llama/1/');
  file('manifests/values', 'serving/llama@2');
  fs.symlinkSync(path.dirname(file('elsewhere/x.json', '"serving/llama@3"')), path.join(folder, 'manifests', 'link'));
  fs.symlinkSync('..', path.join(folder, 'manifests', 'a', 'up'));
  file('manifests/.git/index', 'serving/llama@4');
  referenceManifests(references, path.join(folder, 'manifests'));
  expect(protectedVersions()).toEqual(['1', '2', '3']);
});

test('what is not there, is broken or holds nothing is an error, not silence', () => {
  expect(() => referenceLock(references, path.join(folder, 'none.json'))).toThrow(/^lock file .*ENOENT/);
  expect(() => referenceLock(references, file('broken.json', '{'))).toThrow(/^lock file .*broken.json: this is no JSON/);
  expect(() => referenceManifests(references, path.join(folder, 'none'))).toThrow(/^manifests .*can't be read: ENOENT/);
  fs.mkdirSync(path.join(folder, 'empty', '.git'), { recursive: true });
  expect(() => referenceManifests(references, path.join(folder, 'empty'))).toThrow(/holds no file/);
  fs.symlinkSync('nowhere', path.join(folder, 'empty', 'dangling'));
  expect(() => referenceManifests(references, path.join(folder, 'empty'))).toThrow(/can't be read: ENOENT/);
});
