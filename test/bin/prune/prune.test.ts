import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { main } from '../../../bin/cli/main';
import { Store } from '../../../bin/cli/store';
import { PRUNE } from '../../../bin/prune/command';
import { histories } from '../../../bin/prune/versions';
import { lockModel } from '../../../lib/model/models-lock';
import { BucketServer } from '../s3-server';
import { cluster, deployment, putVersion } from './arrange';
import { published, useCredentials } from '../verify/model';
import { run } from '../verify/run';

const DAY = 86_400_000;
let server: BucketServer;
let folder: string;

const daysAgo = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 - days * DAY);
const current = () => server.main.keys('').sort();
const MANIFEST = 'models/serving/llama/1/manifest.sha256';
const CONFIG = 'models/serving/llama/1/config.json';
const CLAIM = 'publishing/serving/llama/1/manifest.sha256';
const SIGNATURE = 'signatures/serving/llama/1/0123456789abcdef.sigstore.json';

/** What an attempt to publish stored, and somebody cleared. */
function attempt(key: string, content: string) {
  server.main.put(key, content);
  server.main.delete(key);
}

const store = (owner: string, name: string, version: string, days: number, content?: string) =>
  putVersion(server, [owner, name, version], daysAgo(days), content);

function file(name: string, content: unknown): string {
  const target = path.join(folder, name);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content));
  return target;
}

const inventory = (models = 'other/bert@1') => ['--inventory', file('prod.json', cluster('prod', [deployment(models)]))];
const prune = (...args: string[]) => run(PRUNE, ['s3://acme-models', '--endpoint-url', server.endpoint, ...args]);
const undo = (...args: string[]) => prune('--undo', '--tenant', 'serving', '--name', 'llama', '--version', '1', ...args);
const spelled = (versions: any[]) => versions.map(({ tenant, name, version }) => `${tenant ?? ''}/${name}@${version}`);
const offers = (result: any) => spelled(result.versions.filter(({ decision }: any) => decision === 'remove'));
const deletions = () => server.requests.filter(({ operation }) => operation.startsWith('Delete'));
const removedAt = (key: string) => server.objects.get(key)!.at(-1)!.lastModified.getTime();

beforeEach(async () => {
  useCredentials();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'prune-'));
  server = await new BucketServer('acme-models', { pageSize: 4 }).start();
});

afterEach(async () => {
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a dry run says of each version why it stays, and changes nothing', async () => {
  const locked = store('serving', 'llama', '1', 90);
  store('serving', 'llama', '2', 85);
  const byDigest = store('serving', 'llama', '3', 80);
  store('serving', 'llama', '4', 75);
  store('serving', 'llama', '5', 70);
  store('serving', 'llama', '6', 65);
  store('_shared', 'llama', '2', 90);
  server.main.put('models/README.md', 'x');
  server.main.put('models/serving/llama/7/half', 'xyz', { lastModified: daysAgo(2) });
  const newest = daysAgo(1);
  server.main.put('publishing/serving/llama/7/manifest.sha256', 'xyz', { lastModified: newest });
  const lock = file('models.lock.json', lockModel(undefined, 'l', { tenant: 'serving', name: 'llama', version: '1' }, { digest: locked, totalBytes: 1 }, true));
  file('manifests/deep/server.yaml', `# digest: ${byDigest}\n`);

  const { code, result, said } = await prune(...inventory('serving/llama@2'), '--lock', lock, '--manifests', path.join(folder, 'manifests'));

  expect([code, said('warning')]).toEqual([0, []]);
  expect(offers(result)).toEqual(['serving/llama@4']);
  expect(Object.fromEntries(result.versions.map(({ tenant, version, reasons }: any) => [`${tenant} ${version}`, reasons.map((reason: string) => reason.replaceAll(`${folder}/`, ''))]))).toEqual({
    'undefined 2': ['among the 2 newest of its model'],
    'serving 1': ['named by models.lock.json'],
    'serving 2': ['named by prod.json, Deployment serving/server'],
    'serving 3': ['named by manifests/deep/server.yaml'],
    'serving 4': [],
    'serving 5': ['among the 2 newest of its model'],
    'serving 6': ['among the 2 newest of its model'],
  });
  expect(result.unpublished).toEqual([{ tenant: 'serving', name: 'llama', version: '7', objects: 2, bytes: 6, newest: newest.toISOString() }]);
  expect(result.unknown).toEqual(['models/README.md']);
  expect(deletions()).toEqual([]);
});

