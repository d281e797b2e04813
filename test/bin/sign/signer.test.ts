import { generateKeyPairSync, KeyObject, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KmsServer } from './kms-server';
import { Call } from '../../../bin/cli/command';
import { publicKeyFrom, signerFrom } from '../../../bin/sign/signer';
import { useCredentials } from '../verify/model';

const folder = mkdtempSync(join(tmpdir(), 'signer-'));
afterAll(() => rmSync(folder, { recursive: true }));
const environment = { ...process.env };
afterEach(() => { process.env = { ...environment }; });

const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const callWith = (values: Call['values'] = {}) => ({ words: [], values, output: undefined as never });
const pair = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const pem = (key: KeyObject, more = {}) => key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem', ...more } as never) as string;
const message = Buffer.from('what is signed');

// The hashes of https://github.com/sigstore/protobuf-specs/blob/main/docs/algorithm-registry.md
const CURVES = [['prime256v1', 'sha256', 'ECDSA_SHA_256'], ['secp384r1', 'sha384', 'ECDSA_SHA_384'], ['secp521r1', 'sha512', 'ECDSA_SHA_512']];

test.each(CURVES)('a PEM key of %s signs by %s', async (curve, hash) => {
  const { privateKey, publicKey } = pair(curve);
  const signer = await signerFrom(file('key.pem', pem(privateKey)), callWith());
  expect(verify(hash, message, publicKey, await signer.sign(message))).toBe(true);
  expect(signer.publicKey.equals(publicKey)).toBe(true);
  expect((await publicKeyFrom(file('public.pem', pem(publicKey)), callWith())).equals(publicKey)).toBe(true);
});

test.each(CURVES)('a KMS key of %s signs the digest by %s with %s', async (curve, hash, algorithm) => {
  const server = await new KmsServer(curve, hash, algorithm).start();
  try {
    useCredentials();
    process.env.AWS_ENDPOINT_URL_KMS = server.endpoint;
    server.message = Buffer.alloc(5_000, 'longer than the 4,096 bytes that KMS takes');
    const signer = await signerFrom('kms:alias/models', callWith());
    expect(verify(hash, server.message, server.publicKey, await signer.sign(server.message))).toBe(true);
    expect(server.requests.map(({ action, KeyId }) => [action, KeyId])).toEqual([['GetPublicKey', 'alias/models'], ['Sign', 'alias/models']]);
    expect((await publicKeyFrom('kms:alias/models', callWith({ region: 'eu-north-1' }))).equals(server.publicKey)).toBe(true);
    expect(server.requests[2].authorization).toContain('/eu-north-1/kms/');
    // The key of an ARN is where the ARN says, and not where the bucket is.
    await publicKeyFrom('kms:arn:aws:kms:us-east-2:111122223333:key/1', callWith({ region: 'eu-north-1' }));
    expect(server.requests[3].authorization).toContain('/us-east-2/kms/');
  } finally {
    await server.stop();
  }
});

test('an encrypted key needs its password, from a file or the environment', async () => {
  const { privateKey, publicKey } = pair('prime256v1');
  const key = file('encrypted.pem', pem(privateKey, { cipher: 'aes-256-cbc', passphrase: 'open sesame' }));
  await expect(signerFrom(key, callWith())).rejects.toThrow(`the key in '${key}' is encrypted: give --key-password-file or set SIGNING_KEY_PASSWORD`);
  process.env.SIGNING_KEY_PASSWORD = 'another';
  await expect(signerFrom(key, callWith())).rejects.toThrow(`the key in '${key}' can't be decrypted`);
  const signs = async (values: Call['values']) => verify('sha256', message, publicKey, await (await signerFrom(key, callWith(values))).sign(message));
  expect(await signs({ 'key-password-file': file('password', 'open sesame\r\n') })).toBe(true);
  process.env.SIGNING_KEY_PASSWORD = 'open sesame';
  expect(await signs({})).toBe(true);
});

test.each([
  ['a curve that the format has not', () => pem(pair('secp256k1').privateKey), 'is secp256k1: the model-signing format takes elliptic curve keys'],
  ['another kind of key', () => pem(generateKeyPairSync('ed25519').privateKey), 'is ed25519: the model-signing format takes elliptic curve keys'],
  ['a public key', () => pem(pair('prime256v1').publicKey), 'holds no private key in PEM'],
  ['something else', () => 'hello', 'holds no private key in PEM'],
])('%s does not sign', async (_, content, message_) => {
  await expect(signerFrom(file('key.pem', content()), callWith())).rejects.toThrow(message_);
});

test('a file that is not there, or no public key', async () => {
  await expect(signerFrom(join(folder, 'none.pem'), callWith())).rejects.toThrow("none.pem' can't be read: ENOENT");
  await expect(publicKeyFrom(file('public.pem', 'hello'), callWith())).rejects.toThrow('holds no public key in PEM');
});
