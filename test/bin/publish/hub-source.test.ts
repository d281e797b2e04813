import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { downloaded, MANIFEST, PREFIX, publishFolder, useCredentials } from './fixture';
import { Call } from '../../../bin/cli/command';
import { filterOf } from '../../../bin/publish/filter';
import { openHub } from '../../../bin/publish/hub-source';
import type { SourceFile } from '../../../bin/publish/source';
import { HubServer } from '../hub-server';
import { BucketServer } from '../s3-server';

jest.setTimeout(60_000);

const COMMIT = 'a3b1c5d7'.repeat(5);
const URL = `hf://acme/llama@${COMMIT}`;
const WEIGHTS = Buffer.alloc(300_000, 'weights ');

let hub: HubServer;
let folder: string;
let notes: string[];
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-'));
  for (const name of ['HF_TOKEN_PATH', 'HF_ENDPOINT', 'HF_TOKEN']) delete process.env[name];
  process.env.HF_HOME = folder; // no token of whoever runs the tests
  notes = [];
  hub = await new HubServer('acme/llama', COMMIT).start();
  hub.put('model-é b.safetensors', WEIGHTS, true);
  hub.put('config.json', '{"a":1}');
  hub.put('sub/vocab.txt', 'a b');
  hub.put('.gitattributes', '* filter=lfs');
  hub.cardData = { license: 'apache-2.0' };
});
afterEach(async () => {
  await hub.stop();
  fs.rmSync(folder, { recursive: true });
});

function open(url = URL, values: Call['values'] = {}, exclude: string[] = [], patience: object = {}) {
  const output = { note: (line: string) => notes.push(line) } as unknown as Call['output'];
  return openHub(url, { words: [], values: { 'hub-endpoint': hub.endpoint, ...values }, output }, filterOf([], exclude), { attempts: 3, pauseMs: 1, ...patience });
}

