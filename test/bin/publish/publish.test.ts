import { generateKeyPairSync } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256, temporaryFolder, weights, write } from './files';
import { CLAIM, downloaded, MANIFEST, PREFIX, publishFolder, useCredentials } from './fixture';
import { PART } from './small-parts';
import { BucketServer } from '../s3-server';

const LARGE = 1.25 * PART;

let server: BucketServer;
let folder: string;

jest.setTimeout(60_000); // for a machine with much else to do

beforeAll(useCredentials);

beforeEach(async () => {
  server = await new BucketServer('models', { allowListing: false, minimumPartBytes: PART }).start();
  folder = temporaryFolder();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A model of a large file, in two parts, and small ones. */
function model() {
  return written(weights(LARGE, 'a'));
}

/** A model of small files. */
function smallModel() {
  return written(Buffer.from('weights'));
}

function written(large: Buffer) {
  const files = { 'config.json': '{}\n', 'model.safetensors': large, 'tokenizer/a name.txt': 'x', 'empty': '' };
  write(path.join(folder, 'model'), files);
  return files;
}
const source = () => path.join(folder, 'model');

test('a folder is published whole: the claim first, each object once and with its SHA-256, the manifest last', async () => {
  const files = model();
  const { code, out } = await publishFolder(server, source());

  const description = `{"totalBytes": ${LARGE + 4}}\n`;
  const manifest = [
    `${sha256(files['config.json'])}  config.json`,
    `${sha256('')}  empty`,
    `${sha256(description)}  model.json`,
    `${sha256(files['model.safetensors'])}  model.safetensors`,
    `${sha256('x')}  tokenizer/a name.txt`,
    '',
  ].join('\n');
  expect(server.main.current(MANIFEST)!.bytes!.toString()).toBe(manifest);
  expect(server.main.current(CLAIM)!.bytes!.toString()).toBe(manifest);
  expect(downloaded(server)['model.json'].toString()).toBe(description);
  expect([code, out]).toEqual([0, [
    'serving/llama@v1 is published: 4 files, 1.3 MiB, 1.3 MiB sent',
    `digest: sha256:${sha256(manifest)}`,
    `ModelArtifact.of({ name: 'llama', version: 'v1', tenant: 'serving', size: Size.mebibytes(2), digest: 'sha256:${sha256(manifest)}' })`,
    '',
  ].join('\n')]);

  const writes = server.requests.filter(({ operation }) => ['PutObject', 'CompleteMultipartUpload'].includes(operation));
  expect(writes.every(({ headers }) => headers['if-none-match'] === '*')).toBe(true);
  expect(writes[0].key).toBe(CLAIM);
  expect(writes.slice(-2).map(({ key }) => key)).toEqual([`${PREFIX}model.json`, MANIFEST]);
  expect(new Set(writes.map(({ key }) => key)).size).toBe(writes.length);
  const bodies = server.requests.filter(({ operation }) => ['PutObject', 'UploadPart'].includes(operation));
  expect(bodies).toHaveLength(6 + 2);
  for (const { headers } of bodies) {
    expect(Buffer.from(String(headers['x-amz-checksum-sha256']), 'base64').toString('hex')).toBe(headers['x-amz-content-sha256']);
  }
  expect(server.main.current(`${PREFIX}config.json`)!.metadata).toEqual({ sha256: sha256('{}\n') });
});

test('a version that is published with the same content is said to be so, and nothing is written; other content is refused by name', async () => {
  const files = smallModel();
  const first = await publishFolder(server, source(), '--json');
  const writes = server.requests.length;
  const { code, out } = await publishFolder(server, source(), '--json');
  expect(code).toBe(0);
  const result = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1)!);
  expect(result(out)).toEqual({ ...result(first.out), alreadyPublished: true, sentBytes: 0 });
  const since = server.requests.slice(writes);
  expect(since.slice(0, 2).map(({ operation }) => operation)).toEqual(['HeadBucket', 'GetObject']);
  expect(since.slice(2).map(({ operation, key }) => `${operation} ${key}`).sort()).toEqual([...Object.keys(files), 'model.json'].map(name => `HeadObject ${PREFIX}${name}`).sort());

  write(source(), { 'config.json': '{"changed": 1}', 'more.txt': '' });
  fs.rmSync(path.join(source(), 'empty'));
  const other = await publishFolder(server, source());
  expect(other).toMatchObject({ code: 1, out: '' });
  expect(other.err).toContain("error: serving/llama@v1 is published with other content, and never changes: 'config.json' has other bytes there, 'empty' is only there, 'model.json' has other bytes there, and 1 more; publish under another version");
  expect(downloaded(server)['config.json'].toString()).toBe(files['config.json']);
});

