import * as fs from 'node:fs';
import * as path from 'node:path';
import { temporaryFolder, write } from './files';
import { CLAIM, downloaded, MANIFEST, PREFIX, publishFolder, useCredentials } from './fixture';
import { BucketServer } from '../s3-server';

jest.setTimeout(60_000); // for a machine with much else to do

const SIGNATURE = 'signatures/serving/llama/v1/0123456789abcdef.sigstore.json';

let server: BucketServer;
let folder: string;

beforeAll(useCredentials);

beforeEach(async () => {
  server = await new BucketServer('models', { pageSize: 3 }).start();
  folder = temporaryFolder();
  write(path.join(folder, 'old'), Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`${index}.txt`, 'old'])));
  write(path.join(folder, 'new'), { '1.txt': 'new' });
});

afterEach(async () => {
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** An attempt that ended before its manifest. */
async function leftover() {
  server.faults = [{ fault: 403, operation: 'PutObject', key: /models.*manifest/ }];
  expect((await publishFolder(server, path.join(folder, 'old'))).code).toBe(1);
  server.faults = [];
  server.main.put(SIGNATURE, 'theirs');
  server.main.put('models/serving/llama/v10/1.txt', 'another version');
}
const present = () => [...server.objects.keys()].filter(key => server.main.current(key) !== undefined).sort();

test('what an unpublished attempt left is deleted on request, and the version published with other content', async () => {
  await leftover();
  expect(await publishFolder(server, path.join(folder, 'new'))).toMatchObject({ code: 1, err: expect.stringContaining('--discard-unpublished') });
  const { code, err } = await publishFolder(server, path.join(folder, 'new'), '--discard-unpublished');
  expect([code, err]).toEqual([0, expect.stringContaining('10 objects of unpublished attempts deleted')]);
  expect(Object.keys(downloaded(server))).toEqual(['1.txt', 'model.json']);
  expect(present()).toEqual([MANIFEST, `${PREFIX}1.txt`, `${PREFIX}model.json`, 'models/serving/llama/v10/1.txt', CLAIM].sort());
});

test('a published version is never discarded', async () => {
  await publishFolder(server, path.join(folder, 'old'));
  const before = present();
  const { code, err } = await publishFolder(server, path.join(folder, 'new'), '--discard-unpublished');
  expect([code, err]).toEqual([1, expect.stringContaining("error: serving/llama@v1 is published: it can't be discarded")]);
  expect(present()).toEqual(before);
  expect(server.asked('DeleteObjects')).toEqual([]);
});

test('a publisher that still runs while its version is discarded does not end with files that are gone', async () => {
  let go!: () => void;
  const discarded = new Promise<void>(resolve => { go = resolve; });
  server.faults = [
    { fault: 'none', operation: 'PutObject', key: /models.*model\.json/, times: 1, hook: () => discarded },
    { fault: 403, operation: 'PutObject', key: /publishing/, after: 1 }, // who discards gets no further
  ];
  const running = publishFolder(server, path.join(folder, 'old'));
  while (!server.asked('PutObject').some(key => key.endsWith('model.json'))) await new Promise(resolve => setTimeout(resolve, 10));
  const discarding = await publishFolder(server, path.join(folder, 'new'), '--discard-unpublished');
  expect(discarding).toMatchObject({ code: 1, err: expect.stringContaining(`${CLAIM} can't be written`) });
  go();
  expect(await running).toMatchObject({ code: 1, out: '', err: expect.stringContaining('was cleared by another one while its files were sent') });
  expect(server.main.current(MANIFEST)).toBeUndefined();
});

test('while a version is discarded nobody can publish it, and what ended half way can be done again', async () => {
  await leftover();
  server.options.allowDeleting = false;
  const first = await publishFolder(server, path.join(folder, 'old'), '--discard-unpublished');
  expect(first).toMatchObject({ code: 1, err: expect.stringContaining("can't be deleted: AccessDenied: Access Denied; discarding needs the role that prunes") });
  server.options.allowDeleting = true;
  expect(await publishFolder(server, path.join(folder, 'old'))).toMatchObject({ code: 1, err: expect.stringContaining('serving/llama@v1 is being discarded') });
  expect((await publishFolder(server, path.join(folder, 'old'), '--discard-unpublished')).code).toBe(0);
  expect(Object.keys(downloaded(server))).toHaveLength(9);
});
