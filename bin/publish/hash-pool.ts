import { on } from 'node:events';
import * as os from 'node:os';
import { Worker } from 'node:worker_threads';
import { FileDigest, HASHING } from './digests';
import { CommandError } from '../cli/command';

/** A file's digest, and what the file was when its last byte was read. */
export interface HashedFile extends FileDigest {
  readonly stat: FileStat;
}

/** What changes when a file does. */
export interface FileStat {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

interface Task { readonly path: string; readonly partSize: number }
type Answer = { readonly bytes: number } | { readonly hashed: HashedFile } | { readonly error: string };

const MAX_WORKERS = 8;

/** Hashes local files on worker threads, one file on each. */
export class HashPool {
  private readonly idle: Worker[] = [];
  private readonly all: Worker[] = [];

  /** How many files are hashed at once. */
  public readonly size: number;

  constructor(files: number, totalBytes: number) {
    this.size = Math.max(1, Math.min(os.availableParallelism(), MAX_WORKERS, files, Math.ceil(totalBytes / 2 ** 25)));
  }

  /** @throws where the file can't be read */
  public async hash(task: Task, onBytes: (bytes: number) => void): Promise<HashedFile> {
    const worker = this.idle.pop() ?? this.start();
    const answers = on(worker, 'message');
    worker.postMessage(task);
    try {
      for await (const [answer] of answers as AsyncIterable<[Answer]>) {
        if ('bytes' in answer) onBytes(answer.bytes);
        else if ('hashed' in answer) return answer.hashed;
        else throw new CommandError(`'${task.path}' can't be read: ${answer.error}`);
      }
      throw new Error('unreachable: the answers of a worker do not end');
    } finally {
      this.idle.push(worker);
    }
  }

  public async end(): Promise<void> {
    await Promise.all(this.all.map(worker => worker.terminate()));
  }

  private start(): Worker {
    const worker = new Worker(`({ ${HASHING.begin.toString()}, ${WORKER.serve.toString()} }).serve()`, { eval: true });
    this.all.push(worker);
    return worker;
  }
}

/** Runs as text beside `HASHING`, and as that does. */
const WORKER = {
  serve(this: typeof HASHING): void {
    const { parentPort } = process.getBuiltinModule('node:worker_threads');
    const { createHash } = process.getBuiltinModule('node:crypto');
    const fs = process.getBuiltinModule('node:fs');
    const buffer = Buffer.allocUnsafeSlow(2 ** 20);
    parentPort!.on('message', ({ path, partSize }: Task) => {
      let descriptor;
      try {
        descriptor = fs.openSync(path, 'r');
        const hasher = this.begin(partSize, () => createHash('sha256'));
        for (let read = fs.readSync(descriptor, buffer); read > 0; read = fs.readSync(descriptor, buffer)) {
          hasher.update(buffer.subarray(0, read));
          parentPort!.postMessage({ bytes: read });
        }
        const { size, mtimeNs, ino } = fs.fstatSync(descriptor, { bigint: true });
        parentPort!.postMessage({ hashed: { ...hasher.digest(), stat: { size, mtimeNs, ino } } });
      } catch (error) {
        parentPort!.postMessage({ error: (error as Error).message });
      } finally {
        if (descriptor !== undefined) fs.closeSync(descriptor);
      }
    });
  },
};