test('a rerun sends nothing that is there, whether in one part or in several', async () => {
  model();
  server.faults = [{ fault: 500, operation: 'PutObject', key: /model\.json$/, times: 10 }];
  jest.spyOn(Math, 'random').mockReturnValue(0); // the SDK waits a random part of its backoff
  const first = await publishFolder(server, source());
  expect(first).toMatchObject({ code: 1, out: '' });
  expect(server.main.current(MANIFEST)).toBeUndefined();
  const seen = server.requests.length;
  const { code, err, out } = await publishFolder(server, source());
  expect([code, out.split('\n')[0]]).toEqual([0, 'serving/llama@v1 is published: 4 files, 1.3 MiB, 0 bytes sent']);
  expect(err).toContain('serving/llama@v1 was begun before, with the same content');
  expect(server.requests.slice(seen).filter(({ bytes }) => bytes > 0).map(({ key }) => key)).toEqual([`${PREFIX}model.json`, MANIFEST]);
  downloaded(server);
});

test('an object that is there is trusted by the checksum that S3 has of it, not by what its writer says', async () => {
  const { 'config.json': config, 'model.safetensors': large } = model();
  server.main.put(`${PREFIX}config.json`, config, { sha256: false }); // no checksum: it is read
  const { code } = await publishFolder(server, source());
  expect(code).toBe(0);
  expect(server.asked('GetObject')).toContain(`${PREFIX}config.json`);

  await server.stop();
  server = await new BucketServer('models').start();
  server.main.put(`${PREFIX}model.safetensors`, Buffer.alloc(large.length), { sha256: false, metadata: { sha256: sha256(large) } });
  const forged = await publishFolder(server, source());
  expect(forged.err).toContain(`s3://models/${PREFIX}model.safetensors is there already, with other bytes than 'model.safetensors' has`);
  expect(forged.err).toContain('--discard-unpublished');
  expect(forged.code).toBe(1);
});

test('a version that another content has claimed is refused before anything is written', async () => {
  smallModel();
  server.main.put(CLAIM, `${'0'.repeat(64)}  config.json\n${'1'.repeat(64)}  model.json\n`, { lastModified: new Date('2026-11-01T10:00:00Z') });
  const { code, err } = await publishFolder(server, source());
  expect(code).toBe(1);
  expect(err).toContain('serving/llama@v1 is being published with other content, or was and never got to its end');
  expect(err).toContain("was left 2026-11-01T10:00:00.000Z, 'config.json' has other bytes there, ");
  expect([...server.objects.keys()]).toEqual([CLAIM]);
});

test('what passes is tried again: refusals for being busy, conflicts, lost replies, lost connections', async () => {
  model();
  jest.spyOn(Math, 'random').mockReturnValue(0);
  server.faults = [
    { fault: 409, operation: 'PutObject', key: /publishing/, times: 1 },
    { fault: 503, operation: 'UploadPart', times: 2 },
    { fault: 'lost reply', operation: 'UploadPart', after: 2, times: 1 },
    { fault: 'reset', operation: 'PutObject', key: /config/, times: 1 },
    { fault: 'lost reply', operation: 'PutObject', key: /name\.txt/, times: 1 },
    { fault: 409, operation: 'CompleteMultipartUpload', times: 1 },
    { fault: 'lost reply', operation: 'CompleteMultipartUpload', times: 1 },
    { fault: 'lost reply', operation: 'PutObject', key: /models.*manifest/, times: 1 },
  ];
  const { code, err } = await publishFolder(server, source());
  expect([code, err]).toEqual([0, expect.not.stringContaining('error')]);
  downloaded(server);
  expect(server.main.uploads.size).toBe(0);
});

test('a failure aborts the upload of the large file, and says what it was', async () => {
  model();
  server.faults = [{ fault: 403, operation: 'UploadPart', after: 1 }];
  const { code, err } = await publishFolder(server, source());
  expect(code).toBe(1);
  expect(err).toContain('error: AccessDenied: 403: as the rule says');
  expect(server.main.uploads.size).toBe(0);
  server.faults = [];
  expect((await publishFolder(server, source())).code).toBe(0);
});

test('a file that changes between hashing and sending is refused by its name, and nothing is published', async () => {
  model();
  server.faults = [{ fault: 'none', operation: 'CreateMultipartUpload', hook: () => fs.writeFileSync(path.join(source(), 'model.safetensors'), weights(LARGE, 'b')) }];
  const { code, err } = await publishFolder(server, source());
  expect([code, err]).toEqual([1, expect.stringContaining("error: 'model.safetensors' changed after it was hashed")]);
  expect(server.main.current(MANIFEST)).toBeUndefined();
});

test('a file that comes while others are sent is named, and nothing is published', async () => {
  model();
  server.faults = [{ fault: 'none', operation: 'CompleteMultipartUpload', hook: () => write(source(), { 'late.txt': 'late' }) }];
  const { code, err } = await publishFolder(server, source());
  expect([code, err]).toEqual([1, expect.stringContaining(`error: ${source()} changes while it is read: 'late.txt' came`)]);
  expect(server.main.current(MANIFEST)).toBeUndefined();
});

