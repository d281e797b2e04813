import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Version } from './publish';
import type { ModelId } from '../../lib/model/layout';
import { lockModel } from '../../lib/model/models-lock';
import { CommandError } from '../cli/command';

/**
 * The lock file as it is with a version more.
 *
 * @throws where the file can't be read, or names the version with other content
 */
export function locked(file: string, id: ModelId, { checksums, totalBytes }: Version, current: boolean): string {
  return lockModel(textOf(file), file, id, { digest: checksums.digest, totalBytes }, current);
}

/**
 * Asked before a byte is sent, for that may take hours.
 *
 * @throws where the file could not be written
 */
export function checkWritable(file: string, text: string): void {
  if (textOf(file) === text) return;
  const folder = path.dirname(fs.existsSync(file) ? fs.realpathSync(file) : file);
  try {
    fs.accessSync(folder, fs.constants.W_OK);
  } catch (error) {
    throw new CommandError(`${file} could not be written: ${(error as Error).message}; make the folder '${folder}', or name another file`);
  }
}

/**
 * Whole or not at all: who reads meanwhile finds the old text or the new.
 *
 * @param done what is true already where the file can't be written, and `next` what makes up for it
 */
export function writeAtomically(file: string, text: string, done = 'the version is published', next = 'run the same command again'): void {
  if (textOf(file) === text) return;
  const target = fs.existsSync(file) ? fs.realpathSync(file) : file;
  const beside = `${target}.${process.pid}.tmp`;
  try {
    fs.writeFileSync(beside, text);
    if (fs.existsSync(target)) fs.chmodSync(beside, fs.statSync(target).mode % 0o10000); // without the type of the file
    fs.renameSync(beside, target);
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw new CommandError(`${done}, but ${file} can't be written: ${(error as Error).message}; ${next}`);
  }
}

function textOf(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`${file} can't be read: ${(error as Error).message}`);
  }
}
