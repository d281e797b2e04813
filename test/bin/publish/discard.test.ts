import * as fs from 'node:fs';
import * as path from 'node:path';
import { temporaryFolder, write } from './files';
import { CLAIM, downloaded, Gate, MANIFEST, PREFIX, publishFolder, useCredentials } from './fixture';
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
  expect(first).toMatchObject({ code: 1, err: expect.stringContaining('AccessDenied, Access Denied; discarding needs the rights to publish and to prune') });
  server.options.allowDeleting = true;
  expect(await publishFolder(server, path.join(folder, 'old'))).toMatchObject({ code: 1, err: expect.stringContaining('serving/llama@v1 is being discarded') });
  expect((await publishFolder(server, path.join(folder, 'old'), '--discard-unpublished')).code).toBe(0);
  expect(Object.keys(downloaded(server))).toHaveLength(9);
});

test('a publisher whose claim was cleared and made anew for the same content is refused', async () => {
  const gate = new Gate();
  server.faults = [{ fault: 'none', operation: 'PutObject', key: /models.*v1.7\.txt/, times: 1, hook: gate.wait }];
  const running = publishFolder(server, path.join(folder, 'old'));
  await gate.reached;
  while (server.main.keys(PREFIX).length < 7) await new Promise(resolve => setTimeout(resolve, 10));
  server.faults.push({ fault: 403, operation: 'PutObject', key: /models.*txt/ }); // the other one gets no further than its claim
  expect((await publishFolder(server, path.join(folder, 'old'), '--discard-unpublished')).err).toContain('7 objects of unpublished attempts deleted');
  expect(server.main.current(CLAIM)).toBeDefined();
  server.faults = [];
  gate.go();
  expect(await running).toMatchObject({ code: 1, out: '', err: expect.stringContaining('was cleared by another one while its files were sent') });
  expect(server.main.current(MANIFEST)).toBeUndefined();
  expect((await publishFolder(server, path.join(folder, 'old'))).code).toBe(0);
  expect(Object.keys(downloaded(server))).toHaveLength(9);
});

test('who discards and is overtaken by another one deletes nothing of what is published meanwhile', async () => {
  await leftover();
  const [late, early] = [new Gate(), new Gate()];
  // The first one stands before its files are listed, the second one before its own are deleted.
  server.faults = [
    { fault: 'none', operation: 'ListObjectsV2', times: 1, hook: late.wait },
    { fault: 'none', operation: 'DeleteObjects', times: 1, hook: early.wait },
  ];
  const first = publishFolder(server, path.join(folder, 'old'), '--discard-unpublished');
  await late.reached;
  const second = publishFolder(server, path.join(folder, 'new'), '--discard-unpublished');
  await early.reached;
  late.go();
  expect(await first).toMatchObject({ code: 1, err: expect.stringContaining('is being discarded by another one, or was meanwhile') });
  early.go();
  expect(await second).toMatchObject({ code: 0 });
  expect(Object.keys(downloaded(server))).toEqual(['1.txt', 'model.json']);
});

test('while an interrupted discard is taken over, no claim of before holds', async () => {
  const [running, overtaking] = [new Gate(), new Gate()];
  server.faults = [
    { fault: 'none', operation: 'PutObject', key: /models.*model\.json/, times: 1, hook: running.wait },
    { fault: 403, operation: 'DeleteObject', times: 1 },
    { fault: 'none', operation: 'PutObject', key: /models.*manifest/, after: 1, times: 1, hook: overtaking.wait },
  ];
  const publisher = publishFolder(server, path.join(folder, 'old'));
  await running.reached;
  // Deletes the files, but not the claim.
  expect((await publishFolder(server, path.join(folder, 'old'), '--discard-unpublished')).err).toContain(`${CLAIM} can't be deleted: AccessDenied`);
  const next = publishFolder(server, path.join(folder, 'new'), '--discard-unpublished');
  await overtaking.reached; // its marker is not there yet, and the other's no longer
  expect(server.main.current(MANIFEST)).toBeUndefined();
  running.go();
  expect(await publisher).toMatchObject({ code: 1, err: expect.stringContaining('was cleared by another one') });
  overtaking.go();
  expect(await next).toMatchObject({ code: 0 });
  expect(Object.keys(downloaded(server))).toEqual(['1.txt', 'model.json']);
});

test.each([
  ['the version itself', PREFIX], ['a folder of it', `${PREFIX}sub`], ['what it lies in', 'models/serving/'], ['the bucket', ''], ['its claim', 'publishing/serving/llama/v1'],
])('a source that would be discarded is refused: %s', async (_, prefix) => {
  server.main.put(`${PREFIX}sub/weights`, 'the only copy');
  const { code, err } = await publishFolder(server, `s3://models/${prefix}`, '--discard-unpublished');
  expect([code, err]).toEqual([2, expect.stringMatching(/error: --discard-unpublished deletes s3:\/\/models\/\w+\/serving\/llama\/v1\/, where/)]);
  expect(server.main.keys()).toEqual([`${PREFIX}sub/weights`]);
});
