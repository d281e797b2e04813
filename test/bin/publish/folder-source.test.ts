import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256, temporaryFolder, write } from './files';
import { Output } from '../../../bin/cli/output';
import { filterOf } from '../../../bin/publish/filter';
import { openFolder } from '../../../bin/publish/folder-source';
import { hashFiles } from '../../../bin/publish/hashing';
import { warnOfCode } from '../../../bin/publish/warnings';

let folder: string;
beforeEach(() => { folder = temporaryFolder(); });
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const open = (source = folder, include: string[] = [], exclude: string[] = []) => openFolder(source, filterOf(include, exclude));
const paths = async (...args: Parameters<typeof open>) => (await open(...args)).files.map(file => file.path);
const refusal = (source = folder): Promise<string> => open(source).then(() => 'not refused', (error: Error) => error.message);
/** Any file: what is refused is not the want of one. */
const model = () => write(folder, { 'model.safetensors': 'weights' });

test('files come in the order of their bytes, as LC_ALL=C sort has them', async () => {
  write(folder, { 'a/b': '1', 'a.txt': '2', 'a b': '3', 'Z': '4', 'ü': '5', '.hidden': '6', '\u{1f600}': '7', '\uff5e': '8' });
  const sorted = execFileSync('sh', ['-c', "find . -type f -printf '%P\\n' | LC_ALL=C sort"], { cwd: folder, encoding: 'utf8' }).trim().split('\n');
  expect(await paths()).toEqual(sorted);
});

test('litter stays out and is named; --include takes it where it names it, --exclude has the last word', async () => {
  write(folder, { 'model.safetensors': 'x', 'sub/model.bin': 'x', '.git/HEAD': 'x', '.cache/huggingface/a.metadata': 'x', 'sub/.DS_Store': 'x', 'README.md': 'x' });
  const { files, leftOut } = await open();
  expect(files.map(file => file.path)).toEqual(['README.md', 'model.safetensors', 'sub/model.bin']);
  expect(leftOut!.sort()).toEqual(['.cache/huggingface/a.metadata', '.git/HEAD', 'sub/.DS_Store']);
  expect(await paths(folder, ['*.bin', '*.safetensors'])).toEqual(['model.safetensors', 'sub/model.bin']);
  expect(await paths(folder, ['**'])).toEqual(['README.md', 'model.safetensors', 'sub/model.bin']);
  expect(await paths(folder, ['.cache/**'])).toEqual(['.cache/huggingface/a.metadata']);
  expect(await paths(folder, ['sub', '*.md'], ['*.md'])).toEqual(['sub/model.bin']);
  expect(await paths(folder, [], ['./sub/'])).toEqual(['README.md', 'model.safetensors']);
});

test('links of a snapshot into the blobs of its own cache are followed; a blob that is called by its SHA-256 must have it', async () => {
  const [snapshot, blobs] = [path.join(folder, 'models--org--name/snapshots/abc'), path.join(folder, 'models--org--name/blobs')];
  write(blobs, { [sha256('weights')]: 'weights', '0123456789012345678901234567890123456789': '{}', ['f'.repeat(64)]: 'damaged' });
  write(path.join(folder, 'models--org--name'), { 'refs/main': 'abc' });
  fs.mkdirSync(path.join(snapshot, 'sub'), { recursive: true });
  fs.symlinkSync(`../../../blobs/${sha256('weights')}`, path.join(snapshot, 'sub/model.safetensors'));
  fs.symlinkSync('../../blobs/0123456789012345678901234567890123456789', path.join(snapshot, 'config.json'));
  const source = await open(snapshot);
  expect(source.files.map(file => [file.path, file.size])).toEqual([['config.json', 2], ['sub/model.safetensors', 7]]);
  expect((await hashFiles(source, () => undefined)).map(({ digest }) => digest.sha256)).toEqual([sha256('{}'), sha256('weights')]);

  expect(await refusal(path.join(folder, 'models--org--name'))).toContain('is the cache of a repository, with all its revisions');
  fs.symlinkSync(`../../blobs/${'f'.repeat(64)}`, path.join(snapshot, 'damaged.safetensors'));
  await expect(hashFiles(await open(snapshot), () => undefined)).rejects.toThrow("'damaged.safetensors' has the SHA-256");
});

