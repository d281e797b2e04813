import { checkClaim, claim, firstDifferences } from './claim';
import { describeModel } from './description';
import { sha256Of } from './digests';
import { DISCARDING } from './discard';
import { bytesToHash, hashFiles, sizeOf } from './hashing';
import { putText } from './objects';
import type { Source } from './source';
import { DigestedFile, LEFTOVER, Uploader } from './upload';
import { displayName, MODELS, ModelId, versionPrefix } from '../../lib/model/layout';
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
  /** Told of the upload, so that it can be stopped. */
  readonly onUpload: (uploader: Uploader) => void;
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

  const prefix = versionPrefix(MODELS, id);
  const manifestKey = `${prefix}${ModelChecksums.OBJECT_NAME}`;
  const there = await store.find(manifestKey);
  if (there !== undefined) {
    checkSame(id, there.toString(), checksums);
    await publication.sign(checksums);
    return { ...version, already: true, sentBytes: 0 };
  }
  const resuming = await claim(store, id, checksums);
  if (resuming) output.note(`${displayName(id)} was begun before, with the same content: what is there already is not sent again`);
  const sentBytes = await upload(publication, prefix, files, totalBytes, resuming);
  await source.check();
  const otherDescription = await putText(store, `${prefix}${ModelChecksums.DESCRIPTION_NAME}`, description);
  if (otherDescription !== undefined) throw new CommandError(`${store.url(prefix)}${ModelChecksums.DESCRIPTION_NAME} is there already, with other content: ${LEFTOVER}`);
  await publication.sign(checksums);
  await checkClaim(store, id, checksums);
  const other = await putText(store, manifestKey, checksums.text);
  checkSame(id, other ?? (await read(store, manifestKey)).toString(), checksums);
  return { ...version, already: false, sentBytes };
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

async function upload(publication: Publication, prefix: string, files: DigestedFile[], totalBytes: number, resuming: boolean): Promise<number> {
  const { store, parallel, output, onUpload } = publication;
  let doneBytes = 0;
  let sentBytes = 0;
  const uploader = new Uploader(store, {
    parallel,
    resuming,
    onBytes: (bytes, sent) => {
      doneBytes += bytes;
      if (sent) sentBytes += bytes;
      output.progress({ what: 'uploading', doneBytes: Math.min(doneBytes, totalBytes), totalBytes });
    },
  });
  onUpload(uploader);
  await uploader.upload(prefix, files);
  return sentBytes;
}

function checkSame(id: ModelId, there: string, checksums: ModelChecksums) {
  if (there === checksums.text) return;
  if (there === DISCARDING) throw new CommandError(`${displayName(id)} is being discarded, or was and not to its end: wait, or publish with --discard-unpublished`);
  throw new CommandError(`${displayName(id)} is published with other content, and never changes: ${firstDifferences(there, checksums.text)}; publish under another version`);
}
