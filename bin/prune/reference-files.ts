import * as fs from 'node:fs';
import * as path from 'node:path';
import type { References } from './references';
import { parseModelsLock } from '../../lib/model/models-lock';
import { CommandError } from '../cli/command';

/** A manifest is text that people read; what is larger was given by mistake. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

/**
 * Adds every version that a lock file names, the current ones and those to go back to: to let one go, take it out of the file.
 *
 * @throws where the file is not there, or is no lock file
 */
export function referenceLock(references: References, file: string) {
  try {
    for (const { tenant, name, versions } of parseModelsLock(fs.readFileSync(file, 'utf8'), file).values()) {
      for (const [version, { digest }] of versions) {
        references.addVersion({ tenant, name, version }, file);
        references.addDigest(digest, file);
      }
    }
  } catch (error) {
    throw new CommandError(`lock file ${(error as Error).message}`);
  }
}

/**
 * Adds what the files of a folder name, whatever their format; links are followed. A file may be given as well.
 *
 * @throws where there is nothing to read, or something can't be read: silence is no proof
 */
export function referenceManifests(references: References, folder: string) {
  let files = 0;
  const seen = new Set<string>();
  const visit = (file: string) => {
    const real = fs.realpathSync(file); // a link to a folder above would never end
    if (seen.has(real)) return;
    seen.add(real);
    const stat = fs.statSync(real);
    if (stat.isDirectory()) {
      for (const name of fs.readdirSync(real).sort()) if (name !== '.git') visit(path.join(file, name));
    } else if (!stat.isFile() || stat.size > MAX_MANIFEST_BYTES) {
      throw new Error(`${file} is no file of at most ${MAX_MANIFEST_BYTES / 1024 ** 2} MiB: give the folder that holds manifests alone`);
    } else {
      files++;
      references.scan(fs.readFileSync(real, 'latin1'), file); // names are ASCII, and no byte is an error
    }
  };
  try {
    visit(folder);
  } catch (error) {
    throw new CommandError(`manifests ${folder} can't be read: ${(error as Error).message}`);
  }
  if (files === 0) throw new CommandError(`manifests ${folder} holds no file: a folder that was not checked out would look the same, so it proves nothing`);
}
