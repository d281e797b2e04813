import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../processes';
import { CACHE, Tool } from './tool';

/** Of the package debian-archive-keyring. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Debian packages, unpacked and not installed: nothing of the machine changes. Without a suite they are the machine's own.
 * @param packages versions, by name
 */
export function debianTool(name: string, packages: Record<string, string>, suite?: string): Tool {
  return new Tool({
    name,
    version: packages[name] ?? Object.values(packages)[0],
    inputs: [JSON.stringify(packages), suite ?? ''],
    make: async folder => (await unpack(folder, packages, suite))[name],
  });
}

/** A version that its suite does not have any more: it keeps one of each package. */
export class PackageGone extends Error {}

/**
 * Puts what is in packages into a folder. Answers their versions: of a stable suite, which mends packages in place, the one that it has now where the
 * pinned one is gone.
 */
export async function unpack(folder: string, packages: Record<string, string>, suite?: string): Promise<Record<string, string>> {
  const apt = await privateApt(suite);
  const versions: Record<string, string> = {};
  for (const [each, pinned] of Object.entries(packages)) {
    const offered = (await succeed('apt-cache', [...apt, 'show', each])).split('\n').filter(line => line.startsWith('Version: ')).map(line => line.slice(9));
    if (!offered.includes(pinned) && suite === 'sid') throw new PackageGone(`${each} ${pinned} is gone from ${suite}, which has ${offered.join(', ')}`);
    versions[each] = offered.includes(pinned) ? pinned : offered[0];
    await succeed('apt-get', [...apt, 'download', `${each}=${versions[each]}`], { cwd: folder });
  }
  for (const file of fs.readdirSync(folder).filter(entry => entry.endsWith('.deb'))) {
    await succeed('dpkg-deb', ['-x', file, '.'], { cwd: folder });
    fs.rmSync(path.join(folder, file));
  }
  return versions;
}

/** Options that give apt lists of its own, of the machine's sources or of another suite of the same archive. */
async function privateApt(suite?: string): Promise<string[]> {
  const state = path.join(CACHE, 'apt', suite ?? 'machine');
  fs.mkdirSync(path.join(state, 'lists', 'partial'), { recursive: true });
  fs.mkdirSync(path.join(state, 'archives', 'partial'), { recursive: true });
  const options = [`Dir::State::lists=${state}/lists`, `Dir::Cache=${state}`, 'APT::Sandbox::User=root'];
  if (suite !== undefined) {
    const list = path.join(state, 'sources.list');
    fs.writeFileSync(list, `deb ${fs.existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : ''}${await archiveOfDebian()} ${suite} main\n`);
    fs.writeFileSync(path.join(state, 'status'), ''); // as on a machine without packages: nothing is held back
    options.push(`Dir::Etc::sourcelist=${list}`, 'Dir::Etc::sourceparts=/dev/null', `Dir::State::status=${state}/status`);
  }
  const flags = options.flatMap(option => ['-o', option]);
  await succeed('apt-get', [...flags, '-qq', 'update']);
  return flags;
}

/** Where this machine gets Debian's own packages from. */
async function archiveOfDebian(): Promise<string> {
  const archives = (await succeed('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])).split('\n');
  const archive = archives.find(each => /\/debian\/?$/.test(each));
  if (archive === undefined) throw new Error(`apt has no archive of Debian among ${archives.join(' ') || 'none'}: add one to its sources`);
  return archive;
}
