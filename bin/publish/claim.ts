import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { putText } from './objects';
import { displayName, ModelId, PUBLISHING, versionPrefix } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';
import type { Store } from '../cli/store';

/** Where a version's claim is: the manifest that it is going to have, stored before all else. */
export function claimKey(id: ModelId): string {
  return `${versionPrefix(PUBLISHING, id)}${ModelChecksums.OBJECT_NAME}`;
}

/**
 * Claims a version for this content. The first to do so is the one that publishes it.
 *
 * @returns whether it was claimed before, for the same content: by an attempt that did not end, or one that goes on beside this
 * @throws where it is claimed for other content
 */
export async function claim(store: Store, id: ModelId, checksums: ModelChecksums): Promise<boolean> {
  const key = claimKey(id);
  const before = await store.find(key);
  const other = before === undefined ? await putText(store, key, checksums.text) : before.toString();
  if (other === undefined) return false;
  if (other === checksums.text) return true;
  const { LastModified } = await store.client.send(new HeadObjectCommand({ Bucket: store.bucket, Key: key }));
  throw new CommandError(
    `${displayName(id)} is being published with other content, or was and never got to its end: ${store.url(key)} was left ${LastModified?.toISOString() ?? 'before'}, ${firstDifferences(other, checksums.text)}; `
    + 'publish under another version, or clear what was left with --discard-unpublished, when nobody publishes it any more',
  );
}

/** @throws where the claim is gone: somebody cleared the version while its files came */
export async function checkClaim(store: Store, id: ModelId, checksums: ModelChecksums): Promise<void> {
  if ((await store.find(claimKey(id)))?.toString() === checksums.text) return;
  throw new CommandError(`${displayName(id)} was cleared by another one while its files were sent: publish again`);
}

/** Which paths two manifests don't agree on, in a few words. */
export function firstDifferences(there: string, ours: string): string {
  const [theirs, mine] = [hashesByPath(there), hashesByPath(ours)];
  const differences = [...new Set([...theirs.keys(), ...mine.keys()])].sort().filter(path => theirs.get(path) !== mine.get(path))
    .map(path => `'${path}' ${!mine.has(path) ? 'is only there' : !theirs.has(path) ? 'is not there' : 'has other bytes there'}`);
  return `${differences.slice(0, 3).join(', ')}${differences.length > 3 ? `, and ${differences.length - 3} more` : ''}`;
}

function hashesByPath(manifest: string): Map<string, string> {
  return new Map(manifest.split('\n').filter(line => line !== '').map(line => [line.slice(66), line.slice(0, 64)]));
}
