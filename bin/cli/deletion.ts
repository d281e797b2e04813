import { DeleteObjectCommand, DeleteObjectsCommand, ObjectIdentifier } from '@aws-sdk/client-s3';
import { CommandError } from './command';
import type { Store } from './store';

/** What DeleteObjects takes at once. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const BATCH = 1_000;

/**
 * Deletes objects, or versions of them.
 *
 * @param before asked before each batch: throws to keep it
 * @throws where S3 refuses one of them
 */
export async function deleteObjects(
  store: Store, objects: readonly ObjectIdentifier[], before: () => Promise<unknown> = async () => {},
): Promise<void> {
  for (let start = 0; start < objects.length; start += BATCH) {
    await before();
    const batch = { Objects: objects.slice(start, start + BATCH), Quiet: true };
    const { Errors = [] } = await store.client.send(new DeleteObjectsCommand({ Bucket: store.bucket, Delete: batch }));
    const [first] = Errors;
    if (first) throw new CommandError(`S3 refused ${Errors.length} of ${batch.Objects.length} objects, such as ${store.url(first.Key!)}: ${first.Code}, ${first.Message}`);
  }
}

/**
 * Deletes an object, where it is still the one that was read.
 *
 * @returns false where it is another one: it stays then
 */
export async function deleteUnchanged(store: Store, key: string, etag: string): Promise<boolean> {
  try {
    await store.client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: key, IfMatch: etag }));
    return true;
  } catch (error) {
    const { name, message, $metadata } = error as { name?: string; message?: string; $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === 404) return true; // gone already
    if ($metadata?.httpStatusCode === 412) return false;
    if ($metadata?.httpStatusCode === 403) throw new CommandError(`${store.url(key)} can't be deleted: ${name}, ${message}`);
    throw error;
  }
}
