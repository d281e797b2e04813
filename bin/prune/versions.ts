import { DeleteObjectsCommand, GetObjectCommand, ListObjectVersionsCommand, ObjectIdentifier } from '@aws-sdk/client-s3';
import { ModelId, versionPrefix } from '../../lib/model/layout';
import { CommandError } from '../cli/command';
import { isMissing, Store } from '../cli/store';

/** A version of an object, or the marker of its removal. */
export interface Entry {
  readonly versionId: string;
  readonly lastModified: Date;
  readonly marker: boolean;
}

/** What a bucket keeps of a key. */
export interface History {
  /** What the key is now: an object, or the marker of its removal. */
  readonly latest: Entry;
  /** The newest object, superseded or not; undefined where none is left. */
  readonly object?: Entry;
  /** Markers above that object. */
  readonly markers: Entry[];
}

/** The histories of all keys below a prefix. */
export async function histories(store: Store, prefix: string): Promise<Map<string, History>> {
  const entries = new Map<string, Array<Entry & { isLatest: boolean }>>();
  let marker: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (marker) {
    const page: Page = await store.client.send(new ListObjectVersionsCommand({ Bucket: store.bucket, Prefix: prefix, ...marker }));
    for (const [found, isMarker] of [[page.Versions, false], [page.DeleteMarkers, true]] as const) {
      for (const { Key, VersionId, LastModified, IsLatest } of found ?? []) {
        const entry = { versionId: VersionId!, lastModified: LastModified!, marker: isMarker, isLatest: IsLatest! };
        entries.set(Key!, [...entries.get(Key!) ?? [], entry]);
      }
    }
    marker = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
  return new Map([...entries].map(([key, all]) => [key, historyOf(all)]));
}

type Page = import('@aws-sdk/client-s3').ListObjectVersionsCommandOutput;

/** The response has objects and markers in two lists, so what lies above what is known by its time, and by `IsLatest` alone within a second. */
function historyOf(entries: Array<Entry & { isLatest: boolean }>): History {
  const byTime = entries.sort((a, b) => Number(b.isLatest) - Number(a.isLatest) || b.lastModified.getTime() - a.lastModified.getTime());
  const [latest] = byTime;
  const object = byTime.find(({ marker }) => !marker);
  const above = ({ marker, lastModified }: Entry) => marker && object !== undefined && lastModified >= object.lastModified;
  return { latest, object, markers: latest.marker ? byTime.filter(above) : [] };
}

/** What DeleteObjects takes at once. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const BATCH = 1_000;

/** @throws where S3 refuses one of them */
export async function deleteObjects(store: Store, objects: ObjectIdentifier[]) {
  for (let start = 0; start < objects.length; start += BATCH) {
    const batch = { Objects: objects.slice(start, start + BATCH), Quiet: true };
    const { Errors = [] } = await store.client.send(new DeleteObjectsCommand({ Bucket: store.bucket, Delete: batch }));
    const [first] = Errors;
    if (first) throw new CommandError(`S3 refused ${Errors.length} of ${batch.Objects.length} objects, such as ${store.url(first.Key!)}: ${first.Code}, ${first.Message}`);
  }
}

/** The key of the manifest of a version, or of its claim. */
export function manifestKey(root: string, id: ModelId): string {
  return `${versionPrefix(root, id)}manifest.sha256`;
}

/** The bytes of one version of an object; undefined where it is not there, or may not be read. */
export async function readVersion(store: Store, key: string, versionId: string): Promise<Buffer | undefined> {
  try {
    const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key, VersionId: versionId }));
    return Buffer.from(await Body!.transformToByteArray());
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
