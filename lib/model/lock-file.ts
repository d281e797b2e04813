import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ModelId } from './layout';
import { LockedVersion, lockKey, ModelsLock, parseModelsLock } from './models-lock';

/**
 * A version as a lock file names it.
 *
 * @param file path of the file, below the working directory where it is relative
 * @param version undefined for the current one
 * @throws where the file is not there or not valid, or has no such model or version
 * @internal
 */
export function lockedModel(file: string, model: Omit<ModelId, 'version'>, version?: string): LockedVersion & { readonly version: string } {
  const lock = readLock(file);
  const key = lockKey(model);
  const locked = lock.get(key);
  if (locked === undefined) throw new Error(`${file} has no model '${key}': publish it with --lock ${file}, or name one of its models: ${listed(lock)}`);
  const wanted = version ?? locked.current;
  const found = locked.versions.get(wanted);
  if (found === undefined) throw new Error(`${file} has no version '${wanted}' of '${key}': publish it with --lock ${file}, or name one of its versions: ${listed(locked.versions)}`);
  return { version: wanted, ...found };
}

/** Names for a message; a file may hold thousands. */
function listed(named: ReadonlyMap<string, unknown>): string {
  const names = [...named.keys()].map(name => `'${name}'`);
  return names.length === 0 ? '(there is none)' : [...names.slice(0, 10), ...names.length > 10 ? [`and ${names.length - 10} more`] : []].join(', ');
}

/** What was read last: an app with a thousand models asks a thousand times. */
let last: { readonly file: string; readonly text: string; readonly lock: ModelsLock } | undefined;

function readLock(file: string): ModelsLock {
  const text = readText(file);
  if (last?.file !== file || last.text !== text) last = { file, text, lock: parseModelsLock(text, file) };
  return last.lock;
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new Error(`lock file ${file} can't be read: ${(error as Error).message}`);
    throw new Error(`lock file ${file} is not there (looked for ${path.resolve(file)}): publish a model with --lock ${file}, or give the path as seen from the working directory`);
  }
}
