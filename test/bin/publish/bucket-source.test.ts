import { createHash } from 'node:crypto';
import { CLAIM, downloaded, MANIFEST, publishFolder } from './fixture';
import { Call } from '../../../bin/cli/command';
import { Store } from '../../../bin/cli/store';
import { openBucket } from '../../../bin/publish/bucket-source';
import { copyFile } from '../../../bin/publish/copy';
import { PartHasher, partSizeOf } from '../../../bin/publish/digests';
import { filterOf } from '../../../bin/publish/filter';
import type { SourceFile } from '../../../bin/publish/source';
import { Bucket } from '../s3-bucket';
import { BucketServer } from '../s3-server';

jest.setTimeout(60_000);

const MIB = 2 ** 20;
/** Of three ranges and two parts, none like another. */
const WEIGHTS = Buffer.alloc(17 * MIB);
for (let at = 0; at < WEIGHTS.length; at += 4096) WEIGHTS.writeUInt32LE(at, at);

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

let server: BucketServer;
let others: Bucket;
let call: Call;
let target: Store;
beforeEach(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S', AWS_REGION: 'us-west-2' });
  server = await new BucketServer('models', { allowListing: false, region: 'us-west-2' }).start();
  others = server.addBucket('others', { region: 'eu-west-1', pageSize: 2 });
  others.put('llama/config.json', '{"a":1}');
  others.put('llama/é &+%/weights.safetensors', 'weights', { sha256: false });
  others.put('llama/empty', '');
  others.put('llama/', '');
  others.put('llama/sub/', '');
  others.put('llama-2/config.json', 'another model');
  call = { words: [], values: { 'endpoint-url': server.endpoint }, output: {} as Call['output'] };
  target = Store.at('s3://models', call);
});
afterEach(async () => {
  target.client.destroy();
  await server.stop();
});

const open = (url = 's3://others/llama', include: string[] = [], exclude: string[] = []) => openBucket(url, call, filterOf(include, exclude));