test('everything that can not be published is named at once', async () => {
  model();
  const outside = write(temporaryFolder(), { secret: 'x' });
  fs.symlinkSync(path.join(outside, 'secret'), path.join(folder, 'leaves'));
  fs.symlinkSync('nowhere', path.join(folder, 'dangling'));
  fs.mkdirSync(path.join(folder, 'sub'));
  fs.symlinkSync('..', path.join(folder, 'sub/loop'));
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  write(folder, { 'line\nbreak': 'x', 'back\\slash': 'x', 'lfs.safetensors': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n' });
  fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/latin-`), Buffer.from([0xe9])]), 'x');
  write(folder, { 'model.json': '{"learner": {}}', 'manifest.sha256': 'theirs' });
  const text = await refusal();
  fs.rmSync(outside, { recursive: true });
  for (const part of [
    `'leaves' is a link that leaves the folder, to ${outside}/secret`,
    "'dangling' is a link to what is not there",
    "'sub/loop' is a link to a folder that it is in",
    "'pipe' is a socket, a device or a pipe",
    "'line\nbreak' can't be a file of a model: it has a backslash or a control character",
    "'back\\slash' can't be a file of a model",
    "'lfs.safetensors' is a pointer of Git LFS, not the file itself: run git lfs pull",
    'its name is no valid Unicode',
    "'model.json' is a name of the layout: rename yours",
    "'manifest.sha256' is a name of the layout: rename yours",
  ]) expect(text).toContain(part);
});

test('links that stay in the folder are followed', async () => {
  model();
  fs.symlinkSync('model.safetensors', path.join(folder, 'latest.safetensors'));
  write(folder, { 'v1/a': 'x' });
  fs.symlinkSync('v1', path.join(folder, 'current'));
  expect(await paths()).toEqual(['current/a', 'latest.safetensors', 'model.safetensors', 'v1/a']);
});

test('a folder without a byte to publish is refused, and one that is not there', async () => {
  expect(await refusal()).toContain('has no file with a byte in it that --include and --exclude let in: give the folder');
  write(folder, { 'empty': '', '.git/HEAD': 'x', 'model.json': '{"totalBytes": 0}\n' });
  expect(await refusal()).toContain('has no file with a byte in it that --include and --exclude let in beside what is left out (.git/HEAD, …)');
  expect(await refusal(path.join(folder, 'none'))).toContain('is no folder that can be read: ENOENT');
  expect(await refusal(path.join(folder, 'empty'))).toContain('is no folder that can be read: ENOTDIR');
});

test('what an earlier publication left is made anew, and what it said of its source is kept', async () => {
  model();
  write(folder, { 'model.json': '{"totalBytes": 99}\n', 'manifest.sha256': `${'0'.repeat(64)}  a\n${'0'.repeat(64)}  model.json\n`, '1/model.json': '{"theirs": 1}' });
  const source = await open();
  expect(source.files.map(file => file.path)).toEqual(['1/model.json', 'model.safetensors']);
  expect(source.description).toEqual({});
  write(folder, { 'model.json': '{"totalBytes": 99, "source": {"hub":"x"}, "licence": "mit"}\n' });
  expect((await open()).description).toEqual({ source: { hub: 'x' }, licence: 'mit' });
});

test('a file that changes, comes or goes after the listing is named', async () => {
  write(folder, { 'model.safetensors': 'weights', 'b': 'x', 'c': 'x' });
  const source = await open();
  await expect(source.check()).resolves.toBeUndefined();
  fs.writeFileSync(path.join(folder, 'model.safetensors'), 'WEIGHTS'); // the same size
  fs.utimesSync(path.join(folder, 'model.safetensors'), 1, 1);
  await expect(hashFiles(source, () => undefined)).rejects.toThrow("'model.safetensors' changes while it is read");
  await expect(source.check()).rejects.toThrow("changes while it is read: 'model.safetensors' changed;");
  fs.rmSync(path.join(folder, 'b'));
  write(folder, { d: 'x' });
  await expect(source.check()).rejects.toThrow('and 2 more');
  await expect(hashFiles(source, () => undefined)).rejects.toThrow(/b' can't be read: ENOENT|'model.safetensors' changes/);
});

test('formats that run code are warned of, others are not', () => {
  const warned: string[] = [];
  const output = { warn: (id: string, line: string) => warned.push(`${id}: ${line}`) } as unknown as Output;
  const files = (...names: string[]) => names.map(name => ({ path: name, size: 1, open: () => Promise.reject(new Error('not read')) }));
  warnOfCode(files('model.safetensors', 'model.gguf', 'config.json', 'notes.pyx', 'a.binary'), output);
  expect(warned).toEqual([]);
  warnOfCode(files('pytorch_model.bin', 'b.PT', 'modeling.py'), output);
  expect(warned).toEqual([
    expect.stringMatching(/^pickleFormat: 'pytorch_model.bin' \(and 1 more\) may be a pickle/),
    expect.stringMatching(/^pythonCode: 'modeling.py' is code/),
  ]);
});
