import { createHash } from 'node:crypto';
import { HeadObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { base64, compositeChecksum, FileDigest, sha256Of } from './digests';
import { CommandError } from '../cli/command';
import { isMissing, read, Store } from '../cli/store';

interface Metadata { readonly [name: string]: string }

/**
 * Puts an object.
 *
 * @throws where one is there: status 412
 */
export async function putNew(
  store: Store, key: string, body: Buffer, sha256: string, abortSignal?: AbortSignal, metadata: Metadata = {},
): Promise<void> {
  const put = new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: body, IfNoneMatch: '*', ChecksumSHA256: base64(sha256), Metadata: { sha256, ...metadata } });
  try {
    await store.client.send(signedWith(put, sha256), { abortSignal });
  } catch (error) {
    if (statusOf(error) !== 403) throw error;
    const { name, message } = error as Error;
    throw new CommandError(`${store.url(key)} can't be written: ${name}: ${message}; publishing needs s3:PutObject and s3:GetObject there, and the key of the bucket`);
  }
}

/**
 * Makes sure that an object with this text is there.
 *
 * @returns the other text that is there instead
 */
export async function putText(store: Store, key: string, text: string, metadata: Metadata = {}): Promise<string | undefined> {
  const body = Buffer.from(text);
  try {
    await untilNoConflict(() => putNew(store, key, body, sha256Of(body), undefined, metadata));
    return undefined;
  } catch (error) {
    if (statusOf(error) !== 412) throw error;
    const present = await read(store, key);
    return present.equals(body) ? undefined : present.toString();
  }
}

/**
 * Whether a key holds this file already. The checksum that S3 computed decides; where it has none that compares, the object is read.
 * What its writer says, the metadata, counts for nothing.
 *
 * @param mayRead whether it is read; else it is taken for the same where no checksum compares
 */
export async function presence(store: Store, key: string, size: number, digest: FileDigest, mayRead = true): Promise<'absent' | 'same' | 'other'> {
  try {
    const head = await store.client.send(new HeadObjectCommand({ Bucket: store.bucket, Key: key, ChecksumMode: 'ENABLED' }));
    if (head.ContentLength !== size) return 'other';
    if (head.ChecksumSHA256 !== undefined && !head.ChecksumSHA256.includes('-')) return head.ChecksumSHA256 === base64(digest.sha256) ? 'same' : 'other';
    if (digest.parts !== undefined && head.ChecksumSHA256 === compositeChecksum(digest.parts)) return 'same';
    if (!mayRead) return 'same';
    return await hashOf(store, key, head.ETag) === digest.sha256 ? 'same' : 'other';
  } catch (error) {
    if (isMissing(error)) return 'absent';
    throw error;
  }
}

async function hashOf(store: Store, key: string, etag: string | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await store.stream(key, { etag })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** 409: somebody else writes the same key at this moment. */
export async function untilNoConflict<T>(work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (statusOf(error) !== 409 || attempt === 6) throw error;
      await new Promise(resolve => setTimeout(resolve, 50 * 2 ** attempt * (1 + Math.random())));
    }
  }
}

export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** Signs the hash of the body that is known already; the SDK would compute it again. */
export function signedWith<T extends PutObjectCommand | UploadPartCommand>(command: T, sha256: string): T {
  (command.middlewareStack as PutObjectCommand['middlewareStack']).add(next => args => {
    (args.request as { headers: { [name: string]: string } }).headers['x-amz-content-sha256'] = sha256;
    return next(args);
  }, { step: 'build', name: 'contentHash' });
  return command;
}