test('plain text names models, versions, sizes and what is not understood', async () => {
  store('serving', 'llama', '1', 90);
  server.main.put('models/README.md', 'x');
  let out = '';
  const args = ['prune', 's3://acme-models', '--endpoint-url', server.endpoint, ...inventory(), '--keep', '0'];
  expect(await main({ prune: PRUNE }, args, { out: { write: (text: string) => { out += text; } }, err: { write: () => undefined } })).toBe(0);
  expect(out.split('\n')).toEqual([
    'serving/llama',
    expect.stringMatching(/^ {2}remove {2}1 {2}\d+ bytes {2}published \d{4}-\d\d-\d\d$/),
    'not laid out as versions are, left alone: models/README.md',
    expect.stringMatching(/^would remove 1 of 1 versions, \d+ bytes, freed when the bucket's retention of superseded versions is over .*; nothing is changed without --delete$/),
    '',
  ]);
});

test('removes what is offered, the manifest first and the claim last, and nothing else', async () => {
  store('serving', 'llama', '1', 90);
  store('serving', 'llama', '10', 60);
  store('serving', 'llama', '11', 50);
  const before = current();
  let ticks = 0;
  server.main.clock = () => new Date(Date.now() + ticks++);

  const { code, result } = await prune(...inventory(), '--delete');

  expect([code, spelled(result.removed)]).toEqual([0, ['serving/llama@1']]);
  expect(before.filter(key => !current().includes(key)).sort()).toEqual(before.filter(key => key.includes('/serving/llama/1/')));
  const [first] = deletions();
  expect([first.operation, first.key, first.headers['if-match']]).toEqual(['DeleteObject', MANIFEST, server.objects.get(MANIFEST)![0].etag]);
  const markers = before.filter(key => key.includes('/serving/llama/1/')).sort((a, b) => removedAt(a) - removedAt(b));
  expect([markers[0], markers.at(-1)]).toEqual([MANIFEST, 'publishing/serving/llama/1/manifest.sha256']);
});

test.each([
  ['no inventory', [] as string[], 'without --inventory nobody knows what runs'],
  ['an inventory that proves nothing', ['--inventory'], 'is no list of Kubernetes'],
])('%s: nothing is removed, and a dry run says so', async (_, option, reason) => {
  store('serving', 'llama', '1', 90);
  const args = [...option.flatMap(name => [name, file('bad.json', {})]), '--keep', '0'];
  const refused = await prune(...args, '--delete');
  expect([refused.code, refused.said('error')]).toEqual([1, [expect.stringContaining(reason)]]);
  const shown = await prune(...args);
  expect([shown.code, shown.said('warning')]).toEqual([0, [expect.stringContaining(reason)]]);
  expect(deletions()).toEqual([]);
});

test('a bucket that keeps nothing of what is removed is pruned on request alone', async () => {
  server.options.versioned = false;
  store('serving', 'llama', '1', 90);
  const args = [...inventory(), '--keep', '0', '--delete'];
  expect((await prune(...args)).said('error')).toEqual([expect.stringContaining('does not keep superseded versions')]);
  expect(deletions()).toEqual([]);
  expect((await prune(...args, '--without-undo')).code).toBe(0);
  expect(current()).toEqual([]);
});

test.each([
  ['is not there any more', (key: string) => server.faults.push({ fault: 404, operation: 'GetObject', key: new RegExp(key) })],
  ['may not be read', (key: string) => server.faults.push({ fault: 403, operation: 'GetObject', key: new RegExp(key) })],
  ['is none', (key: string) => server.main.put(key, 'oops', { lastModified: daysAgo(90) })],
])('a version whose manifest %s stays', async (_, damage) => {
  store('serving', 'llama', '1', 90);
  damage(MANIFEST);
  const { result } = await prune(...inventory(), '--keep', '0');
  expect(result.versions.map(({ reasons }: any) => reasons)).toEqual([['its manifest can\'t be read, so nobody knows who references it']]);
});

test('what is being discarded is not published, and keeps no published version from staying', async () => {
  ['1', '2', '3'].forEach((version, index) => store('serving', 'llama', version, 90 - index));
  for (const version of ['4', '5']) server.main.put(`models/serving/llama/${version}/manifest.sha256`, 'being discarded 1b4e28ba\n', { lastModified: daysAgo(50) });
  const { result } = await prune(...inventory());
  expect([offers(result), spelled(result.versions), spelled(result.unpublished)]).toEqual([
    ['serving/llama@1'], ['serving/llama@1', 'serving/llama@2', 'serving/llama@3'], ['serving/llama@4', 'serving/llama@5'],
  ]);
});

test('a listing of versions that is cut without a word is an error', async () => {
  let pages = 0;
  const client = { send: async () => ({ IsTruncated: ++pages < 5, Versions: [] }) };
  await expect(histories(new Store('acme-models', client as never), 'models/')).rejects.toThrow('the listing of versions of s3://acme-models/models/ is cut');
});

test('a bucket of which that is not known is not pruned', async () => {
  server.faults.push({ fault: 403, operation: 'GetBucketVersioning' });
  expect((await prune(...inventory(), '--delete')).said('error')).toEqual([expect.stringContaining('need s3:GetBucketVersioning')]);
});

test('a version that changes after it was judged stays', async () => {
  store('serving', 'llama', '1', 90);
  server.faults.push({ fault: 'none', operation: 'GetObject', hook: () => server.main.put('models/serving/llama/1/new', 'x') });
  const { code, result, said } = await prune(...inventory(), '--keep', '0', '--delete');
  expect([code, result.removed, said('warning')]).toEqual([0, [], [expect.stringContaining('serving/llama@1 changed since it was listed')]]);
  expect(deletions()).toEqual([]);
});

test('tenant and name limit what is looked at', async () => {
  for (const [owner, name] of [['serving', 'llama'], ['serving', 'bert'], ['serving-2', 'llama'], ['_shared', 'llama']]) store(owner, name, '1', 90);
  const offered = async (...args: string[]) => offers((await prune(...inventory(), '--keep', '0', ...args)).result);
  expect(await offered('--tenant', 'serving')).toEqual(['serving/bert@1', 'serving/llama@1']);
  expect(await offered('--tenant', 'serving', '--name', 'llama')).toEqual(['serving/llama@1']);
  expect(await offered('--name', 'llama')).toEqual(['/llama@1', 'serving-2/llama@1', 'serving/llama@1']);
});

test('a manifest that comes back while its version is removed is not taken away, and the removal stops', async () => {
  store('serving', 'llama', '1', 90);
  const again = published({ 'config.json': '{}' }).manifest;
  server.faults.push({ fault: 'none', operation: 'DeleteObjects', times: 1, hook: () => server.main.put(MANIFEST, again) });
  const { code, said } = await prune(...inventory(), '--keep', '0', '--delete');
  expect([code, said('error')]).toEqual([1, [expect.stringContaining('serving/llama@1 was published again while it was removed')]]);
  expect(server.main.content(MANIFEST)?.toString()).toBe(again);
  expect(current()).toContain('publishing/serving/llama/1/manifest.sha256');
});

describe('a removal that is cut short', () => {
  let digest: string;

  beforeEach(async () => {
    digest = store('serving', 'llama', '1', 90);
    server.faults.push({ fault: 403, operation: 'DeleteObjects', after: 1, times: 1 });
    const { code, said } = await prune(...inventory(), '--keep', '0', '--delete');
    expect([code, said('error')]).toEqual([1, [expect.stringMatching(/^removing serving\/llama@1 stopped: .*removed before it: nothing.*--undo/)]]);
    expect(current()).not.toContain(MANIFEST);
  });

  test('is finished by the next run, whatever its age and place', async () => {
    expect((await prune(...inventory(), '--delete')).result.versions).toEqual([expect.objectContaining({ halfRemoved: true, decision: 'remove' })]);
    expect(current()).toEqual([]);
  });

  test('is finished by those who may not read what is removed, for the claim says the same', async () => {
    server.faults = [{ fault: 403, operation: 'GetObject', key: /^models/ }];
    await prune(...inventory(), '--delete');
    expect(current()).toEqual([]);
  });

  test('stays where something references it since', async () => {
    expect((await prune(...inventory(`by digest ${digest}`), '--delete')).result.versions).toEqual([expect.objectContaining({ halfRemoved: true, decision: 'keep' })]);
  });

  test('is left alone once somebody publishes the version again', async () => {
    server.main.put('models/serving/llama/1/config.json', '{}', { lastModified: new Date(Date.now() + 1_000) });
    const { result } = await prune(...inventory(), '--delete');
    expect([result.versions, spelled(result.unpublished)]).toEqual([[], ['serving/llama@1']]);
  });

  test('is undone', async () => {
    const before = current();
    expect((await undo()).result).toMatchObject({ undone: true });
    expect(current()).toEqual(expect.arrayContaining([...before, MANIFEST]));
  });
});

describe('a removed version', () => {
  let before: string[];
  let digest: string;

  beforeEach(async () => {
    digest = store('serving', 'llama', '1', 90);
    store('serving', 'llama', '2', 80);
    before = current();
    await prune(...inventory('serving/llama@2'), '--keep', '0', '--delete');
    expect(current().length).toBe(before.length / 2);
    server.requests.splice(0);
  });

  test('is published again as it was, its manifest last', async () => {
    const { code, result } = await undo();
    expect([code, result]).toEqual([0, { event: 'result', tenant: 'serving', name: 'llama', version: '1', digest, files: 2, totalBytes: 'weights of 1{}'.length, undone: true }]);
    expect(current()).toEqual(before);
    for (const key of before) expect(server.objects.get(key)!.map(({ deleteMarker }) => deleteMarker)).toEqual([false]);
    expect((await undo()).result).toMatchObject({ undone: false });
  });

  test('does not come back where its manifest could not be the last', async () => {
    server.faults.push({ fault: 403, operation: 'DeleteObjects', after: 1 });
    expect((await undo()).code).toBe(1);
    expect(current()).not.toContain(MANIFEST);
    server.faults = [];
    expect((await undo()).code).toBe(0);
    expect(current()).toEqual(before);
  });

  test('is gone once the bucket forgot a file of it, and nothing is changed', async () => {
    server.objects.delete('models/serving/llama/1/config.json');
    expect((await undo()).said('error')).toEqual([expect.stringContaining('1 of its 3 files are gone for good, such as s3://acme-models/models/serving/llama/1/config.json')]);
    expect(deletions()).toEqual([]);
  });

  test('is gone once the bucket forgot its manifest', async () => {
    server.objects.set(MANIFEST, server.objects.get(MANIFEST)!.slice(1));
    expect((await undo()).said('error')).toEqual([expect.stringContaining('nothing is left of serving/llama@1')]);
  });

  test('is not taken for what took the place of its manifest later', async () => {
    attempt(MANIFEST, 'oops');
    expect((await undo()).said('error')).toEqual([expect.stringContaining('what was removed last under serving/llama@1 was no published version')]);
    expect(current()).not.toContain(MANIFEST);
  });

  test('comes back although attempts to publish another were cleared since, and nothing of those with it', async () => {
    attempt(CLAIM, 'other');
    attempt(SIGNATURE, 'other');
    attempt('models/serving/llama/1/more', 'other');
    attempt(MANIFEST, 'being discarded 1b4e28ba\n');
    attempt(MANIFEST, 'being discarded 6fa459ea\n');
    const { result, said } = await undo();
    expect([result.digest, result.undone, said('warning')]).toEqual([digest, true, [`s3://acme-models/${SIGNATURE} was stored again after serving/llama@1 was removed, and stays removed: sign the version again`]]);
    expect(current()).toEqual(before.filter(key => key !== CLAIM && key !== SIGNATURE));
    expect(server.objects.get(MANIFEST)).toHaveLength(1);
  });

  test('does not come back while another attempt is being discarded', async () => {
    server.main.put(MANIFEST, 'being discarded 1b4e28ba\n');
    expect((await undo()).said('error')).toEqual([expect.stringContaining('serving/llama@1 is being discarded')]);
    expect(deletions()).toEqual([]);
  });

  test('does not come back with other bytes, which an attempt to publish left', async () => {
    attempt(CONFIG, '{"of": "another"}');
    expect((await undo()).said('error')).toEqual([expect.stringContaining(`serving/llama@1 can't be brought back: s3://acme-models/${CONFIG} was stored again since`)]);
    expect(deletions()).toEqual([]);
  });

  test('comes back with bytes that were stored since where S3 knows that they are the same', async () => {
    attempt(CONFIG, '{}');
    server.faults.push({ fault: 403, operation: 'HeadObject', times: 1 });
    expect((await undo()).said('error')).toEqual([expect.stringContaining('was stored again since, so its bytes may be others')]);
    expect((await undo()).result).toMatchObject({ digest, undone: true });
    expect(current()).toEqual(before);
  });

  test('comes back where the server dates what is superseded by its removal', async () => {
    const removed = before.filter(key => server.objects.get(key)!.length > 1);
    for (const key of removed) server.objects.get(key)![0].lastModified = new Date(Date.now() + DAY);
    expect((await undo()).result).toMatchObject({ digest, undone: true });
    expect(current()).toEqual(before.filter(key => key !== CLAIM && key !== SIGNATURE));
  });

  test('does not come back over what somebody publishes under its name', async () => {
    server.main.put('publishing/serving/llama/1/manifest.sha256', 'other', { lastModified: new Date(Date.now() + 1_000) });
    expect((await undo()).said('error')).toEqual([expect.stringContaining('publishing/serving/llama/1/manifest.sha256 was stored after serving/llama@1 was removed')]);
    expect(deletions()).toEqual([]);
  });
});

test('of two removals the last one is undone, and no file of the version before comes with it', async () => {
  store('serving', 'llama', '1', 90);
  server.main.put('models/serving/llama/1/extra', 'x', { lastModified: daysAgo(90) });
  const remove = () => prune(...inventory(), '--keep', '0', '--delete');
  server.main.clock = () => daysAgo(60);
  await remove();
  const digest = store('serving', 'llama', '1', 50, 'other weights');
  const before = current();
  server.main.clock = undefined;
  await remove();
  expect(current()).toEqual([]);
  expect((await undo()).result.digest).toBe(digest);
  expect(current()).toEqual(before);
});

test.each([
  ['--undo without a version', ['--undo', '--name', 'llama'], '--version is missing'],
  ['--undo with --delete', ['--undo', '--delete', '--name', 'a', '--version', '1'], 'give one of them'],
  ['a version without --undo', ['--version', '1'], '--version is for --undo'],
  ['an age that is none', ['--min-age', '30'], '--min-age is \'30\''],
  ['a tenant that is none', ['--tenant', 'A/b'], 'tenant \'A/b\' is not valid'],
])('%s: is a wrong call', async (_, args, reason) => {
  const { code, said } = await prune(...args);
  expect([code, said('error')]).toEqual([2, [expect.stringContaining(reason)]]);
  expect(server.requests).toEqual([]);
});
