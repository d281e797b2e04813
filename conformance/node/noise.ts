import { createHash } from 'node:crypto';

/** Bytes that no two seeds share, and that repeat nowhere: a part of them in a wrong place is seen. */
export function noise(seed: string, bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update(seed).digest();
}