test('--lock keeps digest and size; a lock that names other content refuses before anything is written', async () => {
  smallModel();
  const lock = path.join(folder, 'models.lock.json');
  const { out } = await publishFolder(server, source(), '--lock', lock);
  const digest = /digest: (.*)/.exec(out)![1];
  expect(JSON.parse(fs.readFileSync(lock, 'utf8'))).toEqual({
    lockVersion: 1, models: { 'serving/llama': { current: 'v1', versions: { v1: { digest, totalBytes: 11 } } } },
  });
  expect(out).toContain(`ModelArtifact.fromLock('${lock}', { name: 'llama', tenant: 'serving' })`);
  expect(fs.readdirSync(folder).sort()).toEqual(['model', 'models.lock.json']);

  fs.rmSync(lock);
  expect((await publishFolder(server, source(), '--lock', lock)).code).toBe(0); // published already
  expect(fs.readFileSync(lock, 'utf8')).toContain(digest);

  const kept = await publishFolder(server, source(), '--version', 'v2', '--lock', lock, '--keep-current');
  expect(kept.out).toContain("{ name: 'llama', tenant: 'serving', version: 'v2' }");
  expect(JSON.parse(fs.readFileSync(lock, 'utf8')).models['serving/llama']).toMatchObject({ current: 'v1', versions: { v1: { digest }, v2: { digest } } });

  fs.writeFileSync(lock, fs.readFileSync(lock, 'utf8').replaceAll(digest, `sha256:${'0'.repeat(64)}`));
  const seen = server.requests.length;
  expect(await publishFolder(server, source(), '--lock', lock)).toMatchObject({ code: 1, err: expect.stringContaining('a version never changes') });
  expect(server.requests).toHaveLength(seen);
});

test('told to end once the manifest was sent, it does not say that nothing is published', async () => {
  smallModel();
  const before = process.listeners('SIGTERM');
  const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const tellToEnd = () => process.listeners('SIGTERM').filter(listener => !before.includes(listener)).forEach(listener => listener('SIGTERM'));
  server.faults = [{ fault: 'none', operation: 'GetObject', key: /models.*manifest/, after: 1, times: 1, hook: tellToEnd }];
  const { err } = await publishFolder(server, source());
  expect(err).toContain('error: SIGTERM: serving/llama@v1 may be published; the same command goes on where this one ends');
  while (exit.mock.calls.length === 0) await new Promise(resolve => setImmediate(resolve));
  expect(exit).toHaveBeenCalledWith(143);
});

test('a role that may not write is told which object, and what it needs', async () => {
  smallModel();
  server.faults = [{ fault: 403, operation: 'PutObject' }];
  expect(await publishFolder(server, source())).toMatchObject({ code: 1, err: expect.stringContaining(`error: s3://models/${CLAIM} can't be written: AccessDenied`) });
});

test('a signature is stored before the manifest; one that is not of these files is refused before anything is written', async () => {
  smallModel();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
  const [key, pub, bundle] = ['key.pem', 'pub.pem', 'bundle.json'].map(name => path.join(folder, name));
  write(folder, { 'key.pem': privateKey, 'pub.pem': publicKey });
  expect((await publishFolder(server, source(), '--sign', key)).code).toBe(0);
  const order = server.asked('PutObject');
  expect(order.slice(-3)).toEqual([`${PREFIX}model.json`, expect.stringMatching(/^signatures\/serving\/llama\/v1\/[0-9a-f]{16}\.sigstore\.json$/), MANIFEST]);

  fs.writeFileSync(bundle, server.main.current(order.at(-2)!)!.bytes!);
  server.objects.clear();
  expect((await publishFolder(server, source(), '--signature', bundle, '--public-key', pub)).code).toBe(0);
  expect(server.main.content(order.at(-2)!)!.equals(fs.readFileSync(bundle))).toBe(true);

  write(source(), { 'config.json': 'changed' });
  const seen = server.requests.length;
  expect((await publishFolder(server, source(), '--signature', bundle, '--public-key', pub)).code).toBe(1);
  expect(server.requests).toHaveLength(seen);
});

test('a wrong call is told what to give, with exit code 2', async () => {
  const usage = async (...more: string[]) => {
    const { code, err } = await publishFolder(server, source(), ...more);
    return `${code} ${err.split('\n')[0]}`;
  };
  expect(await usage('--signature', 'x')).toBe('2 error: --signature and --public-key belong together: give both');
  expect(await usage('--keep-current')).toBe('2 error: --keep-current says what --lock does: give both');
  expect(await usage('--parallel', '0')).toBe("2 error: --parallel is '0': give a whole number of at least 1");
  expect(await usage('--parallel', '257')).toBe('2 error: --parallel is 257: give at most 256');
  expect(await usage('more.txt')).toContain("2 error: 'more.txt' is one word too many: quote globs");
  expect(server.requests).toEqual([]);
});
