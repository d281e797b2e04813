import { createHash, generateKeyPairSync, KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBundle } from '../../../bin/sign/bundle';
import { checkSignature } from '../../../bin/sign/signatures';
import { publicKeyIn } from '../../../bin/sign/signer';
import { statementOf } from '../../../bin/sign/statement';
import { ModelChecksums } from '../../../lib/model/model-checksums';
import { published, sha256 } from '../verify/model';

const TOOL = join(__dirname, 'model-signing-1.1.1');
const tool = (name: string) => readFileSync(join(TOOL, name), 'utf8');
const payloadOf = (text: string) => JSON.parse(Buffer.from(JSON.parse(text).dsseEnvelope.payload, 'base64').toString());

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const files = { 'config.json': '{}', 'a/weights.safetensors': 'weights' };
const version = published(files);
const checksums = ModelChecksums.parse(version.manifest);

/** Signs whatever it is given, by the letter of DSSE. */
function sealed(statement: unknown, change: { [key: string]: unknown } = {}, key: KeyObject = privateKey) {
  const payload = Buffer.from(JSON.stringify(statement));
  const type = 'application/vnd.in-toto+json';
  const sig = sign('sha256', Buffer.concat([Buffer.from(`DSSEv1 28 ${type} ${payload.length} `), payload]), key).toString('base64');
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: {} },
    dsseEnvelope: { payload: payload.toString('base64'), payloadType: type, signatures: [{ sig, keyid: '' }] },
    ...change,
  });
}

function about(resources: Array<{ name: string; digest: string; algorithm?: string }>, change: object = {}, serialization = {}) {
  const root = createHash('sha256');
  for (const { digest } of resources) root.update(Buffer.from(digest, 'hex'));
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'm', digest: { sha256: root.digest('hex') } }],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ...serialization },
      resources: resources.map(one => ({ algorithm: 'sha256', ...one })),
    },
    ...change,
  };
}

const resource = (name: string, content: string) => ({ name, digest: sha256(content) });
const WEIGHTS = resource('a/weights.safetensors', 'weights');
const CONFIG = resource('config.json', '{}');
const check = (text: string) => checkSignature(text, checksums, publicKey, 'S');

test('a signature by the tool of the format is verified', () => {
  const theirs = ModelChecksums.parse(tool('manifest.sha256'));
  // The tool leaves .gitattributes out by itself; the manifest, which it signed, has it.
  // Whatever the version is called: the tool names the folder that it signed.
  const { unnamed } = checkSignature(tool('signature.sigstore.json'), theirs, publicKeyIn(join(TOOL, 'public.pem')), 'S', { tenant: 'nlp', name: 'm', version: '1' });
  expect(unnamed).toEqual([]);
});

test('our statement and bundle are those of the tool', async () => {
  const theirs = tool('signature.sigstore.json');
  const toolKey = publicKeyIn(join(TOOL, 'public.pem'));
  const ours = await createBundle(statementOf({ tenant: 'nlp', name: 'm', version: '1' }, ModelChecksums.parse(tool('manifest.sha256'))), { publicKey: toolKey, sign: async () => Buffer.from('s') });
  const expected = payloadOf(theirs);
  expected.subject[0].name = 'nlp/m@1';
  expected.predicate.serialization.ignore_paths.sort();
  expect(payloadOf(ours)).toEqual(expected);
  const [mine, other] = [ours, theirs].map(text => JSON.parse(text));
  for (const { dsseEnvelope } of [mine, other]) {
    dsseEnvelope.payload = '';
    dsseEnvelope.signatures[0].sig = '';
  }
  expect(mine).toEqual(other);
});

test('what we sign is verified, and names every file', async () => {
  const text = await createBundle(statementOf({ name: 'm', version: '1' }, checksums), { publicKey, sign: async message => sign('sha256', message, privateKey) });
  expect(check(text)).toEqual({ name: 'm@1', unnamed: [] });
  expect(payloadOf(text).predicate.resources.map(({ name }: any) => name)).toEqual(['a/weights.safetensors', 'config.json', 'manifest.sha256', 'model.json']);
});

