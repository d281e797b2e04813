import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { claimKey } from './claim';
import { putText } from './objects';
import { displayName, MODELS, ModelId, SIGNATURES, versionPrefix } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';
import type { Store } from '../cli/store';

/** In the place of a manifest, it keeps everybody from publishing what is being cleared; nothing reads it as a manifest. */
export const DISCARDING = 'being discarded\n';

/**
 * Clears what attempts to publish a version left, its claim included. While that goes on, the version's manifest is taken, so a publisher that still
 * runs can't end with files that are gone: it finds the manifest taken, or its claim gone.
 *
 * @returns how many objects were deleted
 * @throws where the version is published
 */
export async function discard(store: Store, id: ModelId): Promise<number> {
  const manifest = `${versionPrefix(MODELS, id)}${ModelChecksums.OBJECT_NAME}`;
  const there = await store.find(manifest);
  if ((there !== undefined && there.toString() !== DISCARDING) || await putText(store, manifest, DISCARDING) !== undefined) {
    throw new CommandError(`${displayName(id)} is published: it can't be discarded; prune deletes published versions that nothing references`);
  }
  const keys: string[] = [];
  for (const root of [MODELS, SIGNATURES]) {
    for await (const { key } of store.list(versionPrefix(root, id))) {
      if (key !== manifest) keys.push(key);
    }
  }
  // The claim before the manifest: else, for a moment, both a publisher's claim holds and its manifest can be written.
  for (const batch of [...inBatches(keys), [claimKey(id)], [manifest]]) await deleteAll(store, batch);
  return keys.length;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: at most 1,000 keys. */
async function deleteAll(store: Store, keys: string[]): Promise<void> {
  const Objects = keys.map(Key => ({ Key }));
  const { Errors: [first] = [] } = await store.client.send(new DeleteObjectsCommand({ Bucket: store.bucket, Delete: { Quiet: true, Objects } }));
  if (first) throw new CommandError(`${store.url(first.Key!)} can't be deleted: ${first.Code}: ${first.Message}; discarding needs the rights to publish and to prune`);
}

function inBatches(keys: string[], size = 1_000): string[][] {
  return Array.from({ length: Math.ceil(keys.length / size) }, (_, index) => keys.slice(index * size, (index + 1) * size));
}
