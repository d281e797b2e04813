import { readFileSync } from 'node:fs';
import { displayName, ModelId } from '../../lib/model/layout';
import { lockKey, parseModelsLock } from '../../lib/model/models-lock';
import { Call, CommandError, text, UsageError } from '../cli/command';

/** The options that say which digest a version has. */
export const EXPECTED_OPTIONS = { digest: { type: 'string' }, lock: { type: 'string' } } as const;

/** What `EXPECTED_OPTIONS` mean, for the usage of a command. */
export const EXPECTED_USAGE = [
  '  --digest sha256:…  digest that the version must have, as publish printed it',
  '  --lock F           lock file that has it',
];

/** The digest that a version must have; undefined where the command line names none. */
export function expectedDigest(call: Call, id: () => ModelId): string | undefined {
  const digest = text(call, 'digest');
  const file = text(call, 'lock');
  if (digest !== undefined && file !== undefined) throw new UsageError('--digest and --lock both say which digest is expected: give one of them');
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) throw new UsageError(`--digest is '${digest}': give 'sha256:' and 64 lowercase hexadecimal digits`);
  return file === undefined ? digest : lockedDigest(file, id());
}

function lockedDigest(file: string, id: ModelId): string {
  let locked;
  try {
    locked = parseModelsLock(readFileSync(file, 'utf8'), file).get(lockKey(id))?.versions.get(id.version);
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
  if (locked === undefined) throw new CommandError(`${file} has no ${displayName(id)}: publish it with --lock, or give --digest`);
  return locked.digest;
}
