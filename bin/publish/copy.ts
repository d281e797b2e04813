import { FileDigest, partsOf } from './digests';
import { eachOf } from './each';
import { putNew, statusOf } from './objects';
import { PartedUpload } from './parted-upload';
import type { SourceFile } from './source';
import { CommandError } from '../cli/command';
import type { Store } from '../cli/store';

export interface CopyOptions {
  /** How many parts are copied at once. */
  readonly parallel?: number;
  readonly signal?: AbortSignal;
}

/**
 * Has S3 copy a file that was hashed here. It goes in parts even where one request would do: so S3's checksums of what it copied are compared before
 * an object is there, which nobody could take away.
 *
 * @throws where an object with that key is there (status 412), where the source changed, or where S3 copied other bytes than were read
 */
export async function copyFile(store: Store, key: string, file: SourceFile, digest: FileDigest, options: CopyOptions = {}): Promise<void> {
  const { parallel = 4, signal } = options;
  if (file.size === 0) return putNew(store, key, Buffer.alloc(0), digest.sha256, signal); // there is no part of no bytes
  const from = file.copyFrom!;
  const parts = partsOf(file.size);
  const upload = await PartedUpload.begin(store, key, digest.sha256);
  try {
    await eachOf(parts.entries(), parallel, async ([index, part]) => {
      const copied = await upload.copyPart(index, from, parts.length === 1 ? undefined : part, signal).catch(error => {
        if (![404, 412].includes(statusOf(error)!)) throw error;
        throw new CommandError(`'${file.path}' changed at s3://${from.bucket}/${from.key} while it was read: publish when nobody writes to it`);
      });
      if (copied === digest.parts![index]) return;
      throw new CommandError(`'${file.path}' was copied by S3 with the SHA-256 ${copied ?? 'not stated'} for part ${index + 1}, and was read with ${digest.parts![index]}: nothing is kept of it, try again; where the version is claimed for other content then, it was read wrongly: clear that with --discard-unpublished`);
    });
    await upload.complete(digest.parts!);
  } catch (error) {
    await upload.abort();
    throw error;
  }
}
