import * as fs from 'node:fs';
import * as path from 'node:path';

const CGROUPS = '/sys/fs/cgroup';

/** Folders that containerd makes for containers, in each hierarchy of version 1 or in the one of version 2. The deepest come first. */
export function containerCgroups(): string[] {
  if (!fs.existsSync(CGROUPS)) return [];
  const hierarchies = [CGROUPS, ...foldersOf(CGROUPS)];
  const ours = hierarchies.map(hierarchy => path.join(hierarchy, 'k8s.io')).filter(folder => fs.existsSync(folder));
  return [...ours.flatMap(foldersOf), ...ours];
}

/** Removes the folders that were not there before, but for those that somebody else has processes in by now: the run has none any more. */
export function removeCgroups(before: string[]): void {
  for (const folder of containerCgroups().filter(each => !before.includes(each))) {
    try {
      fs.rmdirSync(folder);
    } catch (error) {
      if (!['EBUSY', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code!)) throw error;
    }
  }
}

function foldersOf(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => path.join(folder, name));
}
