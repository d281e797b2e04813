import * as path from 'node:path';

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
