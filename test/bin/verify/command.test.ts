import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ID, published, Published, put, sha256, useCredentials } from './model';
import { run } from './run';
import { SIGN } from '../../../bin/sign/command';
import { keyName } from '../../../bin/sign/public-key';
import { VERIFY } from '../../../bin/verify/command';
import { BucketServer } from '../s3-server';

const FILES = { 'config.json': '{}', 'empty': '', 'ü/é 文.safetensors': 'weights', 'w-1.safetensors': 'x'.repeat(200_000) };
const version = published(FILES);
const url = 's3://models/models/nlp/m/1/';
let folder: string;
let server: BucketServer;

beforeAll(useCredentials);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verify-'));
  server = await new BucketServer('models').start();
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const verifyBucket = (...args: string[]) => run(VERIFY, ['s3://models', ...ID, '--endpoint-url', server.endpoint, ...args]);
const write = (root: string, { files }: Published) => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
};

test('a version that is as it was published', async () => {
  put(server, version);
  const { code, result, said } = await verifyBucket('--digest', version.digest);
  expect([code, result, said('note')]).toEqual([0, { event: 'result', digest: version.digest, files: 4, totalBytes: 200_009 }, []]);
  expect(new Set(server.asked('GetObject'))).toEqual(new Set(Object.keys(version.files).map(path => `models/nlp/m/1/${path}`)));
});

test('every finding is named', async () => {
  put(server, version);
  server.main.put('models/nlp/m/1/config.json', '{ }');
  server.main.delete('models/nlp/m/1/ü/é 文.safetensors', server.main.current('models/nlp/m/1/ü/é 文.safetensors')!.versionId);
  server.main.put('models/nlp/m/1/w-1.safetensors', `${'x'.repeat(199_999)}y`);
  server.main.put('models/nlp/m/1/extra.py', 'x');
  const { code, said } = await verifyBucket('--digest', version.digest);
  expect(code).toBe(1);
  expect(said('error')).toEqual([
    `${url}config.json has other bytes: SHA-256 of its 3 bytes is ${sha256('{ }')}, the manifest says ${sha256('{}')}`,
    expect.stringContaining(`${url}w-1.safetensors has other bytes: SHA-256 of its 200000 bytes is `),
    `${url}ü/é 文.safetensors is missing, or may not be read`,
    `${url}extra.py is there, but the manifest does not name it`,
    `${url} is not what ${version.digest} says: 4 findings`,
  ]);
});

test('files and a model.json that are not of one publication', async () => {
  put(server, published(FILES, 200_010));
  expect((await verifyBucket()).said('error')[0]).toBe(`${url}model.json says 200010 bytes, the files hold 200009: a pod refuses that; publish again, under a new version`);
  put(server, published(FILES, NaN));
  expect((await verifyBucket()).said('error')[0]).toBe(`${url}model.json has no totalBytes, a whole number of bytes`);
});

test('without the right to list, surplus objects are not seen, which it says', async () => {
  put(server, version);
  server.options.allowListing = false;
  const { code, said } = await verifyBucket('--digest', version.digest);
  expect([code, said('note')]).toEqual([0, [`these credentials may not list ${url}: objects that the manifest does not name are not seen`]]);
});

test('a manifest that is not the expected one ends it', async () => {
  put(server, version);
  const digest = `sha256:${'1'.repeat(64)}`;
  expect((await verifyBucket('--digest', digest)).said('error')).toEqual([`${url}manifest.sha256 is ${version.digest}, expected ${digest}: these are other files than were meant`]);
  expect(server.asked('GetObject')).toEqual(['models/nlp/m/1/manifest.sha256']);
  const lock = join(folder, 'models.lock.json');
  const locked = (found: string) => JSON.stringify({ lockVersion: 1, models: { 'nlp/m': { current: '1', versions: { 1: { digest: found, totalBytes: 200_009 } } } } });
  writeFileSync(lock, locked(digest));
  expect((await verifyBucket('--lock', lock)).said('error')[0]).toContain(`expected ${digest}`);
  writeFileSync(lock, locked(version.digest));
  const other = await run(VERIFY, ['s3://models', '--tenant', 'nlp', '--name', 'm', '--version', '2', '--endpoint-url', server.endpoint, '--lock', lock]);
  expect([(await verifyBucket('--lock', lock)).code, other.said('error')]).toEqual([0, [`${lock} has no nlp/m@2: publish it with --lock, or give --digest`]]);
});

test('without a digest it says which manifest it trusts', async () => {
  put(server, version);
  const { code, said } = await verifyBucket();
  expect([code, said('note')]).toEqual([0, [expect.stringContaining(`trusting the manifest that is there, ${version.digest}`)]]);
});

test('a manifest that is cut, or no UTF-8, or not there', async () => {
  expect((await verifyBucket()).said('error')).toEqual([`${url}manifest.sha256 is not there, or may not be read: without it there is no published version`]);
  server.main.put('models/nlp/m/1/manifest.sha256', version.manifest.slice(0, -1));
  expect((await verifyBucket()).said('error')[0]).toContain('is refused: manifest does not end with a newline');
  server.main.put('models/nlp/m/1/manifest.sha256', Buffer.concat([Buffer.from(version.manifest), Buffer.from([0xff, 10])]));
  expect((await verifyBucket()).said('error')[0]).toContain('manifest.sha256 is refused');
});

