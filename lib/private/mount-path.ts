import * as path from 'node:path';
import { literal } from './literal';

/**
 * An absolute path of plain names, without a slash at its end.
 *
 * @throws where it is something else, or an unresolved token
 * @internal
 */
export function checkFolder(what: string, folder: string): string {
  literal(folder, what, 'it is part of the manifests; pass a literal string');
  if (!/^(\/[-\w.]+)+$/.test(folder) || folder.split('/').some(segment => segment === '.' || segment === '..')) {
    throw new Error(`${what} is '${folder}', which is not valid: give an absolute path of letters, digits and '-_.', without '.' or '..' segments`);
  }
  return folder;
}

/**
 * Where a mount is in a container, in one spelling: the kubelet takes a path from the root, and the runtime resolves `.`, `..` and double slashes.
 * The root itself is empty.
 * @internal
 */
export function mountPoint(mountPath: string): string {
  return path.posix.normalize(`/${mountPath}`).replace(/\/+$/, '');
}

/**
 * Whether a mount is in a folder, and not that folder itself.
 * @internal
 */
export function isInside(mountPath: string, folder: string): boolean {
  const [inner, outer] = [mountPath, folder].map(mountPoint);
  return inner !== outer && `${inner}/`.startsWith(`${outer}/`);
}
