import { setMaxListeners } from 'node:events';
import { copyFile } from './copy';
import { FileDigest, partsOf, partSizeOf, sha256Of } from './digests';
import { eachOf } from './each';
import { Memory } from './memory';
import { presence, putNew, statusOf, untilNoConflict } from './objects';
import { PartedUpload } from './parted-upload';
import { readPart, readParts } from './read-parts';
import type { SourceFile } from './source';
import { CommandError } from '../cli/command';
import type { Store } from '../cli/store';

/** A file, and what it is checked by. */
export interface DigestedFile {
  readonly file: SourceFile;
  readonly digest: FileDigest;
}

export interface UploadOptions {
  /** How many requests are under way at once. */
  readonly parallel: number;
  /** Whether some of the files may be there already: each is asked for before it is sent. */
  readonly resuming?: boolean;
  /** Whether they are published, and only what is missing is to come: what is there is not read then. */
  readonly published?: boolean;
  /** Told of bytes that are in the bucket, and whether they were sent now. */
  readonly onBytes: (bytes: number, sent: boolean) => void;
}

/** What the parts under way may hold in memory. */
const MAX_MEMORY = 2 ** 28;

/** Brings files to a prefix of a bucket, none of which overwrites anything. */
export class Uploader {
  private readonly memory: Memory;
  private readonly uploads = new Set<PartedUpload>();
  private readonly stopped = new AbortController();

  constructor(private readonly store: Store, private readonly options: UploadOptions) {
    this.memory = new Memory(options.parallel, MAX_MEMORY);
    setMaxListeners(0, this.stopped.signal); // every request under way listens
  }

  /**
   * @returns how many files were brought; the others were there
   * @throws where a file is there with other bytes, or is no longer what was hashed
   */
  public async upload(prefix: string, files: readonly DigestedFile[]): Promise<number> {
    const largestFirst = [...files].sort((a, b) => b.file.size - a.file.size);
    let failure: unknown;
    let brought = 0;
    await eachOf(largestFirst, this.options.parallel, async ({ file, digest }) => {
      try {
        if (await this.bring(`${prefix}${file.path}`, file, digest)) brought++;
      } catch (error) {
        failure ??= error; // what others fail with, now that they are stopped, says nothing
        this.stopped.abort();
        throw failure;
      }
    });
    return brought;
  }

  /** Ends what is under way, so that no parts stay behind. */
  public async stop(): Promise<void> {
    this.stopped.abort();
    await Promise.all([...this.uploads].map(upload => upload.abort()));
  }

  /** Returns false where it was there. */
  private async bring(key: string, file: SourceFile, digest: FileDigest): Promise<boolean> {
    const { resuming = false, published = false } = this.options;
    const parted = file.size > partSizeOf(file.size);
    const isThere = async () => {
      const found = await presence(this.store, key, file.size, digest, !published);
      if (found === 'other') throw new CommandError(`${this.store.url(key)} is there already, with other bytes than '${file.path}' has: ${published ? DAMAGED : LEFTOVER}`);
      return found === 'same';
    };
    const known = (resuming || published || parted || file.copyFrom !== undefined) && await isThere(); // what becomes of a large file should be known before all of it was sent
    if (known) {
      this.options.onBytes(file.size, false);
      return false;
    }
    return untilNoConflict(async attempt => {
      if (attempt > 1 && await isThere()) return false;
      try {
        await this.send(key, file, digest, parted);
        return true;
      } catch (error) {
        // 412: somebody else was first. 404: the upload was complete already, and the reply to it lost.
        if (![404, 412].includes(statusOf(error)!) || !await isThere()) throw error;
        if (!parted) this.options.onBytes(file.size, false);
        return false;
      }
    });
  }

  private async send(key: string, file: SourceFile, digest: FileDigest, parted: boolean): Promise<void> {
    if (file.copyFrom) {
      await this.memory.with(0, () => copyFile(this.store, key, file, digest, { signal: this.stopped.signal }));
      return this.options.onBytes(file.size, false);
    }
    if (parted) return this.sendParted(key, file, digest);
    return this.memory.with(file.size, async buffer => {
      await readPart(file, { start: 0, end: file.size }, buffer);
      if (digest.parts === undefined) checkHash(file, sha256Of(buffer), digest);
      await unlessChanged(file, buffer, digest.sha256, () => putNew(this.store, key, buffer, digest.sha256, this.stopped.signal));
      this.options.onBytes(file.size, true);
    });
  }

  private async sendParted(key: string, file: SourceFile, digest: FileDigest): Promise<void> {
    const upload = await PartedUpload.begin(this.store, key, digest.sha256);
    this.uploads.add(upload);
    try {
      const parts = await (digest.parts === undefined ? this.sendStream(upload, file, digest) : this.sendParts(upload, file, digest.parts));
      await upload.complete(parts);
    } catch (error) {
      await upload.abort();
      throw error;
    } finally {
      this.uploads.delete(upload);
    }
  }

  /** The parts are read and sent side by side. */
  private async sendParts(upload: PartedUpload, file: SourceFile, parts: readonly string[]): Promise<readonly string[]> {
    await eachOf(partsOf(file.size).entries(), this.options.parallel, ([index, part]) => this.memory.with(part.end - part.start, async buffer => {
      await readPart(file, part, buffer);
      await unlessChanged(file, buffer, parts[index], () => upload.part(index, buffer, parts[index], this.stopped.signal));
      this.options.onBytes(buffer.length, true);
    }));
    return parts;
  }

  /** The bytes come once, in order: their parts are sent as they come, and count only when the hash of all is right. */
  private async sendStream(upload: PartedUpload, file: SourceFile, digest: FileDigest): Promise<readonly string[]> {
    const hashes: string[] = [];
    const whole = await readParts(file, this.memory, async (index, buffer) => {
      hashes[index] = sha256Of(buffer);
      await upload.part(index, buffer, hashes[index], this.stopped.signal);
      this.options.onBytes(buffer.length, true);
    });
    checkHash(file, whole, digest);
    return hashes;
  }
}

export const LEFTOVER = 'what an earlier, unpublished attempt left is in the way; publish under another version, or clear it with --discard-unpublished';

const DAMAGED = "it is published, and damaged: 'verify' names all such files; publish under another version";

function checkHash(file: SourceFile, sha256: string, digest: FileDigest) {
  if (sha256 !== digest.sha256) throw new CommandError(`'${file.path}' arrived with the SHA-256 ${sha256}, its source says ${digest.sha256}: it was damaged on the way, try again`);
}

/** S3 refuses bytes that don't have the hash they were announced with: they were damaged on the way, or the file is no longer what was hashed. */
async function unlessChanged<T>(file: SourceFile, bytes: Buffer, sha256: string, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (!['BadDigest', 'XAmzContentSHA256Mismatch', 'InvalidDigest'].includes((error as Error).name)) throw error;
      if (sha256Of(bytes) !== sha256) throw new CommandError(`'${file.path}' changed after it was hashed: publish when nobody writes to it`);
      if (attempt === 3) throw error;
    }
  }
}