async function bytesOf(file: SourceFile, range?: { start: number; end: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await file.open(range)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What publishing computes of a file before it is copied. */
function digestOf(content: Buffer) {
  const hasher = new PartHasher(partSizeOf(content.length));
  hasher.update(content);
  return hasher.digest();
}

const putWeights = () => others.put('llama/é &+%/weights.safetensors', WEIGHTS, { sha256: false });

test('a prefix is read in another region, in ranges pinned to what was listed', async () => {
  putWeights();
  const source = await open();
  expect(source.files.map(({ path, size }) => [path, size])).toEqual([['config.json', 7], ['empty', 0], ['é &+%/weights.safetensors', 17 * MIB]]);
  expect(source.description).toEqual({});
  expect((await bytesOf(source.files[2])).equals(WEIGHTS)).toBe(true);
  const { etag } = others.current('llama/é &+%/weights.safetensors')!;
  const ranges = server.requests.filter(({ operation, status }) => operation === 'GetObject' && status === 206).map(({ headers }) => [headers.range, headers['if-match']]);
  expect(ranges.sort()).toEqual([['bytes=0-8388607', etag], ['bytes=16777216-17825791', etag], ['bytes=8388608-16777215', etag]]);
  expect((await bytesOf(source.files[2], { start: 4096 * 5, end: 4096 * 5 + 4 })).readUInt32LE()).toBe(4096 * 5);
  expect(await bytesOf(source.files[1])).toHaveLength(0);
  await source.check();
  // S3 is asked once where the bucket is.
  expect(server.requests.filter(({ status }) => status === 301).map(({ operation }) => operation)).toEqual(['HeadBucket']);
});

test('answers that break off are fetched anew', async () => {
  putWeights();
  server.faults = [{ fault: 'cut', operation: 'GetObject', times: 2 }, { fault: 'reset', operation: 'GetObject', times: 1 }];
  expect((await bytesOf((await open()).files[2])).equals(WEIGHTS)).toBe(true);
});

test('S3 copies the parts, pinned to what was read, and no byte goes through here', async () => {
  putWeights();
  const { files: [config, empty, weights] } = await open('s3://others/llama/');
  for (const [file, content] of [[config, Buffer.from('{"a":1}')], [empty, Buffer.alloc(0)], [weights, WEIGHTS]] as const) {
    await copyFile(target, `models/_shared/x/1/${file.path}`, file, digestOf(content));
    expect(server.main.content(`models/_shared/x/1/${file.path}`)!.equals(content)).toBe(true);
    expect(server.main.current(`models/_shared/x/1/${file.path}`)!.metadata).toEqual({ sha256: sha256(content) });
  }
  expect(server.requests.filter(({ operation }) => operation === 'UploadPartCopy').map(({ headers }) => headers['x-amz-copy-source-range']).sort())
    .toEqual(['bytes=0-16777215', 'bytes=16777216-17825791', undefined]);
  expect(server.requests.every(({ bytes }) => bytes === 0)).toBe(true);
  await expect(copyFile(target, 'models/_shared/x/1/config.json', config, digestOf(Buffer.from('{"a":1}')))).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
});

test('a copy of other bytes is never an object', async () => {
  const { files: [config] } = await open();
  const key = 'models/_shared/x/1/config.json';
  const copy = (file: SourceFile) => copyFile(target, key, file, digestOf(Buffer.from('{"a":1}')));
  server.faults = [{ fault: 'flip', operation: 'UploadPartCopy' }];
  await expect(copy(config)).rejects.toThrow(/'config.json' was copied by S3 with the SHA-256 [0-9a-f]{64} for part 1, and was read with 015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862: nothing is kept of it/);
  server.faults = [{ fault: 'none', operation: 'UploadPartCopy', hook: () => others.put('llama/config.json', '{"a":2}') }];
  await expect(copy(config)).rejects.toThrow('\'config.json\' changed at s3://others/llama/config.json while it was read');
  expect([server.main.keys(), server.main.uploads.size]).toEqual([[], 0]);
});

test.each([
  ['changed', () => others.put('llama/config.json', '{"a":2}'), /'config.json' changed at s3:\/\/others\/llama\/ while it was read/],
  ['vanished', () => others.delete('llama/config.json'), /'config.json' vanished at/],
  ['came', () => others.put('llama/more', 'x'), /'more' came to s3:\/\/others\/llama\//],
])('a prefix where something %s while it was read', async (_, change, reason) => {
  const source = await open();
  change();
  await expect(source.check()).rejects.toThrow(reason);
});

test('an object that changed is not read', async () => {
  const { files: [config] } = await open();
  others.put('llama/config.json', '{"a":2}');
  await expect(bytesOf(config)).rejects.toThrow('\'config.json\' changed at s3://others/llama/config.json while it was read');
});

test('what can\'t be published is refused, all at once', async () => {
  others.put('llama/a//b', 'x');
  others.put('llama/old', 'x', { storageClass: 'DEEP_ARCHIVE' });
  others.put('llama/folder/', 'with bytes');
  others.put('llama/model.json', '{"of": "another layout"}');
  await expect(open()).rejects.toThrow(new RegExp([
    's3://others/llama/ can\'t be published:', '\'a//b\' can\'t be a file of a model: every segment needs a name.*', '\'folder/\' has bytes but is named as a folder',
    '\'old\' is archived \\(DEEP_ARCHIVE\\): restore it .*', '\'model.json\' is a name of the layout: .*',
  ].join('\n  ')));
  await expect(open('s3://others/llam')).rejects.toThrow(/s3:\/\/others\/llam\/ has no object with a byte in it: give the prefix/);
  await expect(open('s3://others/llama-2', [], ['*'])).rejects.toThrow(/that --include and --exclude let in, of 1/);
  await expect(open('s3://models/x')).rejects.toThrow(/s3:\/\/models\/x\/ may not be listed by these credentials: they need s3:ListBucket/);
});

test('a read that was damaged on the way is seen by the checksum that S3 has of the object, before anything is written', async () => {
  server.faults = [{ fault: 'flip', operation: 'GetObject', key: /config/ }];
  const { code, err } = await publishFolder(server, 's3://others/llama');
  expect([code, err]).toEqual([1, expect.stringMatching(/error: 'config.json' has the SHA-256 [0-9a-f]{64}, its source calls it 015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862/)]);
  expect(server.main.keys()).toEqual([]);
});

test('a pointer of Git LFS is refused before anything is written', async () => {
  others.put('llama/model.gguf', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
  const { code, err } = await publishFolder(server, 's3://others/llama');
  expect([code, err]).toEqual([1, expect.stringContaining("error: 'model.gguf' is a pointer of Git LFS, not the file itself")]);
  expect(server.main.keys()).toEqual([]);
});

test('a part of a version that is not published is refused; what only lies as one does is not', async () => {
  others.put('models/serving/llama/v1/sub/config.json', '{}');
  expect((await open('s3://others/models/serving/llama/v1')).files).toHaveLength(1);
  others.put('publishing/serving/llama/v1/manifest.sha256', 'what it is going to hold');
  const refusal = 'holds what came so far of serving/llama@v1, which is not published';
  await expect(open('s3://others/models/serving/llama/v1')).rejects.toThrow(refusal);
  await expect(open('s3://others/models/serving/llama/v1/sub')).rejects.toThrow(refusal);
  others.put('models/serving/llama/v1/manifest.sha256', 'being discarded by somebody\n');
  await expect(open('s3://others/models/serving/llama/v1/sub')).rejects.toThrow(refusal);
  others.put('models/serving/llama/v1/manifest.sha256', `${'0'.repeat(64)}  sub/config.json\n`);
  expect((await open('s3://others/models/serving/llama/v1/sub')).files).toHaveLength(1);
});

describe('a version that was published before', () => {
  const DESCRIPTION = '{"totalBytes": 6, "commit": "abc"}\n';
  const put = (files: { [path: string]: string }) => Object.entries(files).forEach(([path, content]) => others.put(`v/1/${path}`, content));
  const lines = (files: { [path: string]: string }) => Object.entries(files).map(([path, content]) => `${sha256(content)}  ${path}\n`).join('');
  const FILES = { 'a': 'one', 'b/c': 'two', 'model.json': DESCRIPTION };
  beforeEach(() => put({ ...FILES, 'manifest.sha256': lines(FILES) }));

  test('brings its hashes and its description', async () => {
    const source = await open('s3://others/v/1');
    expect(source.files.map(({ path, sha256: hash }) => [path, hash])).toEqual([['a', sha256('one')], ['b/c', sha256('two')]]);
    expect(source.description).toEqual({ commit: 'abc' });
    await source.check();
  });

  test.each<[string, { [path: string]: string }, RegExp]>([
    ['lacks a file', { 'manifest.sha256': lines({ ...FILES, d: 'three' }) }, /'d' is in its manifest.sha256, but not there/],
    ['has one more', { d: 'three' }, /'d' is not in its manifest.sha256: leave it out with --exclude/],
    ['has another description', { 'model.json': '{"totalBytes": 7}\n' }, /'model.json' has other bytes than its manifest.sha256 says/],
    ['has another kind of manifest', { 'manifest.sha256': 'SHA256 (a) = 00\n' }, /s3:\/\/others\/v\/1\/manifest.sha256 is no manifest of this layout: line 1/],
  ])('one that %s is refused', async (_, files, reason) => {
    put(files);
    await expect(open('s3://others/v/1')).rejects.toThrow(reason);
  });

  test('is published again as what it is', async () => {
    const { code, out } = await publishFolder(server, 's3://others/v/1', '--json');
    expect([code, JSON.parse(out.trimEnd().split('\n').at(-1)!)]).toMatchObject([0, { event: 'result', digest: `sha256:${sha256(lines(FILES))}`, totalBytes: 6, sentBytes: 0 }]);
    expect(downloaded(server)).toEqual(Object.fromEntries(Object.entries(FILES).map(([path, content]) => [path, Buffer.from(content)])));
  });

  test('one with a damaged file is refused before anything is written', async () => {
    put({ 'b/c': 'tWo' });
    const { code, err } = await publishFolder(server, 's3://others/v/1');
    expect([code, err]).toEqual([1, expect.stringMatching(/error: 'b\/c' has the SHA-256 [0-9a-f]{64}, its source calls it [0-9a-f]{64}/)]);
    expect(server.main.keys()).toEqual([]);
  });
});

test('a prefix is published, and what changes meanwhile is not', async () => {
  server.faults = [{ fault: 'none', operation: 'UploadPartCopy', times: 1, hook: () => others.put('llama/config.json', '{"a":2}') }];
  const args = ['s3://others/llama', '--parallel', '1'];
  const refused = await publishFolder(server, args[0], ...args.slice(1));
  expect([refused.code, server.main.current(MANIFEST)]).toEqual([1, undefined]);
  expect(refused.err).toMatch(/error: 'config.json' changed at s3:\/\/others\/llama\/(config.json )?/);
  // What it is now is another version's: the claim says so.
  expect((await publishFolder(server, args[0])).code).toBe(1);
  others.put('llama/config.json', '{"a":1}');
  expect(await publishFolder(server, args[0])).toMatchObject({ code: 0 });
  expect(Object.keys(downloaded(server)).sort()).toEqual(['config.json', 'empty', 'model.json', 'é &+%/weights.safetensors']);
  expect(server.main.content(CLAIM)!.equals(server.main.content(MANIFEST)!)).toBe(true);
});
