import { createHash } from 'node:crypto';

/**
 * Hexadecimal SHA-256 of a text.
 * @internal
 */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