test('a connection that breaks within a file is tried again; an archived object is not', async () => {
  put(server, version);
  server.faults = [{ fault: 'cut', operation: 'GetObject', key: /w-1/, times: 2 }];
  expect((await verifyBucket('--digest', version.digest)).code).toBe(0);
  expect(server.asked('GetObject').filter(key => /w-1/.test(key))).toHaveLength(3);
  server.faults = [{ fault: 'flip', operation: 'GetObject', key: /w-1/ }];
  expect((await verifyBucket('--digest', version.digest)).said('error')[0]).toContain('w-1.safetensors has other bytes');
  server.faults = [];
  server.requests.length = 0;
  server.main.put('models/nlp/m/1/w-1.safetensors', FILES['w-1.safetensors'], { storageClass: 'GLACIER' });
  expect((await verifyBucket('--digest', version.digest)).said('error')[0]).toContain("w-1.safetensors can't be read: The operation is not valid for the object's storage class");
  expect(server.asked('GetObject').filter(key => /w-1/.test(key))).toHaveLength(1);
});

test('no more files at once than it is told', async () => {
  put(server, published(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`file-${index}`, `content ${index}`]))));
  let [open, most] = [0, 0];
  server.faults = [{
    fault: 'none',
    operation: 'GetObject',
    hook: async () => {
      most = Math.max(most, ++open);
      await new Promise(resolve => setTimeout(resolve, 5));
      open--;
    },
  }];
  expect((await verifyBucket('--parallel', '3')).code).toBe(0);
  expect(most).toBe(3);
});

test('a signature is asked for by its key', async () => {
  put(server, version);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const [key, publicFile] = [join(folder, 'key.pem'), join(folder, 'public.pem')];
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const signature = `s3://models/signatures/nlp/m/1/${keyName(publicKey)}.sigstore.json`;
  expect((await verifyBucket('--public-key', publicFile)).said('error')).toEqual([`${signature} is not there, or may not be read: the version is not signed with this key`]);
  await run(SIGN, ['s3://models', ...ID, '--endpoint-url', server.endpoint, '--key', key]);
  const signed = await verifyBucket('--public-key', publicFile);
  expect([signed.code, signed.result.signedBy, signed.said('note')]).toEqual([0, keyName(publicKey), []]);

  // Whoever can write to the bucket can make a manifest that fits other files, but not its signature.
  put(server, published({ ...FILES, 'config.json': '{"evil":1}' }));
  const changed = await verifyBucket('--public-key', publicFile);
  expect([changed.code, changed.said('error')]).toEqual([1, [expect.stringContaining(`${signature} is of other files: it signs other bytes of 'config.json'`)]]);

  write(folder, version);
  rmSync(key);
  rmSync(publicFile);
  writeFileSync(`${folder}.pem`, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(`${folder}.json`, server.main.content(signature.slice('s3://models/'.length))!);
  expect((await run(VERIFY, [folder, '--public-key', `${folder}.pem`, '--signature', `${folder}.json`])).result).toMatchObject({ signedBy: keyName(publicKey) });
  expect((await run(VERIFY, [folder, '--public-key', `${folder}.pem`])).code).toBe(2);
  expect((await run(VERIFY, [folder, '--signature', `${folder}.json`])).code).toBe(2);
  rmSync(`${folder}.pem`);
  rmSync(`${folder}.json`);
});

test.each(['', 'models'])('a folder, with the files in "%s"', async below => {
  const root = join(folder, below);
  write(root, version);
  if (below !== '') writeFileSync(join(folder, '.ready'), `${version.digest} s3://models/\n`); // as the downloader leaves it
  expect([(await run(VERIFY, [folder, '--digest', version.digest])).code]).toEqual([0]);

  writeFileSync(join(root, 'config.json'), '[]');
  rmSync(join(root, 'empty'));
  mkdirSync(join(root, 'more'));
  writeFileSync(join(root, 'more', 'extra.bin'), '');
  symlinkSync('config.json', join(root, 'link'));
  rmSync(join(root, 'w-1.safetensors'));
  execFileSync('mkfifo', [join(root, 'w-1.safetensors')]); // reading would wait for ever
  const { code, said } = await run(VERIFY, [folder]);
  expect(code).toBe(1);
  expect(said('error').map(line => line.replace(`${root}/`, ''))).toEqual([
    expect.stringMatching(/^config\.json has other bytes/),
    'empty is missing, or may not be read',
    'w-1.safetensors is missing, or may not be read',
    'link is there, but the manifest does not name it',
    'more/extra.bin is there, but the manifest does not name it',
    `${root}/ is not what ${version.digest} says: 5 findings`.replace(`${root}/`, ''),
  ]);
});

test.each([
  [[]], [['s3://models', 'two']], [['s3://models']], [['s3://models/prefix', ...ID]], [['.', '--digest', 'abc']], [['.', '--digest', version.digest, '--lock', 'l']],
  [['.', '--parallel', '0']],
])('called wrongly: %j', async args => {
  expect((await run(VERIFY, args)).code).toBe(2);
});
