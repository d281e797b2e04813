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
const MIN_PART = 16 * MIB;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
export const MAX_OBJECT = 5 * 2 ** 40;

/** The size of a file's parts, which follows from its own size alone: so two runs, or two publishers, send the same parts. */
export function partSizeOf(size: number): number {
  if (size > MAX_OBJECT) throw new CommandError(`a file has ${size} bytes, S3 takes at most ${MAX_OBJECT}: split it`);
  return Math.max(MIN_PART, Math.ceil(size / MAX_PARTS / MIB) * MIB);
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

/** Hashes a file as it comes by: whole, and each part. Refers to nothing outside of it, for a worker thread runs its text. */
export class PartHasher {
  private readonly whole: Hash;
  private part: Hash;
  private inPart = 0;
  private readonly parts: string[] = [];

  constructor(private readonly partSize: number, private readonly newHash: () => Hash = () => createHash('sha256')) {
    this.whole = this.newHash();
    this.part = this.newHash();
  }

  public update(chunk: Buffer) {
    this.whole.update(chunk);
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + this.partSize - this.inPart);
      this.part.update(piece);
      this.inPart += piece.length;
      at += piece.length;
      if (this.inPart === this.partSize) this.endPart();
    }
  }

  public digest(): { sha256: string; parts: string[] } {
    if (this.inPart > 0 || this.parts.length === 0) this.endPart();
    return { sha256: this.whole.digest('hex'), parts: this.parts };
  }

  private endPart() {
    this.parts.push(this.part.digest('hex'));
    this.part = this.newHash();
    this.inPart = 0;
  }
}
