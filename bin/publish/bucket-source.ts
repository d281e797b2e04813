import { createHash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { descriptionFields } from './description';
import { Filter, isLitter } from './filter';
import { statusOf } from './objects';
import { nameProblem } from './problems';
import { readInRanges } from './ranges';
import type { Source, SourceFile } from './source';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { Call, CommandError, UsageError } from '../cli/command';
import { clientFor, ListedObject, parseS3Url, Store } from '../cli/store';

/** Classes whose objects can't be read before somebody restores them: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html */
const ARCHIVED = ['GLACIER', 'DEEP_ARCHIVE'];

/** A range that takes longer is fetched anew. */
const RANGE_TIMEOUT_MS = 120_000;
const ATTEMPTS = 4;

/**
 * What is below a prefix of a bucket already, `s3://bucket/prefix/`. It is read once, to be hashed, and copied by S3. A version that was published
 * before is checked against its own manifest.
 *
 * @throws where it holds what can't be published
 */
export async function openBucket(url: string, call: Call, filter: Filter): Promise<Source> {
  const { bucket, prefix } = parseS3Url(url);
  if (/[?#]/.test(prefix)) throw new UsageError(`'${url}' is no prefix: give s3://bucket/prefix/`);
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const source = new Store(bucket, clientFor(bucket, call));
  const all = await list(source, folder);
  const manifest = await manifestOf(source, folder, all);
  const listed = all.filter(({ path }) => !OWN.includes(path));
  const objects = listed.filter(({ path }) => filter.accepts(path));
  const problems = objects.map(object => problemOf(object, manifest)).filter(problem => problem !== undefined);
  const there = new Set(objects.map(({ path }) => path));
  for (const path of manifest?.keys() ?? []) {
    if (!OWN.includes(path) && !there.has(path) && filter.accepts(path)) problems.push(`'${path}' is in its ${ModelChecksums.OBJECT_NAME}, but not there`);
  }
  const description = await descriptionOf(source, all, manifest, problems);
  if (problems.length > 0) throw new CommandError([`${source.url(folder)} can't be published:`, ...problems].join('\n  '));
  if (objects.every(({ size }) => size === 0)) throw new CommandError(`${source.url(folder)} has no object with a byte in it${listed.length > 0 ? ` that --include and --exclude let in, of ${listed.length}` : ''}: give the prefix of the model's files`);
  return {
    label: source.url(folder),
    files: objects.map(object => bucketFile(source, object, manifest?.get(object.path))),
    leftOut: listed.map(({ path }) => path).filter(path => isLitter(path) && !filter.accepts(path)),
    description,
    check: async () => checkUnchanged(source, folder, objects, filter),
  };
}

const OWN: string[] = [ModelChecksums.OBJECT_NAME, ModelChecksums.DESCRIPTION_NAME];

interface BucketObject extends ListedObject {
  readonly path: string;
}

async function list(source: Store, folder: string): Promise<BucketObject[]> {
  const objects: BucketObject[] = [];
  try {
    for await (const object of source.list(folder)) {
      // What consoles and file systems put in place of a folder.
      if (object.size > 0 || (object.key !== folder && !object.key.endsWith('/'))) objects.push({ ...object, path: object.key.slice(folder.length) });
    }
  } catch (error) {
    if (statusOf(error) !== 403) throw error;
    throw new CommandError(`${source.url(folder)} may not be listed by these credentials: they need s3:ListBucket and s3:GetObject there`);
  }
  return objects;
}

/** The hashes of a published version by path. */
async function manifestOf(source: Store, folder: string, all: BucketObject[]): Promise<Map<string, string> | undefined> {
  const object = all.find(({ path }) => path === ModelChecksums.OBJECT_NAME);
  if (!object) return undefined;
  try {
    return new Map(ModelChecksums.parse((await content(source, object)).toString()).entries.map(({ path, sha256 }) => [path, sha256]));
  } catch (error) {
    throw new CommandError(`${source.url(`${folder}${ModelChecksums.OBJECT_NAME}`)} is no manifest of this layout: ${(error as Error).message}`);
  }
}

async function descriptionOf(
  source: Store, all: BucketObject[], manifest: Map<string, string> | undefined, problems: string[],
): Promise<{ readonly [key: string]: unknown }> {
  const object = all.find(({ path }) => path === ModelChecksums.DESCRIPTION_NAME);
  if (!object) return {};
  const bytes = await content(source, object);
  const wanted = manifest?.get(ModelChecksums.DESCRIPTION_NAME);
  if (wanted !== undefined && wanted !== createHash('sha256').update(bytes).digest('hex')) problems.push(`'${object.path}' has other bytes than its ${ModelChecksums.OBJECT_NAME} says`);
  const fields = descriptionFields(bytes.toString());
  if (fields === undefined) problems.push(`'${object.path}' is a name of the layout: publish from a prefix where yours is called otherwise`);
  return fields ?? {};
}

function problemOf({ path, key, storageClass }: BucketObject, manifest: Map<string, string> | undefined): string | undefined {
  if (ARCHIVED.includes(storageClass ?? '')) return `'${path}' is archived (${storageClass}): restore it and copy it to a class that can be read`;
  if (key.endsWith('/')) return `'${path}' has bytes but is named as a folder`;
  if (manifest !== undefined && !manifest.has(path)) return `'${path}' is not in its ${ModelChecksums.OBJECT_NAME}: leave it out with --exclude`;
  return nameProblem(path);
}

function bucketFile(source: Store, object: BucketObject, sha256: string | undefined): SourceFile {
  const { path, size, key, etag } = object;
  return {
    path,
    size,
    sha256,
    copyFrom: { bucket: source.bucket, key, etag },
    open: async ({ start, end } = { start: 0, end: size }) => readInRanges(start, end, (first, last) => fetchRange(source, object, first, last)),
  };
}

async function content(source: Store, object: BucketObject): Promise<Buffer> {
  return object.size === 0 ? Buffer.alloc(0) : Buffer.from(await fetchRange(source, object, 0, object.size - 1));
}

/** A range of the object as it was listed. The SDK repeats requests, but not answers that break off or stand still. */
async function fetchRange(source: Store, { path, key, etag }: BucketObject, first: number, last: number): Promise<Uint8Array> {
  const get = { Bucket: source.bucket, Key: key, IfMatch: etag, Range: `bytes=${first}-${last}` };
  for (let attempt = 1; ; attempt++) {
    try {
      const { Body } = await source.client.send(new GetObjectCommand(get), { abortSignal: AbortSignal.timeout(RANGE_TIMEOUT_MS) });
      const bytes = await Body!.transformToByteArray();
      if (bytes.length !== last - first + 1) throw new Error(`the answer has ${bytes.length} bytes, expected ${last - first + 1}`);
      return bytes;
    } catch (error) {
      const status = statusOf(error);
      if (status === 412 || status === 404) throw changed(path, source.url(key));
      if ((error as Error).name === 'InvalidObjectState') throw new CommandError(`'${path}' is archived: restore it first`);
      if (status === 403) throw new CommandError(`${source.url(key)} may not be read by these credentials: they need s3:GetObject there, and kms:Decrypt where a key of KMS encrypts it`);
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function changed(path: string, place: string): CommandError {
  return new CommandError(`'${path}' changed at ${place} while it was read: publish when nobody writes to it`);
}

async function checkUnchanged(source: Store, folder: string, before: BucketObject[], filter: Filter): Promise<void> {
  const listed = (await list(source, folder)).filter(({ path }) => !OWN.includes(path) && filter.accepts(path));
  const now = new Map(listed.map(({ path, etag }) => [path, etag]));
  for (const { path, etag } of before) {
    if (now.get(path) !== etag) throw new CommandError(`'${path}' ${now.has(path) ? 'changed' : 'vanished'} at ${source.url(folder)} while it was read: publish when nobody writes to it`);
    now.delete(path);
  }
  for (const path of now.keys()) throw new CommandError(`'${path}' came to ${source.url(folder)} while it was read: publish when nobody writes to it`);
}
