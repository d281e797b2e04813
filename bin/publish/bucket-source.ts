import { createHash } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { descriptionFields } from './description';
import { isDiscarding } from './discard';
import { eachOf } from './each';
import { Filter, isLitter } from './filter';
import { statusOf } from './objects';
import { nameProblem } from './problems';
import { readInRanges } from './ranges';
import type { Source, SourceFile } from './source';
import { displayName, manifestKey, modelIdOf, MODELS, PUBLISHING } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { Call, CommandError, UsageError } from '../cli/command';
import { clientFor, ListedObject, parseS3Url, Store } from '../cli/store';

/** Classes whose objects can't be read before somebody restores them: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html */
const ARCHIVED = ['GLACIER', 'DEEP_ARCHIVE'];

/** A range that takes longer is fetched anew. */
const RANGE_TIMEOUT_MS = 120_000;
const ATTEMPTS = 4;

/** Objects that are asked for at once. */
const AT_ONCE = 8;

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
  if (manifest === undefined) await checkFinished(source, folder);
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
  const hashes = manifest ?? await checksumsOf(source, objects);
  return {
    label: source.url(folder),
    files: objects.map(object => bucketFile(source, object, hashes.get(object.path))),
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

/** What is laid out as a version, is claimed and has no manifest is no more than a part of it. */
async function checkFinished(source: Store, folder: string): Promise<void> {
  const id = modelIdOf(MODELS, folder);
  if (id === undefined || await source.find(manifestKey(PUBLISHING, id)) === undefined) return;
  const manifest = await source.find(manifestKey(MODELS, id));
  if (manifest !== undefined && !isDiscarding(manifest.toString())) return;
  throw new CommandError(`${source.url(folder)} holds what came so far of ${displayName(id)}, which is not published: publish it first, from where its files are`);
}

/** The hashes that S3 has of whole objects, by path: a read that was damaged on the way is seen by them before anything is claimed. */
async function checksumsOf(source: Store, objects: BucketObject[]): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  await eachOf(objects, AT_ONCE, async object => {
    const head = new HeadObjectCommand({ Bucket: source.bucket, Key: object.key, IfMatch: object.etag, ChecksumMode: 'ENABLED' });
    const { ChecksumSHA256 } = await source.client.send(head).catch((error: unknown) => {
      throw explained(source, object, error) ?? error;
    });
    if (ChecksumSHA256 !== undefined && !ChecksumSHA256.includes('-')) hashes.set(object.path, Buffer.from(ChecksumSHA256, 'base64').toString('hex'));
  });
  return hashes;
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
async function fetchRange(source: Store, object: BucketObject, first: number, last: number): Promise<Uint8Array> {
  const { key, etag } = object;
  const get = { Bucket: source.bucket, Key: key, IfMatch: etag, Range: `bytes=${first}-${last}` };
  for (let attempt = 1; ; attempt++) {
    try {
      const { Body } = await source.client.send(new GetObjectCommand(get), { abortSignal: AbortSignal.timeout(RANGE_TIMEOUT_MS) });
      const bytes = await Body!.transformToByteArray();
      if (bytes.length !== last - first + 1) throw new Error(`the answer has ${bytes.length} bytes, expected ${last - first + 1}`);
      return bytes;
    } catch (error) {
      const failure = explained(source, object, error);
      if (failure !== undefined || attempt === ATTEMPTS) throw failure ?? error;
    }
  }
}

/** Why it makes no sense to ask again. */
function explained(source: Store, { path, key }: BucketObject, error: unknown): CommandError | undefined {
  const status = statusOf(error);
  if (status === 412 || status === 404) return new CommandError(`'${path}' changed at ${source.url(key)} while it was read: publish when nobody writes to it`);
  if ((error as Error).name === 'InvalidObjectState') return new CommandError(`'${path}' is archived: restore it first`);
  if (status !== 403) return undefined;
  return new CommandError(`${source.url(key)} may not be read by these credentials: they need s3:GetObject there, and kms:Decrypt where a key of KMS encrypts it`);
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
