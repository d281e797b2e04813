import { checkFiles, surplusOf } from './check';
import { EXPECTED_OPTIONS, EXPECTED_USAGE, expectedDigest } from './expected';
import { FolderCopy } from './folder';
import { Copy, manifestOf, PublishedCopy } from './published';
import { displayName } from '../../lib/model/layout';
import type { ModelChecksums } from '../../lib/model/model-checksums';
import { Call, Command, CommandError, text, UsageError, wholeNumber } from '../cli/command';
import { MODEL_OPTIONS, modelIdFrom } from '../cli/model-id';
import { bytes } from '../cli/output';
import { MAX_PARALLEL, Store, STORE_OPTIONS, STORE_USAGE } from '../cli/store';
import { keyName } from '../sign/public-key';
import { checkSignature } from '../sign/signatures';
import { publicKeyFrom, readText } from '../sign/signer';

export const VERIFY: Command = {
  summary: 're-checks every byte of a published version, or of a local copy',
  usage: [
    's3://bucket --name N --version V [--tenant T] [options]',
    '       cdk-eks-model-artifacts verify <folder> [options]',
    '',
    'Reads every file and compares it with the manifest. The folder is a copy of the prefix in S3, or what the downloader',
    'leaves in a pod. Without --digest, --lock or --public-key the manifest is trusted as it is found.',
    '',
    ...EXPECTED_USAGE,
    '  --public-key K     PEM file, or kms:<key id, alias or ARN>: the version must be signed with its private key',
    '  --signature F      the signature, where it is not that of the bucket',
    `  --parallel N       files at once, 1 to ${MAX_PARALLEL} (8)`,
    ...STORE_USAGE,
  ].join('\n'),
  options: {
    ...STORE_OPTIONS,
    ...MODEL_OPTIONS,
    ...EXPECTED_OPTIONS,
    'public-key': { type: 'string' },
    'signature': { type: 'string' },
    'parallel': { type: 'string' },
  },
  run: verify,
};

async function verify(call: Call): Promise<void> {
  const [target, ...rest] = call.words;
  if (target === undefined || rest.length > 0) throw new UsageError('name one thing to verify: s3://bucket or a folder');
  const parallel = wholeNumber(call, 'parallel', 8, 1, MAX_PARALLEL);
  const copy = target.startsWith('s3://') ? new PublishedCopy(Store.at(target, call), modelIdFrom(call)) : new FolderCopy(target);
  const expected = expectedDigest(call, () => modelIdFrom(call));

  const checksums = await manifestOf(copy);
  if (expected !== undefined && checksums.digest !== expected) {
    throw new CommandError(`${copy.label}manifest.sha256 is ${checksums.digest}, expected ${expected}: these are other files than were meant`);
  }
  const signedBy = await verifySignature(copy, checksums, call);
  if (expected === undefined && signedBy === undefined) {
    call.output.note(`trusting the manifest that is there, ${checksums.digest}: --digest, --lock or --public-key tell whether it is the one that was published`);
  }
  const { findings, bytes: size } = await checkFiles(copy, checksums, parallel, call.output);
  const surplus = await surplusOf(copy, checksums);
  if (surplus === undefined) call.output.note(`these credentials may not list ${copy.label}: objects that the manifest does not name are not seen`);

  const all = [...findings, ...surplus ?? []];
  for (const finding of all) call.output.error(finding);
  if (all.length > 0) throw new CommandError(`${copy.label} is not what ${checksums.digest} says: ${all.length} ${all.length === 1 ? 'finding' : 'findings'}`);
  const files = checksums.entries.length - 1; // model.json is not the model's
  call.output.result({ digest: checksums.digest, files, totalBytes: size, signedBy }, [
    `${copy.label} is right: ${files} files, ${bytes(size)}, ${checksums.digest}${signedBy === undefined ? '' : `, signed with key ${signedBy}`}`,
  ]);
}

/** The name of the key; undefined where none was asked for. */
async function verifySignature(copy: Copy, checksums: ModelChecksums, call: Call): Promise<string | undefined> {
  const [word, file] = [text(call, 'public-key'), text(call, 'signature')];
  if (word === undefined) {
    if (file !== undefined) throw new UsageError('--signature needs --public-key: a signature proves nothing without the key that it must be by');
    return undefined;
  }
  const key = await publicKeyFrom(word, call);
  const signature = file === undefined ? await copy.signature(key) : { text: readText(file), label: file };
  const id = text(call, 'name') === undefined ? undefined : modelIdFrom(call);
  const { name, unnamed } = checkSignature(signature.text, checksums, key, signature.label, id);
  if (id === undefined) call.output.note(`the signature is of '${name}': give --name and --version to be sure of the version`);
  else if (name !== displayName(id)) call.output.note(`the signature calls what it signs '${name}': it is of these files, which version was meant it does not say`);
  if (unnamed.length > 0) call.output.note(`the signature says nothing of ${unnamed.join(', ')}`);
  return keyName(key);
}
