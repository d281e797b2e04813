import * as fs from 'node:fs';
import * as path from 'node:path';

/** Folders in which the node's programs keep things at paths of their own: those of the machine are covered. */
export const COVERED = ['/run', '/var/lib', '/var/log'];

/** Throws where a folder that is needed inside would be covered there. Each is told by what it is. */
export function checkCovered(needed: Record<string, string>, covered = COVERED): void {
  const real = (folder: string) => fs.existsSync(folder) ? fs.realpathSync(folder) : path.resolve(folder);
  for (const [what, folder] of Object.entries(needed)) {
    const above = covered.find(each => `${real(folder)}/`.startsWith(`${real(each)}/`));
    if (above !== undefined) throw new Error(`${what} ${folder} lies below ${above}, which the node covers with a file system of its own: take a folder elsewhere`);
  }
}
