import { createHash } from 'node:crypto';
import type { Copy } from './published';
import { ChecksumEntry, ModelChecksums } from '../../lib/model/model-checksums';
import type { Output } from '../cli/output';

/** What was found in the files of a copy. */
export interface Check {
  /** What is wrong, in the order of the paths; empty where every byte is right. */
  readonly findings: string[];
  /** Bytes of all files but `model.json`. */
  readonly bytes: number;
}

/** A connection that breaks is tried again as often; the SDK tries requests again, but not the bytes after them. */
const ATTEMPTS = 4;

/** What is more is no description. */
const MAX_DESCRIPTION = 2 ** 20;

/** Reads every file of a manifest, `parallel` of them at once and none of them whole into memory, and names all that is not as it says. */
export async function checkFiles(copy: Copy, checksums: ModelChecksums, parallel: number, output: Output): Promise<Check> {
  const findings = new Map<string, string>();
  const entries = checksums.entries;
  const isDescription = ({ path }: ChecksumEntry) => path === ModelChecksums.DESCRIPTION_NAME;
  let bytes = 0;
  let description = '';
  const check = async (entry: ChecksumEntry, seen: (chunk: Buffer) => void) => {
    const finding = await fault(copy, entry, seen);
    if (finding !== undefined) findings.set(entry.path, finding);
  };
  // First, as it says how much is to come.
  await check(entries.find(isDescription)!, chunk => { if (description.length < MAX_DESCRIPTION) description += chunk.toString('latin1'); });
  const totalBytes = findings.size > 0 ? undefined : totalBytesOf(description);
  if (findings.size === 0 && totalBytes === undefined) findings.set(ModelChecksums.DESCRIPTION_NAME, `${copy.label}model.json has no totalBytes, a whole number of bytes`);

  const queue = entries.filter(entry => !isDescription(entry));
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
      await check(entry, chunk => {
        bytes += chunk.length;
        output.progress({ what: 'verifying', doneBytes: bytes, totalBytes: Math.max(totalBytes ?? 0, bytes) });
      });
    }
  }));
  if (findings.size === 0 && bytes !== totalBytes) {
    findings.set(ModelChecksums.DESCRIPTION_NAME, `${copy.label}model.json says ${totalBytes} bytes, the files hold ${bytes}: a pod refuses that; publish again, under a new version`);
  }
  return { findings: [...findings].sort(([a], [b]) => a < b ? -1 : 1).map(([, finding]) => finding), bytes };
}

/** What is there beyond the manifest; undefined where nobody may list. */
export async function surplusOf(copy: Copy, checksums: ModelChecksums): Promise<string[] | undefined> {
  const named = new Set([...checksums.entries.map(({ path }) => path), ModelChecksums.OBJECT_NAME]);
  const paths = await copy.paths();
  return paths?.filter(path => !named.has(path)).sort().map(path => `${copy.label}${path} is there, but the manifest does not name it`);
}

async function fault(copy: Copy, { path, sha256 }: ChecksumEntry, seen: (chunk: Buffer) => void): Promise<string | undefined> {
  let counted = 0; // what an attempt before has shown is not shown again
  for (let attempt = 1; ; attempt++) {
    const hash = createHash('sha256');
    let size = 0;
    try {
      const stream = await copy.open(path);
      if (stream === undefined) return `${copy.label}${path} is missing, or may not be read`;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        hash.update(chunk);
        const known = Math.min(chunk.length, counted - size);
        size += chunk.length;
        if (size > counted) {
          seen(chunk.subarray(Math.max(0, known)));
          counted = size;
        }
      }
    } catch (error) {
      if (attempt < ATTEMPTS && !isFinal(error)) continue;
      return `${copy.label}${path} can't be read: ${(error as Error).message}`;
    }
    const found = hash.digest('hex');
    return found === sha256 ? undefined : `${copy.label}${path} has other bytes: SHA-256 of its ${size} bytes is ${found}, the manifest says ${sha256}`;
  }
}

/** What another attempt would be told again, such as that an object is in an archive tier. */
function isFinal(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status !== undefined && status >= 400 && status < 500;
}

function totalBytesOf(description: string): number | undefined {
  try {
    const { totalBytes } = JSON.parse(description);
    return Number.isSafeInteger(totalBytes) && totalBytes > 0 ? totalBytes : undefined;
  } catch {
    return undefined;
  }
}
