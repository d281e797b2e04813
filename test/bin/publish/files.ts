import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export function temporaryFolder(): string {
  return fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'publish-')));
}

export function write(root: string, files: { [name: string]: string | Buffer }): string {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), content);
  }
  return root;
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Bytes that compress badly and repeat nowhere, the same for the same seed. */
export function weights(size: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  const bytes = Buffer.alloc(size, key);
  for (let at = 0; at + 4 <= size; at += 4096) bytes.writeUInt32LE(at, at);
  return bytes;
}
