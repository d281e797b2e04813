import { createHash } from 'node:crypto';
import * as fs from 'node:fs';

/** In hexadecimal digits, as manifests have it. */
export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The same as S3 spells it in `x-amz-checksum-sha256`. */
export function checksum(content: Buffer): string {
  return createHash('sha256').update(content).digest('base64');
}

/** Bytes that no two seeds share, and that repeat nowhere: a part of them in a wrong place is seen. */
export function noise(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}

/** Changes one bit in the middle of a file; the second time, it is as it was. */
export function flipBit(file: string): void {
  const content = fs.readFileSync(file);
  content[content.length >> 1] ^= 1; // eslint-disable-line no-bitwise
  fs.writeFileSync(file, content);
}
