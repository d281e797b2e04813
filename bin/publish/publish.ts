import { Readable } from 'node:stream';
import { checkClaim, claim, firstDifferences } from './claim';
import { describeModel } from './description';
import { sha256Of } from './digests';
import { isDiscarding } from './discard';
import { bytesToHash, hashFiles, sizeOf } from './hashing';
import { putText } from './objects';
import type { Source } from './source';
import { DigestedFile, LEFTOVER, Uploader } from './upload';
import { displayName, manifestKey, MODELS, ModelId, versionPrefix } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';
import type { Output } from '../cli/output';
import { read, Store } from '../cli/store';

/** What is to be published. */
export interface Publication {
  readonly store: Store;
  readonly id: ModelId;
  readonly source: Source;
  readonly parallel: number;
  readonly output: Output;
  /** Asked when it is known what the version holds, before anything is written: throws to refuse it. */
  readonly approve: (version: Version) => void;
  /** Stores signatures: after the files, before the manifest. */
  readonly sign: (checksums: ModelChecksums) => Promise<unknown>;
  /** Told of each upload, so that it can be stopped. */
  readonly onUpload: (uploader: Uploader) => void;
  /** Told when the manifest is there, or on its way: from then on the version may be published. */
  readonly onManifest: () => void;
}

/** A version, published or about to be. */
export interface Version {
  readonly checksums: ModelChecksums;
  readonly totalBytes: number;
}

/** What came of it. */
export interface Published extends Version {
  /** Whether it was published before, with the same content. */
  readonly already: boolean;
  readonly sentBytes: number;
  /** How many files it lacked after it was published, which are there again. */
  readonly restoredFiles: number;
}

/** Hashes, claims, uploads, and writes the manifest last. */
export async function publish(publication: Publication): Promise<Published> {
  const { store, id, source, output } = publication;
  const files = await hash(publication);
  const totalBytes = sizeOf(source.files);
  const description = describeModel(totalBytes, source.description);
  const checksums = ModelChecksums.of([
    ...files.map(({ file, digest }) => ({ path: file.path, sha256: digest.sha256 })),
    { path: ModelChecksums.DESCRIPTION_NAME, sha256: sha256Of(description) },
  ]);
  const version = { checksums, totalBytes };
  publication.approve(version);

  const key = manifestKey(MODELS, id);
  const restore = async () => {
    const lacked = await bring(publication, [...files, memoryFile(ModelChecksums.DESCRIPTION_NAME, description)], { published: true });
    await publication.sign(checksums);
    return lacked;
  };
  const there = await store.find(key);
  if (there !== undefined) {
    checkSame(id, there.toString(), checksums);
    publication.onManifest();
    const lacked = await restore();
    return { ...version, already: true, sentBytes: lacked.sentBytes, restoredFiles: lacked.files };
  }
  const claimed = await claim(store, id, checksums);
  if (claimed.resuming) output.note(`${displayName(id)} was begun before, with the same content: what is there already is not sent again`);
  const brought = await bring(publication, files, { resuming: claimed.resuming });
  await source.check();
  const descriptionKey = `${versionPrefix(MODELS, id)}${ModelChecksums.DESCRIPTION_NAME}`;
  if (await putText(store, descriptionKey, description) !== undefined) throw new CommandError(`${store.url(descriptionKey)} is there already, with other content: ${LEFTOVER}`);
  await publication.sign(checksums);
  await checkClaim(store, id, claimed);
  publication.onManifest();
  const other = await putText(store, key, checksums.text);
  checkSame(id, other ?? (await read(store, key)).toString(), checksums);
  // What was there when it was looked at may be gone: of a version that prune removes, the claim goes last.
  const lacked = claimed.resuming || brought.files < files.length ? await restore() : { files: 0, sentBytes: 0 };
  return { ...version, already: false, sentBytes: brought.sentBytes + lacked.sentBytes, restoredFiles: lacked.files };
}

/** What was listed is what was read: so the digest is that of one state of the source. */
async function hash({ source, output }: Publication): Promise<DigestedFile[]> {
  const totalBytes = bytesToHash(source);
  let doneBytes = 0;
  const files = await hashFiles(source, bytes => {
    doneBytes += bytes;
    output.progress({ what: 'hashing', doneBytes, totalBytes });
  });
  await source.check();
  return files;
}

/** Brings files that are not there, and counts them. */
async function bring(
  { store, id, parallel, output, onUpload }: Publication, files: DigestedFile[], state: { resuming?: boolean; published?: boolean },
): Promise<{ files: number; sentBytes: number }> {
  const totalBytes = sizeOf(files.map(({ file }) => file));
  let doneBytes = 0;
  let sentBytes = 0;
  const uploader = new Uploader(store, {
    parallel,
    ...state,
    onBytes: (bytes, sent) => {
      doneBytes += bytes;
      if (sent) sentBytes += bytes;
      output.progress({ what: 'uploading', doneBytes: Math.min(doneBytes, totalBytes), totalBytes });
    },
  });
  onUpload(uploader);
  return { files: await uploader.upload(versionPrefix(MODELS, id), files), sentBytes };
}

/** A file of this program's own. */
function memoryFile(path: string, text: string): DigestedFile {
  const bytes = Buffer.from(text);
  const sha256 = sha256Of(bytes);
  return { file: { path, size: bytes.length, open: async () => Readable.from([bytes]) }, digest: { sha256, parts: [sha256] } };
}

function checkSame(id: ModelId, there: string, checksums: ModelChecksums) {
  if (there === checksums.text) return;
  if (isDiscarding(there)) throw new CommandError(`${displayName(id)} is being discarded, or was and not to its end: wait, or publish with --discard-unpublished`);
  throw new CommandError(`${displayName(id)} is published with other content, and never changes: ${firstDifferences(there, checksums.text)}; publish under another version`);
}
