import { FileDigest, PartHasher, partSizeOf } from './digests';
import { eachOf } from './each';
import { identityOf } from './folder-source';
import { HashPool } from './hash-pool';
import { isPointer, MAX_POINTER } from './problems';
import type { Source, SourceFile } from './source';
import type { DigestedFile } from './upload';
import { CommandError } from '../cli/command';

/** Files that are not on this machine come over the network: several at once. */
const STREAMS = 8;

/**
 * Every file with its digest. What is on this machine is read on worker threads; what a source vouches for is not read now, but checked when it is sent.
 *
 * @throws where a file can't be read, or is no longer what was listed
 */
export async function hashFiles({ files }: Source, onBytes: (bytes: number) => void): Promise<DigestedFile[]> {
  const digests = new Map<SourceFile, FileDigest>();
  const local = files.filter(file => file.local !== undefined);
  const pool = new HashPool(local.length, sizeOf(local));
  try {
    await eachOf(local, pool.size, async file => void digests.set(file, await hashLocal(pool, file, onBytes)));
  } finally {
    await pool.end();
  }
  await eachOf(files.filter(file => file.local === undefined), STREAMS, async file => {
    digests.set(file, file.sha256 === undefined || file.copyFrom !== undefined ? await hashStream(file, onBytes) : { sha256: file.sha256 });
  });
  return files.map(file => ({ file, digest: digests.get(file)! }));
}

/** How many bytes `hashFiles` reads. */
export function bytesToHash({ files }: Source): number {
  return sizeOf(files.filter(({ local, sha256, copyFrom }) => local !== undefined || sha256 === undefined || copyFrom !== undefined));
}

export function sizeOf(files: readonly SourceFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

async function hashLocal(pool: HashPool, file: SourceFile, onBytes: (bytes: number) => void): Promise<FileDigest> {
  const { stat, ...digest } = await pool.hash({ path: file.local!.path, partSize: partSizeOf(file.size) }, onBytes);
  if (identityOf(stat) !== file.local!.identity) throw new CommandError(`'${file.path}' changes while it is read: publish when nobody writes to it`);
  return expected(file, digest);
}

async function hashStream(file: SourceFile, onBytes: (bytes: number) => void): Promise<FileDigest> {
  const hasher = new PartHasher(partSizeOf(file.size));
  const small: Buffer[] = [];
  let read = 0;
  for await (const chunk of await file.open()) {
    hasher.update(chunk as Buffer);
    read += (chunk as Buffer).length;
    if (file.size <= MAX_POINTER) small.push(chunk as Buffer);
    onBytes((chunk as Buffer).length);
  }
  if (read !== file.size) throw new CommandError(`'${file.path}' has ${read} bytes, ${file.size} were listed: publish when nobody writes to it`);
  if (isPointer(Buffer.concat(small))) throw new CommandError(`'${file.path}' is a pointer of Git LFS, not the file itself: publish from where the file is, or leave it out with --exclude`);
  return expected(file, hasher.digest());
}

function expected(file: SourceFile, digest: FileDigest): FileDigest {
  if (file.sha256 === undefined || file.sha256 === digest.sha256) return digest;
  throw new CommandError(`'${file.path}' has the SHA-256 ${digest.sha256}, its source calls it ${file.sha256}: it is damaged, fetch it again`);
}
