import * as fs from 'node:fs';
import * as path from 'node:path';

const CGROUPS = '/sys/fs/cgroup';

/** How long the kernel may take to let go of a cgroup whose processes have ended. */
const MILLISECONDS = 2000;

/** Folders that containerd makes for containers, in each hierarchy of version 1 or in the one of version 2. The deepest come first. */
export function containerCgroups(root = CGROUPS): string[] {
  if (!fs.existsSync(root)) return [];
  const hierarchies = [root, ...foldersOf(root)];
  const ours = hierarchies.map(hierarchy => path.join(hierarchy, 'k8s.io')).filter(folder => fs.existsSync(folder));
  return [...ours.flatMap(foldersOf), ...ours];
}

/**
 * Removes the folders that were not there before, but for those that somebody else has processes in by now: the run has none any more.
 * It waits without letting anything else happen, so that an interrupted run ends after it.
 *
 * @throws where another one stays
 */
export function removeCgroups(before: string[], root = CGROUPS): void {
  const left = () => containerCgroups(root).filter(each => !before.includes(each));
  for (const end = Date.now() + MILLISECONDS; !left().map(removed).every(Boolean);) {
    if (Date.now() > end) {
      const stayed = left().filter(each => !inUse(each));
      if (stayed.length > 0) throw new Error(`the kernel keeps what containers left: ${stayed.join(', ')}`);
      return;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
}

function removed(folder: string): boolean {
  try {
    fs.rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!['EBUSY', 'ENOTEMPTY', 'ENOENT'].includes(code!)) throw error;
    return code === 'ENOENT';
  }
}

/** Whether processes are in a cgroup, or in one below it. */
function inUse(folder: string): boolean {
  try {
    return fs.readFileSync(path.join(folder, 'cgroup.procs'), 'utf8').trim() !== '' || foldersOf(folder).some(inUse);
  } catch (error) {
    if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code!)) throw error;
    return false; // it went meanwhile
  }
}

function foldersOf(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => path.join(folder, name));
}
