import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** What a machine may lack. */
export type Need = 'root' | 'namespaces';

const LACKS: Record<Need, () => string | undefined> = {
  root: () => process.getuid?.() === 0 ? undefined : 'needs root',
  namespaces: () => {
    const { status, error, stderr } = spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'true'], { encoding: 'utf8' });
    return status === 0 ? undefined : `needs namespaces of its own: ${(error?.message ?? stderr).trim()}`;
  },
};

/** Why this machine can't run what needs that, if so. */
export function lacks(needs: Need[] = []): string | undefined {
  return needs.map(need => LACKS[need]()).find(reason => reason !== undefined);
}

/** Those of the programs that are not on PATH. */
export function missing(programs: string[]): string[] {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return programs.filter(program => !folders.some(folder => fs.existsSync(path.join(folder, program))));
}
