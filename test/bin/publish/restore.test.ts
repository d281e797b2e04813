import * as fs from 'node:fs';
import { temporaryFolder, weights, write } from './files';
import { downloaded, Gate, MANIFEST, PREFIX, publishFolder, useCredentials } from './fixture';
import { PART } from './small-parts';
import { BucketServer } from '../s3-server';

jest.setTimeout(60_000); // for a machine with much else to do

let server: BucketServer;
let folder: string;

beforeAll(useCredentials);

beforeEach(async () => {
  server = await new BucketServer('models', { minimumPartBytes: PART }).start();
  folder = write(temporaryFolder(), { 'config.json': '{}', 'empty': '', 'sub/tokenizer.json': 'x', 'model.safetensors': weights(1.25 * PART, 'a') });
});

afterEach(async () => {
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const remove = (...names: string[]) => names.forEach(name => server.main.delete(`${PREFIX}${name}`));
const reported = (out: string) => JSON.parse(out.trimEnd().split('\n').at(-1)!);

test('publishing again brings what a published version lacks, and says so', async () => {
  await publishFolder(server, folder);
  remove('empty', 'model.safetensors', 'model.json');
  const again = await publishFolder(server, folder);
  expect([again.code, again.out.split('\n').slice(0, 2)]).toEqual([0, [
    'serving/llama@v1 is published already, with the same content: 4 files, 1.3 MiB', '3 files were missing from what is published, and there again now',
  ]]);
  expect(Object.keys(downloaded(server))).toHaveLength(5);
  remove('config.json');
  expect(reported((await publishFolder(server, folder, '--json')).out)).toMatchObject({ alreadyPublished: true, restoredFiles: 1, sentBytes: 2 });
  expect((await publishFolder(server, folder)).out).not.toContain('missing');
});

test('a published version with other bytes is said to be damaged, and stays as it is', async () => {
  await publishFolder(server, folder);
  remove('config.json');
  server.main.put(`${PREFIX}config.json`, '[]');
  const { code, out, err } = await publishFolder(server, folder);
  expect([code, out, err]).toEqual([1, '', expect.stringContaining("config.json is there already, with other bytes than 'config.json' has: it is published, and damaged: 'verify' names all such files")]);
  expect(server.main.content(`${PREFIX}config.json`)!.toString()).toBe('[]');
});

test('what somebody removes while it is counted on is brought after the manifest', async () => {
  await publishFolder(server, folder);
  remove('manifest.sha256'); // as prune begins
  const gate = new Gate();
  server.faults = [{ fault: 'none', operation: 'PutObject', key: /models.*manifest/, times: 1, hook: gate.wait }];
  const publishing = publishFolder(server, folder, '--json');
  await gate.reached;
  remove('model.safetensors', 'model.json', 'sub/tokenizer.json');
  gate.go();
  const { code, out } = await publishing;
  expect([code, reported(out)]).toMatchObject([0, { alreadyPublished: false, restoredFiles: 3 }]);
  expect(Object.keys(downloaded(server))).toHaveLength(5);
  expect(server.main.current(MANIFEST)).toBeDefined();
});
