import * as fs from 'node:fs';
import * as path from 'node:path';
import { literal } from '../private/literal';

/** What `kubectl apply -f <folder>` reads: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_apply/ */
const EXTENSIONS = ['.json', '.yaml', '.yml'];

/**
 * A file that exists, and what it holds.
 * @internal
 */
export interface ExistingFile {
  readonly name: string;
  readonly text: string;
}

/**
 * A file, or those of a folder that kubectl would apply, in its order.
 *
 * @throws where there is none, or one can't be read
 * @internal
 */
export function readExisting(where: string): ExistingFile[] {
  literal(where, 'path of existing manifests', 'it is read at synth; pass a literal string');
  const stats = fs.statSync(where, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`existing manifests '${where}' are not there: give the path of a file or a folder, seen from ${process.cwd()}`);
  if (!stats.isDirectory()) return [{ name: path.basename(where), text: readText(where) }];
  const names = fs.readdirSync(where).filter(name => EXTENSIONS.includes(path.extname(name)) && fs.statSync(path.join(where, name)).isFile()).sort();
  if (names.length === 0) throw new Error(`folder '${where}' has no ${EXTENSIONS.join(', ')} file itself: give the folder that has them, or one file`);
  return names.map(name => ({ name, text: readText(path.join(where, name)) }));
}

function readText(file: string): string {
  try {
    // kubectl leaves out the byte order mark of each document; ours would be behind a first line
    return new TextDecoder('utf-8', { fatal: true }).decode(fs.readFileSync(file)).replace(/(^---[^\n]*\n)\ufeff/gm, '$1');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${file} can't be read: ${code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is no UTF-8 text: convert it' : message}`);
  }
}