test('a signature from before publishing names neither model.json nor the manifest', () => {
  expect(check(sealed(about([WEIGHTS, CONFIG])))).toEqual({ name: 'm', unnamed: ['model.json', 'manifest.sha256'] });
  const ofGit = ModelChecksums.parse(published({ ...files, '.gitattributes': '*', '.github/a.yml': 'a' }).manifest);
  expect(checkSignature(sealed(about([WEIGHTS, CONFIG])), ofGit, publicKey, 'S').unnamed).toEqual(['.gitattributes', '.github/a.yml', 'model.json', 'manifest.sha256']);
});

const CHANGED = Buffer.from(JSON.stringify(about([resource('a/weights.safetensors', 'other'), CONFIG]))).toString('base64');

test.each([
  ['another key', sealed(about([WEIGHTS, CONFIG]), {}, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey), 'it was changed, or signed with another key'],
  ['another key, by its hint', sealed(about([WEIGHTS, CONFIG]), { verificationMaterial: { publicKey: { hint: 'ab' } } }, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey), 'signed with another key than'],
  ['a changed statement', sealed(about([WEIGHTS, CONFIG])).replace(/"payload":"[^"]*"/, `"payload":"${CHANGED}"`), 'its signature is not that of its content'],
  ['a file that is missing', sealed(about([CONFIG])), "S is of other files: it does not sign 'a/weights.safetensors'"],
  ['a file too many', sealed(about([WEIGHTS, CONFIG, resource('b', 'b')])), "it signs 'b', which the version does not have"],
  ['other bytes', sealed(about([resource('a/weights.safetensors', 'other'), CONFIG])), "it signs other bytes of 'a/weights.safetensors'"],
  ['another manifest', sealed(about([WEIGHTS, CONFIG, resource('manifest.sha256', 'other')])), "it signs other bytes of 'manifest.sha256'"],
  ['a file twice', sealed(about([WEIGHTS, CONFIG, WEIGHTS])), 'it names a file twice'],
  ['another hash', sealed(about([WEIGHTS, CONFIG], {}, { hash_type: 'blake2' })), "it signs 'files' by 'blake2': only whole files by SHA-256"],
  ['another hash of a file', sealed(about([WEIGHTS, { ...CONFIG, algorithm: 'blake3' }])), 'a resource has no name, or no SHA-256'],
  ['shards', sealed(about([WEIGHTS, CONFIG], {}, { method: 'shards', shard_size: 1_000_000_000 })), "it signs 'shards' by 'sha256'"],
  ['a root digest that is wrong', sealed(about([WEIGHTS, CONFIG], { subject: [{ name: 'm', digest: { sha256: '0'.repeat(64) } }] })), 'the digest of its subject is not that of its resources'],
  ['another predicate', sealed(about([WEIGHTS, CONFIG], { predicateType: 'https://model_signing/Digests/v0.1' })), "its predicate is of type 'https://model_signing/Digests/v0.1'"],
  ['another statement', sealed(about([WEIGHTS, CONFIG], { _type: 'https://in-toto.io/Statement/v0.1' })), "its statement is of type 'https://in-toto.io/Statement/v0.1'"],
  ['another media type', sealed(about([WEIGHTS, CONFIG]), { mediaType: 'application/json' }), "its media type is 'application/json'"],
  ['a certificate', sealed(about([WEIGHTS, CONFIG]), { verificationMaterial: { certificate: { rawBytes: '' } } }), 'signed with a certificate'],
  ['another type of payload', sealed(about([WEIGHTS, CONFIG])).replace('vnd.in-toto', 'vnd.other'), "its payload is of type 'application/vnd.other+json'"],
  ['two signatures', sealed(about([WEIGHTS, CONFIG])).replace(/"signatures":\[(.*?)\]/, '"signatures":[$1,$1]'), 'expected one payload with one signature'],
  ['no signature in it', sealed(about([WEIGHTS, CONFIG])).replace(/"sig":"[^"]*"/, '"sig":""'), 'its signature is not that of its content'],
  ['no JSON', 'x', 'it is no JSON object'],
])('%s is refused', (_, text, message) => {
  expect(() => check(text)).toThrow(message);
});
