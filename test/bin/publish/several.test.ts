import { ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256, temporaryFolder, weights, write } from './files';
import { CLAIM, CREDENTIALS, downloaded, MANIFEST, PREFIX, publishArgs, publishFolder, Ran, useCredentials } from './fixture';
import { PART } from './small-parts';
import { bundleCommand } from '../../../projenrc/bundle-command.cjs';
import { BucketServer } from '../s3-server';

jest.setTimeout(120_000); // for a machine with much else to do

const programs = temporaryFolder();
const program = path.join(programs, 'command.js');

let server: BucketServer;
let folder: string;

beforeAll(() => {
  useCredentials();
  bundleCommand(program, { inject: [path.join(__dirname, 'small-parts.ts')] });
});

afterAll(() => fs.rmSync(programs, { recursive: true }));

beforeEach(async () => {
  server = await new BucketServer('models', { allowListing: false, minimumPartBytes: PART }).start();
  folder = temporaryFolder();
});

afterEach(async () => {
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

function files(count: number, content = 'x'): { [name: string]: string } {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`shard/${index % 7}/${index}.txt`, `${content} ${index}`]));
}

/** A process of the command as it is installed. */
class Publisher {
  readonly ended: Promise<Ran & { signal: NodeJS.Signals | null }>;
  readonly child: ChildProcess;

  constructor(source: string) {
    const child = spawn(process.execPath, [program, ...publishArgs(server, source)], { env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...CREDENTIALS }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', text => { out += text; });
    child.stderr.on('data', text => { err += text; });
    this.child = child;
    this.ended = new Promise(resolve => child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, out, err })));
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let count = 0;
  return () => createHash('sha256').update(`${seed} ${count++}`).digest().readUInt32BE() / 2 ** 32;
}

/** Starts the command and kills it, until so many processes ended by that. */
async function killed(times: number, source: string, random: () => number) {
  let ended = 0;
  for (let started = 0; ended < times; started++) {
    if (started === 5 * times) throw new Error(`of ${started} processes only ${ended} were killed`);
    // Between the first request and the last, before it was done or after, somewhere in what is left to do.
    const publisher = new Publisher(source);
    const after = Math.floor(random() * (ended < times / 2 ? 8 : 24));
    server.faults = [{ fault: random() < 0.5 ? 'lost reply' : 'reset', after, times: 1, hook: () => void publisher.child.kill('SIGKILL') }];
    const { signal, code, err } = await publisher.ended;
    if (signal === 'SIGKILL') ended++;
    else expect([after, signal, code, err]).toEqual([after, null, 0, expect.not.stringContaining('error')]);
    if (server.main.current(MANIFEST) !== undefined) { // so near to the end: the next one begins anew
      downloaded(server);
      server.objects.clear();
    }
  }
}

test('killed at ten random points and started again each time, it ends with a version that is whole', async () => {
  const model = { ...files(15), 'model.safetensors': weights(1.25 * PART, 'a') };
  const source = write(path.join(folder, 'model'), model);
  const seed = Date.now();
  await killed(10, source, randomOf(seed)).catch((error: Error) => {
    throw new Error(`with the seed ${seed}: ${error.message}`);
  });
  server.faults = [];
  const { code, out } = await new Publisher(source).ended;
  expect([seed, code, out]).toEqual([seed, 0, expect.stringContaining('serving/llama@v1 is published')]);
  const { 'model.json': description, ...rest } = downloaded(server);
  const hashes = (contents: { [name: string]: string | Buffer }) => (
    Object.fromEntries(Object.entries(contents).map(([name, content]) => [name, sha256(content)]))
  );
  expect(hashes(rest)).toEqual(hashes(model));
  expect(description.toString()).toMatch(/^{"totalBytes": \d+}\n$/);
});

test('told to end, it says that it can go on, gives back the parts of the large file, and ends', async () => {
  write(path.join(folder, 'model'), { 'model.safetensors': weights(1.25 * PART, 'a') });
  const publisher = new Publisher(path.join(folder, 'model'));
  server.faults = [{ fault: 'stall', operation: 'UploadPart', hook: () => void (publisher.child.killed || publisher.child.kill('SIGTERM')) }];
  const { code, err } = await publisher.ended;
  expect([code, err]).toEqual([143, expect.stringContaining('error: SIGTERM: serving/llama@v1 is not published; the same command goes on where this one ends')]);
  expect(server.main.uploads.size).toBe(0);
});

/** Lets requests wait until so many are there. */
function together(count: number): () => Promise<void> {
  let open!: () => void;
  const gate = new Promise<void>(resolve => { open = resolve; });
  return () => {
    if (--count === 0) open();
    return gate;
  };
}

test('two publishers of the same content at once both end well, and the version is whole', async () => {
  const [one, two] = ['one', 'two'].map(name => write(path.join(folder, name), { ...files(10), 'model.safetensors': weights(1.25 * PART, 'a') }));
  server.faults = [{ fault: 'none', operation: 'PutObject', key: /publishing/, times: 2, hook: together(2) }];
  const results = await Promise.all([publishFolder(server, one), publishFolder(server, two)]);
  expect(results.map(({ code }) => code)).toEqual([0, 0]);
  const digests = results.map(({ out }) => /digest: (\S+)/.exec(out)![1]);
  expect(digests[0]).toBe(`sha256:${sha256(server.main.current(MANIFEST)!.bytes!)}`);
  expect(digests[1]).toBe(digests[0]);
  expect(Object.keys(downloaded(server))).toHaveLength(12);
  for (const versions of server.objects.values()) expect(versions).toHaveLength(1);
  expect(server.main.uploads.size).toBe(0);
});

test('of two publishers of different content at once exactly one wins, whole; the other is told, and has written nothing', async () => {
  const [one, two] = ['one', 'two'].map(name => write(path.join(folder, name), files(10, name)));
  server.faults = [{ fault: 'none', operation: 'PutObject', key: /publishing/, times: 2, hook: together(2) }];
  const results = await Promise.all([publishFolder(server, one), publishFolder(server, two)]);
  const [winner, loser] = results[0].code === 0 ? [0, 1] : [1, 0];
  expect([results[winner].code, results[loser].code]).toEqual([0, 1]);
  expect(results[loser].out).toBe('');
  expect(results[loser].err).toMatch(/error: serving\/llama@v1 is (being )?published with other content/);
  const content = downloaded(server);
  expect(content['shard/3/3.txt'].toString()).toBe(`${['one', 'two'][winner]} 3`);
  expect(Object.keys(content)).toHaveLength(11);
  expect([...server.objects.keys()].sort()).toEqual([CLAIM, MANIFEST, ...Object.keys(content).map(name => `${PREFIX}${name}`)].sort());
});

test('300 small files are sent once each, several at once', async () => {
  write(path.join(folder, 'model'), files(300));
  let [underWay, most] = [0, 0];
  const sixth = together(6);
  server.faults = [{
    fault: 'none',
    operation: 'PutObject',
    key: /shard/,
    hook: async () => {
      most = Math.max(most, ++underWay);
      await sixth();
      underWay--;
    },
  }];
  const { code } = await publishFolder(server, path.join(folder, 'model'), '--parallel', '20');
  expect(code).toBe(0);
  expect(Object.keys(downloaded(server))).toHaveLength(301);
  expect(server.requests.map(({ operation }) => operation).filter(operation => operation === 'PutObject')).toHaveLength(303);
  expect(most).toBeGreaterThanOrEqual(6);
  expect(most).toBeLessThanOrEqual(20);
});
