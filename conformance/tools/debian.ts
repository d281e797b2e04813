import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../processes';
import { CACHE, Tool } from './tool';

/**
 * Debian packages, unpacked and not installed: nothing of the machine changes. Without a suite they are the machine's own.
 * @param packages versions, by name
 */
export function debianTool(name: string, packages: Record<string, string>, suite?: string): Tool {
  return new Tool({
    name,
    version: packages[name] ?? Object.values(packages)[0],
    inputs: [JSON.stringify(packages), suite ?? ''],
    make: folder => unpack(folder, packages, suite),
  });
}

/** Puts what is in packages into a folder. */
export async function unpack(folder: string, packages: Record<string, string>, suite?: string): Promise<void> {
  const apt = await privateApt(suite);
  for (const [each, version] of Object.entries(packages)) {
    await succeed('apt-get', [...apt, 'download', `${each}=${version}`], { cwd: folder });
  }
  for (const file of fs.readdirSync(folder).filter(entry => entry.endsWith('.deb'))) {
    await succeed('dpkg-deb', ['-x', file, '.'], { cwd: folder });
    fs.rmSync(path.join(folder, file));
  }
}

/** Options that give apt lists of its own, of the machine's sources or of another suite of the same archive. */
async function privateApt(suite?: string): Promise<string[]> {
  const state = path.join(CACHE, 'apt', suite ?? 'machine');
  fs.mkdirSync(path.join(state, 'lists', 'partial'), { recursive: true });
  fs.mkdirSync(path.join(state, 'archives', 'partial'), { recursive: true });
  const options = [`Dir::State::lists=${state}/lists`, `Dir::Cache=${state}`, 'APT::Sandbox::User=root'];
  if (suite !== undefined) {
    const list = path.join(state, 'sources.list');
    const [archive] = (await succeed('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])).split('\n');
    fs.writeFileSync(list, `deb ${archive} ${suite} main\n`);
    fs.writeFileSync(path.join(state, 'status'), ''); // as on a machine without packages: nothing is held back
    options.push(`Dir::Etc::sourcelist=${list}`, 'Dir::Etc::sourceparts=/dev/null', `Dir::State::status=${state}/status`);
  }
  const flags = options.flatMap(option => ['-o', option]);
  await succeed('apt-get', [...flags, '-qq', 'update']);
  return flags;
}
