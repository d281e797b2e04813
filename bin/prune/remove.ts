import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { REMOVAL_ORDER, Stored, storedOf, StoredVersion } from './catalog';
import { displayName, manifestKey, ModelId, MODELS, PUBLISHING, versionPrefix } from '../../lib/model/layout';
import { CommandError } from '../cli/command';
import { deleteObjects } from '../cli/deletion';
import type { Store } from '../cli/store';

/**
 * Removes a version: its manifest first, so that no pod starts from what is left, and its claim last.
 *
 * @returns false where it is not what it was when it was judged, and nothing was removed
 * @throws where S3 refuses; what is left then is removed by the next run, or brought back by `--undo`
 */
export async function removeVersion(store: Store, { id, stored: judged }: StoredVersion): Promise<boolean> {
  const now = await storedOf(store, id);
  if (now === undefined || fingerprint(now) !== fingerprint(judged)) return false;
  if (now.manifest) {
    // With its ETag: S3 refuses where the manifest became another one in the last moment.
    await store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: now.manifest.key, IfMatch: now.manifest.etag }));
  }
  for (const root of REMOVAL_ORDER) {
    if (root === PUBLISHING) await checkStillRemoved(store, id);
    await removeAll(store, versionPrefix(root, id), manifestKey(MODELS, id));
  }
  await checkStillRemoved(store, id);
  return true;
}

function fingerprint({ objects, bytes, newest, manifest }: Stored): string {
  return JSON.stringify([objects, bytes, newest, manifest?.etag]);
}

/** Somebody may publish the same content meanwhile, and counts on what is there. */
async function checkStillRemoved(store: Store, id: ModelId) {
  if (await store.find(manifestKey(MODELS, id)) === undefined) return;
  throw new CommandError(`${displayName(id)} was published again while it was removed: 'verify' says whether files are missing`);
}

async function removeAll(store: Store, prefix: string, except: string) {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) if (key !== except) keys.push(key);
  await deleteObjects(store, keys.map(Key => ({ Key })));
}