async function bytesOf(file: SourceFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await file.open()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const weightsOf = async (patience?: object) => (await open(URL, {}, [], patience)).files.find(({ size }) => size === WEIGHTS.length)!;

function token(value: string): string {
  fs.writeFileSync(path.join(folder, 'token'), value);
  return path.join(folder, 'token');
}

test('every file of a commit, from all pages, and what the hub says of them', async () => {
  const source = await open();
  expect(source.files.map(({ path: name, size, sha256 }) => [name, size, sha256])).toEqual([
    ['config.json', 7, undefined],
    ['model-é b.safetensors', 300_000, createHash('sha256').update(WEIGHTS).digest('hex')],
    ['sub/vocab.txt', 3, undefined],
  ]);
  expect(source.leftOut).toEqual(['.gitattributes']);
  expect(source.description).toEqual({ source: 'hf://acme/llama', commit: COMMIT, license: 'apache-2.0', formats: ['safetensors'] });
  expect((await bytesOf(source.files[0])).toString()).toBe('{"a":1}');
  expect((await bytesOf(source.files[1])).equals(WEIGHTS)).toBe(true);
  await source.check();
});

test.each([
  ['--hub-token-file', () => ({ 'hub-token-file': token('hf_secret\n') })],
  ['HF_TOKEN_PATH', () => { process.env.HF_TOKEN_PATH = token('hf_secret'); return {}; }],
  ['where the hub\'s own client keeps it', () => { token('hf_secret\n'); return {}; }],
])('the token is taken from a file and goes to the hub alone: %s', async (_, arrange) => {
  hub.token = 'hf_secret';
  const source = await open(URL, arrange());
  expect((await bytesOf(source.files[1])).equals(WEIGHTS)).toBe(true);
  const authorized = (at: string) => hub.requests.filter(request => request.at === at).map(({ headers }) => headers.authorization);
  expect(new Set(authorized('hub'))).toEqual(new Set(['Bearer hf_secret']));
  expect(authorized('cdn')).toEqual([undefined]);
});

test('what breaks off is taken up where it was', async () => {
  hub.faults = [
    { fault: 503, path: 'model-é b.safetensors', times: 2 },
    { fault: 'cut', path: 'model-é b.safetensors', times: 1 },
    { fault: 429, path: 'model-é b.safetensors', times: 1, headers: { 'retry-after': '0' } },
  ];
  expect((await bytesOf(await weightsOf())).equals(WEIGHTS)).toBe(true);
  const [first, ...later] = hub.requests.filter(({ at }) => at === 'cdn').map(({ headers }) => Number(/bytes=(\d+)-299999/.exec(headers.range!)![1]));
  expect([first, later.slice(0, 2)]).toEqual([0, [0, 0]]);
  expect(later.slice(2)).toEqual([150_000, 150_000]);
});

test('a wait that the hub asks for is kept', async () => {
  hub.faults = [{ fault: 429, path: 'config.json', times: 1, headers: { 'retry-after': '1' } }];
  const started = performance.now();
  await bytesOf((await open()).files[0]);
  expect(performance.now() - started).toBeGreaterThan(990);
});

test('a stream that stands still is begun again', async () => {
  hub.faults = [{ fault: 'stall', path: 'model-é b.safetensors', times: 1 }];
  expect((await bytesOf(await weightsOf({ stallMs: 500 }))).equals(WEIGHTS)).toBe(true);
  hub.faults = [{ fault: 'stall', path: 'model-é b.safetensors' }];
  await expect(weightsOf({ stallMs: 50, attempts: 2 }).then(bytesOf)).rejects.toThrow(/can't be read: no byte for 0.05 s, 2 times/);
});

test('what can be seen to be other bytes is refused', async () => {
  hub.faults = [{ fault: 'flip', path: 'config.json' }];
  await expect(bytesOf((await open()).files[0])).rejects.toThrow(/'config.json' arrived as the blob [0-9a-f]{40}, the commit has [0-9a-f]{40}: it was damaged on the way/);
  hub.faults = [{ fault: 'cut', path: 'model-é b.safetensors', times: 1 }, { fault: 'other', path: 'model-é b.safetensors' }];
  await expect(weightsOf().then(bytesOf)).rejects.toThrow(/b.safetensors changed while it was read/);
  hub.faults = [{ fault: 'cut', path: 'model-é b.safetensors', times: 1 }, { fault: 'no ranges', path: 'model-é b.safetensors' }];
  await expect(weightsOf().then(bytesOf)).rejects.toThrow(/broke off at byte 150000 and serves no ranges/);
});

test.each([
  ['hf://acme/llama', /names no commit. Look it up with: git ls-remote http:\/\/127.0.0.1:\d+\/acme\/llama main$/],
  ['hf://acme/llama@v1.0', /names 'v1.0', which is no full commit: what a branch or tag means changes. .* v1.0$/],
  [`hf://acme/llama@${COMMIT.slice(0, 7)}`, /is no full commit/],
  [`hf://acme/llama/x@${COMMIT}`, /is no repository of a hub/],
  [`hf://acme/..@${COMMIT}`, /is no repository of a hub/],
])('%s is refused', async (url, reason) => {
  await expect(open(url)).rejects.toThrow(reason);
  expect(hub.requests).toEqual([]);
});

test('what the hub refuses is explained', async () => {
  const other = 'f'.repeat(40);
  await expect(open(`hf://acme/llama@${other}`)).rejects.toThrow(/acme\/llama has no such commit/);
  await expect(open(`hf://acme/lama@${COMMIT}`)).rejects.toThrow(/acme\/lama is not there, or is private.*--hub-token-file \(without a token: 401\)/);
  hub.gated = true;
  const file = token('hf_1');
  await expect(open()).rejects.toThrow(`acme/llama is gated: ask for access at ${hub.endpoint}/acme/llama, then write a token that may read it to a file and give that as --hub-token-file (with the token from ${file}: 403)`);
});

test('what can\'t be published is refused, all at once', async () => {
  hub.put('model.json', '{}');
  hub.put('a\\b', 'x');
  await expect(open()).rejects.toThrow(/can't be published:\n {2}'a\\b' can't be a file of a model: .*\n {2}'model.json' is a name of the layout: leave it out with --exclude model.json$/);
  await expect(open(URL, {}, ['*'])).rejects.toThrow(/has no file with a byte in it that --include and --exclude let in, of 6/);
  expect((await open(URL, {}, ['model.json', 'a?b'])).files).toHaveLength(3);
});

test('a pointer that the commit holds in place of a file is refused', async () => {
  useCredentials();
  hub.put('lost.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
  const server = await new BucketServer('models').start();
  try {
    expect(await publishFolder(server, URL, '--hub-endpoint', hub.endpoint)).toMatchObject({ code: 1, err: expect.stringContaining("error: 'lost.bin' is a pointer of Git LFS") });
    expect(server.main.keys()).toEqual([]);
  } finally {
    await server.stop();
  }
});

test('answers that are none of a hub', async () => {
  hub.link = 'http://127.0.0.2/next';
  await expect(open()).rejects.toThrow(/goes on at another host, http:\/\/127.0.0.2\/next: the token is not sent there/);
  process.env.HF_ENDPOINT = 'gopher://x';
  await expect(open(URL, { 'hub-endpoint': undefined })).rejects.toThrow(/--hub-endpoint is 'gopher:\/\/x'/);
  await expect(open(URL, { 'hub-endpoint': 'ftp://x' })).rejects.toThrow(/--hub-endpoint is 'ftp:\/\/x'/);
  for (const secret of ['https://me:hidden@hub.example.com', 'https://:hidden@hub.example.com', 'htps://me:hidden@x@hub', 'me:hidden@hub']) {
    const refusal = await open(URL, { 'hub-endpoint': secret }).catch((error: Error) => error.message);
    expect(refusal).toMatch(/^--hub-endpoint is '…@hub(.example.com)?': give a URL without a user's name/);
  }
  await expect(open(URL, { 'hub-endpoint': 'http://hub.example.com', 'hub-token-file': token('t') })).rejects.toThrow(/is not encrypted/);
  await expect(open(URL, { 'hub-token-file': path.join(folder, 'none') })).rejects.toThrow(/the token's file can't be read: ENOENT/);
  await expect(open(URL, { 'hub-token-file': token('two\nlines') })).rejects.toThrow(/holds no token/);
});

test('a commit is published; a file that is not what the hub says is not', async () => {
  useCredentials();
  hub.pageSize = 10;
  const large = Buffer.alloc(17 * 2 ** 20, 'large ');
  hub.put('large.safetensors', large, true);
  const server = await new BucketServer('models').start();
  try {
    const names = ['large.safetensors', 'model-é b.safetensors'];
    hub.faults = names.map(name => ({ fault: 'flip', path: name }));
    const { code, err } = await publishFolder(server, URL, '--hub-endpoint', hub.endpoint);
    expect([code, err]).toEqual([1, expect.stringMatching(/error: '.*.safetensors' arrived with the SHA-256 [0-9a-f]{64}, its source says [0-9a-f]{64}/)]);
    expect(server.main.uploads.size).toBe(0);
    for (const key of [...names.map(name => `${PREFIX}${name}`), MANIFEST]) expect(server.main.current(key)).toBeUndefined();
    hub.faults = [];
    expect(await publishFolder(server, URL, '--hub-endpoint', hub.endpoint)).toMatchObject({ code: 0 });
    const { 'model.json': description, ...files } = downloaded(server); // each is what the manifest says
    expect(description.toString())
      .toBe(`{"totalBytes": 18125802, "source": "hf://acme/llama", "commit": "${COMMIT}", "license": "apache-2.0", "formats": ["safetensors"]}\n`);
    expect(Object.keys(files)).toEqual(['config.json', 'large.safetensors', 'model-é b.safetensors', 'sub/vocab.txt']);
    for (const [name, content] of Object.entries(files)) expect(content.equals(hub.files.get(name)!.content)).toBe(true);

    // What is there is not taken for the file because its writer says so.
    server.main.put('models/serving/llama/v2/large.safetensors', Buffer.alloc(large.length), { sha256: false, metadata: { sha256: createHash('sha256').update(large).digest('hex') } });
    expect(await publishFolder(server, URL, '--hub-endpoint', hub.endpoint, '--version', 'v2')).toMatchObject({
      code: 1, err: expect.stringContaining("large.safetensors is there already, with other bytes than 'large.safetensors' has"),
    });
  } finally {
    await server.stop();
  }
});
