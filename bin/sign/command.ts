import { keyName } from './public-key';
import { addSignature, signVersion } from './signatures';
import { publicKeyFrom, SIGNER_OPTIONS, SIGNER_USAGE, signerFrom } from './signer';
import { displayName } from '../../lib/model/layout';
import { Call, Command, CommandError, text, UsageError } from '../cli/command';
import { MODEL_OPTIONS, modelIdFrom } from '../cli/model-id';
import { Store, STORE_OPTIONS, STORE_USAGE } from '../cli/store';
import { EXPECTED_OPTIONS, EXPECTED_USAGE, expectedDigest } from '../verify/expected';
import { manifestOf, PublishedCopy } from '../verify/published';

export const SIGN: Command = {
  summary: 'signs a version that is published, in the format of OpenSSF model signing',
  usage: [
    's3://bucket --name N --version V [--tenant T] (--key K | --signature F --public-key P) [options]',
    '',
    'Signs the manifest that is published; give --digest or --lock to be sure which one that is. Reads no other file: see verify.',
    '',
    '  --key K            private key: PEM file, or kms:<key id, alias or ARN>',
    ...SIGNER_USAGE,
    '  --signature F      a signature that was made elsewhere, as by `model_signing sign key`',
    '  --public-key P     its public key: PEM file, or kms:<key id, alias or ARN>',
    ...EXPECTED_USAGE,
    ...STORE_USAGE,
  ].join('\n'),
  options: {
    ...STORE_OPTIONS,
    ...MODEL_OPTIONS,
    ...EXPECTED_OPTIONS,
    ...SIGNER_OPTIONS,
    'key': { type: 'string' },
    'signature': { type: 'string' },
    'public-key': { type: 'string' },
  },
  run: sign,
};

async function sign(call: Call): Promise<void> {
  if (call.words.length !== 1) throw new UsageError('name one bucket: s3://bucket');
  const [key, file, publicKeyFile] = ['key', 'signature', 'public-key'].map(option => text(call, option));
  if ((key === undefined) === (file === undefined) || (file === undefined) !== (publicKeyFile === undefined)) {
    throw new UsageError('give --key, or --signature with --public-key');
  }
  const store = Store.at(call.words[0], call);
  const id = modelIdFrom(call);
  const expected = expectedDigest(call, () => id);
  const signer = key === undefined ? undefined : await signerFrom(key, call);
  const checksums = await manifestOf(new PublishedCopy(store, id));
  if (expected !== undefined && checksums.digest !== expected) {
    throw new CommandError(`${displayName(id)} is published as ${checksums.digest}, expected ${expected}: not signed`);
  }
  const publicKey = signer?.publicKey ?? await publicKeyFrom(publicKeyFile!, call);
  const name = keyName(publicKey);
  const stored = signer ? await signVersion(store, id, checksums, signer) : await addSignature(store, id, checksums, file!, publicKey);
  call.output.result({ digest: checksums.digest, key: name, stored }, [
    `${displayName(id)} is signed with key ${name}${stored ? '' : ' already'}: ${checksums.digest}`,
  ]);
}
