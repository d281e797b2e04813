import { openBucket } from './bucket-source';
import { checkNotDiscarded, discard } from './discard';
import { Filter, filterOf, LITTER } from './filter';
import { openFolder } from './folder-source';
import { sizeOf } from './hashing';
import { HUB_OPTIONS, HUB_USAGE, openHub } from './hub-source';
import { whenInterrupted } from './interruption';
import { checkWritable, locked, writeAtomically } from './lock';
import { publish, Published } from './publish';
import { artifactCode, lockedCode, reportLines } from './report';
import type { Source } from './source';
import type { Uploader } from './upload';
import { warnOfCode } from './warnings';
import { displayName, ModelId } from '../../lib/model/layout';
import type { ModelChecksums } from '../../lib/model/model-checksums';
import { Call, Command, text, texts, UsageError, wholeNumber } from '../cli/command';
import { MODEL_OPTIONS, modelIdFrom } from '../cli/model-id';
import { bytes } from '../cli/output';
import { MAX_PARALLEL, Store, STORE_OPTIONS, STORE_USAGE } from '../cli/store';
import { addSignature, checkSignature, signVersion } from '../sign/signatures';
import { publicKeyFrom, readText, SIGNER_OPTIONS, SIGNER_USAGE, signerFrom } from '../sign/signer';

/** Publishes a version of a model. */
export const PUBLISH: Command = {
  summary: 'publishes a version of a model: a folder, a commit of a hub, or what a bucket holds',
  usage: [
    '<source> s3://bucket --name N --version V [options]',
    '  <source>           a folder, hf://org/repo@<commit>, or s3://bucket/prefix/',
    '  --tenant T         whose model it is; without it, it is for everybody',
    '  --include G        only files that a glob matches; may be repeated',
    `  --exclude G        no files that a glob matches; may be repeated. Left out anyway, unless --include names it: ${LITTER.join(' ')}`,
    '  --lock F           keeps digest and size in this file, for ModelArtifact.fromLock, and makes the version the current one',
    '  --keep-current     with --lock: which version is current stays',
    '  --sign K           signs with a private key: a PEM file, or kms:<key id, alias or ARN>',
    ...SIGNER_USAGE,
    '  --signature F      stores a signature that was made elsewhere, once it is verified with --public-key',
    '  --public-key K     the public key that belongs to it: PEM file, or kms:<key id, alias or ARN>',
    '  --discard-unpublished  first deletes what attempts to publish this version left; needs the rights to publish and to prune',
    `  --parallel N       requests under way at once, 1 to ${MAX_PARALLEL}; 32 by default`,
    ...HUB_USAGE,
    ...STORE_USAGE,
  ].join('\n'),
  options: {
    ...MODEL_OPTIONS,
    ...STORE_OPTIONS,
    ...SIGNER_OPTIONS,
    ...HUB_OPTIONS,
    'include': { type: 'string', multiple: true },
    'exclude': { type: 'string', multiple: true },
    'lock': { type: 'string' },
    'keep-current': { type: 'boolean' },
    'sign': { type: 'string' },
    'signature': { type: 'string' },
    'public-key': { type: 'string' },
    'discard-unpublished': { type: 'boolean' },
    'parallel': { type: 'string' },
  },
  run,
};

async function run(call: Call): Promise<void> {
  const { output, words: [from, to, ...more], values } = call;
  if (from === undefined || to === undefined) throw new UsageError('give a source and a bucket: publish <source> s3://bucket');
  if (more.length > 0) throw new UsageError(`'${more[0]}' is one word too many: quote globs, or the shell takes them for files`);
  const id = modelIdFrom(call);
  const parallel = wholeNumber(call, 'parallel', 32, 1, MAX_PARALLEL);
  const signatures = await signaturesOf(call);
  const lock = text(call, 'lock');
  const current = values['keep-current'] !== true;
  if (!current && lock === undefined) throw new UsageError('--keep-current says what --lock does: give both');
  const store = Store.at(to, call);
  if (values['discard-unpublished'] === true) checkNotDiscarded(from, store, id);

  const source = await openSource(from, call, filterOf(texts(call, 'include'), texts(call, 'exclude')));
  const { files, leftOut = [] } = source;
  output.note(`${source.label}: ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${bytes(sizeOf(files))}${leftOut.length > 0 ? `; left out: ${listed(leftOut)}` : ''}`);
  warnOfCode(files, output);
  if (values['discard-unpublished'] === true) output.note(`${await discard(store, id)} objects of unpublished attempts deleted`);

  let uploader: Uploader | undefined;
  let manifestSent = false;
  const settled = whenInterrupted(async signal => {
    output.error(`${signal}: ${displayName(id)} ${manifestSent ? 'may be published' : 'is not published'}; the same command goes on where this one ends`);
    await uploader?.stop();
  });
  try {
    const published = await publish({
      store,
      id,
      source,
      parallel,
      output,
      approve: version => {
        signatures.approve(version.checksums, id);
        if (lock !== undefined) checkWritable(lock, locked(lock, id, version, current));
      },
      sign: checksums => signatures.store(store, id, checksums),
      onUpload: started => { uploader = started; },
      onManifest: () => { manifestSent = true; },
    });
    if (lock) writeAtomically(lock, locked(lock, id, published, current));
    report(call, id, published, lock === undefined ? artifactCode(id, published) : lockedCode(lock, id, current));
  } finally {
    settled();
  }
}

async function openSource(from: string, call: Call, filter: Filter): Promise<Source> {
  if (from.startsWith('hf://')) return openHub(from, call, filter);
  if (from.startsWith('s3://')) return openBucket(from, call, filter);
  return openFolder(from, filter);
}

interface Signatures {
  /** @throws where a signature that was brought is not of these files */
  approve(checksums: ModelChecksums, id: ModelId): void;
  store(store: Store, id: ModelId, checksums: ModelChecksums): Promise<unknown>;
}

/** What `--sign`, or `--signature` with `--public-key`, ask for. */
async function signaturesOf(call: Call): Promise<Signatures> {
  const [key, file, publicKeyWord] = ['sign', 'signature', 'public-key'].map(option => text(call, option));
  if ((file === undefined) !== (publicKeyWord === undefined)) throw new UsageError('--signature and --public-key belong together: give both');
  if (key !== undefined && file !== undefined) throw new UsageError('--sign makes a signature, --signature brings one: give one of both');
  if (key !== undefined) {
    const signer = await signerFrom(key, call);
    return { approve: () => {}, store: (store, id, checksums) => signVersion(store, id, checksums, signer) };
  }
  if (file === undefined) return { approve: () => {}, store: async () => {} };
  const publicKey = await publicKeyFrom(publicKeyWord!, call);
  return {
    approve: (checksums, id) => { checkSignature(readText(file), checksums, publicKey, file, id); },
    store: (store, id, checksums) => addSignature(store, id, checksums, file, publicKey),
  };
}

function report({ output }: Call, { tenant, name, version }: ModelId, published: Published, code: string) {
  const { checksums, totalBytes, already, sentBytes, restoredFiles } = published;
  const files = checksums.entries.length - 1;
  const fields = { tenant, name, version, digest: checksums.digest, totalBytes, files, alreadyPublished: already, sentBytes, restoredFiles, code };
  output.result(fields, reportLines({ tenant, name, version }, published, code));
}

function listed(paths: string[]): string {
  return `${paths.slice(0, 3).map(path => `'${path}'`).join(', ')}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`;
}

