import * as fs from 'node:fs';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { descriptionFields } from './description';
import { MAX_OBJECT } from './digests';
import { Filter, isLitter } from './filter';
import type { FileStat } from './hash-pool';
import { folderProblems } from './problems';
import type { Source, SourceFile } from './source';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';

/**
 * A folder, or a snapshot in a cache of Hugging Face: links into the cache's own `blobs/` are followed.
 *
 * @throws where it holds what can't be published: everything is named at once
 */
export async function openFolder(folder: string, filter: Filter): Promise<Source> {
  const root = await rootOf(folder);
  const { files, leftOut, problems } = await list(root, filter);
  const description = await takeOwnFiles(files, problems);
  problems.push(...await folderProblems(files));
  if (problems.length > 0) throw new CommandError([`${folder} can't be published:`, ...shortened(problems.sort())].join('\n  '));
  if (files.every(({ size }) => size === 0)) {
    throw new CommandError(`${folder} has no file with a byte in it that --include and --exclude let in${leftOut.length > 0 ? ` beside what is left out (${leftOut[0]}, …)` : ''}: give the folder that holds the model's files`);
  }
  return { label: folder, files, leftOut, description, check: () => checkUnchanged(folder, root, files, filter) };
}

/** What tells that a file is still the same, without reading it. */
export function identityOf({ size, mtimeNs, ino }: FileStat): string {
  return `${size} ${mtimeNs} ${ino}`;
}

interface Listing {
  readonly files: SourceFile[];
  readonly leftOut: string[];
  readonly problems: string[];
}

async function rootOf(folder: string): Promise<string> {
  let root;
  try {
    root = await fs.promises.realpath(folder);
    const names = await fs.promises.readdir(root);
    if (['blobs', 'refs', 'snapshots'].every(name => names.includes(name))) {
      throw new CommandError(`${folder} is the cache of a repository, with all its revisions: give one, ${path.join(folder, 'snapshots', '<commit>')}`);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${folder} is no folder that can be read: ${(error as Error).message}`);
  }
  return root;
}

/** Every file that the filter accepts, in the order of the paths' bytes. */
async function list(root: string, filter: Filter): Promise<Listing> {
  const listing: Listing = { files: [], leftOut: [], problems: [] };
  const blobs = path.basename(path.dirname(root)) === 'snapshots' ? path.join(root, '..', '..', 'blobs') : undefined;
  const isOurs = (target: string) => [root, blobs].some(place => place !== undefined && `${target}/`.startsWith(`${place}/`));

  const visit = async (folder: string, below: string, ancestors: string[]) => {
    for (const entry of await fs.promises.readdir(folder, { withFileTypes: true })) {
      await visitEntry(path.join(folder, entry.name), below === '' ? entry.name : `${below}/${entry.name}`, entry, ancestors);
    }
  };
  const visitEntry = async (at: string, name: string, entry: fs.Dirent, ancestors: string[]) => {
    const accepted = filter.accepts(name);
    const problem = (text: string) => void (accepted && listing.problems.push(`'${name}' ${text}`));
    if (name.includes('\ufffd')) return problem("can't be a file of a model: its name is no valid Unicode: rename it");
    let target = at;
    if (entry.isSymbolicLink()) {
      const found = await fs.promises.realpath(at).catch(() => undefined);
      if (found === undefined) return problem('is a link to what is not there: remove it, or bring what it names');
      if (!isOurs(found)) return problem(`is a link that leaves the folder, to ${found}: put the file itself there`);
      target = found;
    }
    const stat = await fs.promises.stat(target, { bigint: true });
    if (stat.isDirectory()) {
      if (ancestors.includes(target)) return problem('is a link to a folder that it is in: remove it');
      return visit(at, name, [...ancestors, target]);
    }
    if (!accepted) return void (isLitter(name) && listing.leftOut.push(name));
    if (!stat.isFile()) return problem('is a socket, a device or a pipe: remove it, or leave it out with --exclude');
    if (stat.size > MAX_OBJECT) return problem(`has ${stat.size} bytes, S3 takes at most ${MAX_OBJECT}: split it`);
    const blob = entry.isSymbolicLink() && path.dirname(target) === blobs ? path.basename(target) : '';
    listing.files.push(localFile(name, target, stat, /^[0-9a-f]{64}$/.test(blob) ? blob : undefined));
  };
  try {
    await visit(root, '', [root]);
  } catch (error) {
    const { code, path: gone, message } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'ENOENT' ? `${gone} vanished while the folder was listed: publish when nobody writes to it` : message);
  }
  listing.files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return listing;
}

function localFile(name: string, target: string, stat: fs.BigIntStats, sha256: string | undefined): SourceFile {
  const size = Number(stat.size);
  return {
    path: name,
    size,
    sha256, // the cache calls a file of the LFS by it
    local: { path: target, identity: identityOf(stat) },
    open: async ({ start, end } = { start: 0, end: size }) => (
      start === end ? Readable.from([]) : fs.createReadStream(target, { start, end: end - 1, highWaterMark: 2 ** 20 })
    ),
  };
}

/** Takes away what an earlier publication left: both files are made anew. Returns what its description says. */
async function takeOwnFiles(files: SourceFile[], problems: string[]): Promise<{ readonly [key: string]: unknown }> {
  const take = async (name: string) => {
    const index = files.findIndex(file => file.path === name);
    return index < 0 ? undefined : fs.promises.readFile(files.splice(index, 1)[0].local!.path, 'utf8');
  };
  const manifest = await take(ModelChecksums.OBJECT_NAME);
  if (manifest !== undefined && !isManifest(manifest)) problems.push(`'${ModelChecksums.OBJECT_NAME}' is a name of the layout: rename yours`);
  const text = await take(ModelChecksums.DESCRIPTION_NAME);
  const description = text === undefined ? {} : descriptionFields(text);
  if (description === undefined) problems.push(`'${ModelChecksums.DESCRIPTION_NAME}' is a name of the layout: rename yours`);
  return description ?? {};
}

function isManifest(text: string): boolean {
  try {
    return ModelChecksums.parse(text).entries.length > 0;
  } catch {
    return false;
  }
}

async function checkUnchanged(folder: string, root: string, files: readonly SourceFile[], filter: Filter): Promise<void> {
  const { files: now } = await list(root, filter);
  const own: string[] = [ModelChecksums.OBJECT_NAME, ModelChecksums.DESCRIPTION_NAME];
  const before = new Map(files.map(file => [file.path, file.local!.identity]));
  const after = new Map(now.filter(file => !own.includes(file.path)).map(file => [file.path, file.local!.identity]));
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(name => before.get(name) !== after.get(name));
  if (changed.length > 0) {
    const [first, ...others] = changed.map(name => `'${name}'${before.has(name) ? after.has(name) ? ' changed' : ' vanished' : ' came'}`);
    throw new CommandError(`${folder} changes while it is read: ${first}${others.length > 0 ? `, and ${others.length} more` : ''}; publish when nobody writes to it`);
  }
}

function shortened(lines: string[], most = 20): string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${lines.length - most} more`];
}
