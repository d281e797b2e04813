import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIGN } from '../../../bin/sign/command';
import { keyName } from '../../../bin/sign/public-key';
import { VERIFY } from '../../../bin/verify/command';
import { BucketServer } from '../s3-server';
import { ID, published, put, useCredentials } from '../verify/model';
import { run } from '../verify/run';

const folder = mkdtempSync(join(tmpdir(), 'sign-'));
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const [key, publicFile, bundleFile] = ['key.pem', 'public.pem', 'bundle.json'].map(name => join(folder, name));
const version = published({ 'a.bin': 'a', 'b/c.bin': 'bc' });
const stored = `signatures/nlp/m/1/${keyName(publicKey)}.sigstore.json`;
let server: BucketServer;

beforeAll(() => {
  useCredentials();
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  server = await new BucketServer('models').start();
  put(server, version);
});
afterEach(() => server.stop());

const signOf = (id: string[], ...args: string[]) => run(SIGN, ['s3://models', ...id, '--endpoint-url', server.endpoint, ...args]);
const sign = (...args: string[]) => signOf(ID, ...args);
const ofVersion = (tenant: string, name: string, other: string) => ['--tenant', tenant, '--name', name, '--version', other];

test('a version is signed once with a key', async () => {
  const first = await sign('--key', key);
  expect([first.code, first.result]).toEqual([0, { event: 'result', digest: version.digest, key: keyName(publicKey), stored: true }]);
  expect(server.main.keys('signatures/')).toEqual([stored]);
  const second = await sign('--key', key, '--digest', version.digest);
  expect([second.code, second.result.stored]).toEqual([0, false]);
  expect(server.main.objects.get(stored)).toHaveLength(1);
});

test('another one who signs at the same time is the one', async () => {
  await sign('--key', key);
  const text = server.main.content(stored)!;
  server.main.delete(stored, server.main.current(stored)!.versionId);
  server.faults = [{ fault: 'none', operation: 'PutObject', times: 1, hook: () => server.main.put(stored, text) }];
  expect((await sign('--key', key)).result.stored).toBe(false);
  server.main.delete(stored, server.main.current(stored)!.versionId);
  server.faults = [{ fault: 409, operation: 'PutObject', times: 1 }];
  expect((await sign('--key', key)).result.stored).toBe(true);
});

test('a signature that is stored for other files is not taken for one of these', async () => {
  server.main.put(stored, '{}');
  const { code, said } = await sign('--key', key);
  expect([code, said('error')]).toEqual([1, [expect.stringContaining(`s3://models/${stored} is refused`)]]);
});

test('a signature that was made elsewhere is stored once it is verified', async () => {
  await sign('--key', key);
  writeFileSync(bundleFile, server.main.content(stored)!);
  server.main.delete(stored, server.main.current(stored)!.versionId);
  expect((await sign('--signature', bundleFile, '--public-key', publicFile)).result).toMatchObject({ stored: true });
  expect(server.main.content(stored)!.equals(readFileSync(bundleFile))).toBe(true);
  expect((await sign('--signature', bundleFile, '--public-key', publicFile)).result).toMatchObject({ stored: false });

  server.main.put('models/nlp/m/2/manifest.sha256', published({ 'a.bin': 'another' }).manifest);
  const other = await signOf(ofVersion('nlp', 'm', '2'), '--signature', bundleFile, '--public-key', publicFile);
  expect([other.code, other.said('error')]).toEqual([1, [expect.stringMatching(/bundle\.json is of other files: it signs other bytes of 'a\.bin'/)]]);
  expect(server.main.keys('signatures/nlp/m/2/')).toEqual([]);
});

test('a signature of another version that has the same files is none of this one', async () => {
  await sign('--key', key);
  const text = server.main.content(stored)!;
  const reason = 'is of nlp/m@1, not of evil/bad@2, whose files are the same';
  for (const [path, content] of Object.entries(version.files)) server.main.put(`models/evil/bad/2/${path}`, content);
  writeFileSync(bundleFile, text);
  const added = await signOf(ofVersion('evil', 'bad', '2'), '--signature', bundleFile, '--public-key', publicFile);
  expect([added.code, added.said('error')]).toEqual([1, [expect.stringContaining(`bundle.json ${reason}`)]]);
  server.main.put(`signatures/evil/bad/2/${keyName(publicKey)}.sigstore.json`, text);
  expect((await signOf(ofVersion('evil', 'bad', '2'), '--key', key)).said('error')).toEqual([expect.stringContaining(reason)]);
  const check = await run(VERIFY, ['s3://models', ...ofVersion('evil', 'bad', '2'), '--endpoint-url', server.endpoint, '--public-key', publicFile]);
  expect([check.code, check.said('error')]).toEqual([1, [expect.stringContaining(reason)]]);
});

test('what is not published, or is not what was expected, is not signed', async () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  expect((await sign('--key', key, '--digest', digest)).said('error')).toEqual([`nlp/m@1 is published as ${version.digest}, expected ${digest}: not signed`]);
  expect((await signOf(ofVersion('nlp', 'm', '3'), '--key', key)).said('error')[0]).toContain('s3://models/models/nlp/m/3/manifest.sha256 is not there');
  expect(server.main.keys('signatures/')).toEqual([]);
});

test.each([[[]], [['--key', 'k', '--signature', 's']], [['--signature', 's']], [['--public-key', 'p']]])('called wrongly: %j', async args => {
  expect((await sign(...args)).code).toBe(2);
});
