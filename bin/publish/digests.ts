import { createHash, Hash } from 'node:crypto';
import { CommandError } from '../cli/command';

/** What a file is checked by, wherever its bytes go. */
export interface FileDigest {
  /** SHA-256 of the whole file: hexadecimal digits. */
  readonly sha256: string;
  /** SHA-256 of each part: hexadecimal digits. Undefined where they are known only when the bytes come by, as of a file of a hub. */
  readonly parts?: readonly string[];
}

const MIB = 2 ** 20;

/** The smallest part but the last; tests make it smaller. */
export const PARTS = { minBytes: 16 * MIB };

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
export const MAX_OBJECT = 5 * 2 ** 40;

/** The size of a file's parts, which follows from its own size alone: so two runs, or two publishers, send the same parts. */
export function partSizeOf(size: number): number {
  if (size > MAX_OBJECT) throw new CommandError(`a file has ${size} bytes, S3 takes at most ${MAX_OBJECT}: split it`);
  return Math.max(PARTS.minBytes, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

/** First byte of each part, and the byte after its last; an empty file is one part of no bytes. */
export function partsOf(size: number): Array<{ readonly start: number; readonly end: number }> {
  const partSize = partSizeOf(size);
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => ({ start: index * partSize, end: Math.min(size, (index + 1) * partSize) }));
}

/** As S3 writes checksums. */
export function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** The checksum that S3 gives an object of several parts. */
export function compositeChecksum(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part, 'hex');
  return `${hash.digest('base64')}-${parts.length}`;
}

export function sha256Of(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Hashes a file as it comes by: whole, and each part. */
export class PartHasher {
  private readonly hasher: ReturnType<typeof HASHING.begin>;

  constructor(partSize: number) {
    this.hasher = HASHING.begin(partSize, () => createHash('sha256'));
  }

  public update(chunk: Buffer) { this.hasher.update(chunk); }
  public digest(): { sha256: string; parts: string[] } { return this.hasher.digest(); }
}

/**
 * What a worker thread runs as text, which is the same from sources and from the one file that the command line is bundled into. So it is a method, which
 * no bundler renames or wraps, and refers to nothing outside of it.
 */
export const HASHING = {
  begin(partSize: number, newHash: () => Hash) {
    const whole = newHash();
    const parts: string[] = [];
    let part = newHash();
    let inPart = 0;
    return {
      update(chunk: Buffer) {
        whole.update(chunk);
        for (let at = 0; at < chunk.length;) {
          const piece = chunk.subarray(at, at + partSize - inPart);
          part.update(piece);
          inPart += piece.length;
          at += piece.length;
          if (inPart < partSize) continue;
          parts.push(part.digest('hex'));
          part = newHash();
          inPart = 0;
        }
      },
      digest() {
        if (inPart > 0 || parts.length === 0) parts.push(part.digest('hex'));
        return { sha256: whole.digest('hex'), parts };
      },
    };
  },
};
