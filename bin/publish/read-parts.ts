import { createHash } from 'node:crypto';
import { partsOf } from './digests';
import type { Memory } from './memory';
import type { SourceFile } from './source';
import { CommandError } from '../cli/command';

/** Fills the buffer with a range of a file. */
export async function readPart(file: SourceFile, range: { readonly start: number; readonly end: number }, buffer: Buffer): Promise<void> {
  let filled = 0;
  for await (const chunk of chunksOf(file, range)) {
    if (filled + chunk.length > buffer.length) throw changed(file);
    filled += chunk.copy(buffer, filled);
  }
  if (filled < buffer.length) throw changed(file);
}

/**
 * Reads a file once, in order. Each part is handed on while the next ones are read, as far as there is memory.
 *
 * @returns the SHA-256 of all of it
 */
export async function readParts(file: SourceFile, memory: Memory, send: (index: number, part: Buffer) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  const failures: unknown[] = [];
  const sending: Array<Promise<void>> = [];
  const filler = new Filler(file);
  try {
    for (const [index, { start, end }] of partsOf(file.size).entries()) {
      const loan = await memory.lend(end - start);
      try {
        if (failures.length > 0) throw failures[0];
        await filler.fill(loan.buffer);
        hash.update(loan.buffer);
      } catch (error) {
        loan.end();
        throw error;
      }
      sending.push(send(index, loan.buffer).catch((error: unknown) => void failures.push(error)).finally(() => loan.end()));
    }
    await filler.end();
  } finally {
    await Promise.all(sending);
    await filler.close();
  }
  if (failures.length > 0) throw failures[0];
  return hash.digest('hex');
}

/** Cuts a stream into buffers; opens it when the first one asks, for a connection that waits is closed. */
class Filler {
  private chunks?: AsyncGenerator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly file: SourceFile) {}

  public async fill(buffer: Buffer): Promise<void> {
    this.chunks ??= chunksOf(this.file);
    for (let filled = 0; filled < buffer.length;) {
      if (this.rest.length === 0) {
        const { done, value } = await this.chunks.next();
        if (done) throw changed(this.file);
        this.rest = value;
      }
      const copied = this.rest.copy(buffer, filled);
      this.rest = this.rest.subarray(copied);
      filled += copied;
    }
  }

  /** @throws where there is more */
  public async end(): Promise<void> {
    if (this.rest.length > 0 || !(await this.chunks?.next())?.done) throw changed(this.file);
  }

  public async close(): Promise<void> {
    await this.chunks?.return(undefined);
  }
}

/** What the system says of a file is not what the user calls it. */
async function* chunksOf(file: SourceFile, range?: { readonly start: number; readonly end: number }): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of await file.open(range)) yield chunk as Buffer;
  } catch (error) {
    if (file.local === undefined || error instanceof CommandError) throw error;
    throw new CommandError(`'${file.path}' can't be read any more: ${(error as Error).message}`);
  }
}

function changed(file: SourceFile): CommandError {
  return new CommandError(`'${file.path}' has no longer the ${file.size} bytes that were listed: publish when nobody writes to it`);
}
