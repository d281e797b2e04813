import { GetObjectCommand, ListObjectVersionsCommand, ListObjectVersionsCommandOutput, ObjectVersion } from '@aws-sdk/client-s3';
import { CommandError } from '../cli/command';
import { isMissing, Store } from '../cli/store';

/** A version of an object, or the marker of its removal. */
export interface Entry {
  readonly versionId: string;
  readonly lastModified: Date;
  readonly marker: boolean;
  /** In bytes; 0 of a marker. */
  readonly size: number;
}

/** What a bucket keeps of a key. */
export interface History {
  /** What the key is now: an object, or the marker of its removal. */
  readonly latest: Entry;
  /** Objects, superseded or not, the newest first. */
  readonly objects: Entry[];
  readonly markers: Entry[];
}

/** The histories of all keys below a prefix. */
export async function histories(store: Store, prefix: string): Promise<Map<string, History>> {
  const entries = new Map<string, Array<Entry & { isLatest: boolean }>>();
  let marker: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (marker) {
    const page: ListObjectVersionsCommandOutput = await store.client.send(
      new ListObjectVersionsCommand({ Bucket: store.bucket, Prefix: prefix, ...marker }),
    );
    for (const [found, isMarker] of [[page.Versions, false], [page.DeleteMarkers, true]] as const) {
      for (const one of found ?? []) {
        const { Key, VersionId, LastModified, IsLatest, Size = 0 } = one as ObjectVersion;
        const entry = { versionId: VersionId!, lastModified: LastModified!, marker: isMarker, isLatest: IsLatest!, size: Size };
        entries.set(Key!, [...entries.get(Key!) ?? [], entry]);
      }
    }
    if (page.IsTruncated && page.NextKeyMarker === undefined) {
      throw new CommandError(`the listing of versions of ${store.url(prefix)} is cut and says not where it goes on: ask S3 itself, not what stands in front of it`);
    }
    marker = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
  return new Map([...entries].map(([key, all]) => [key, historyOf(all)]));
}

function historyOf(entries: Array<Entry & { isLatest: boolean }>): History {
  const byTime = entries.sort((a, b) => Number(b.isLatest) - Number(a.isLatest) || b.lastModified.getTime() - a.lastModified.getTime());
  return { latest: byTime[0], objects: byTime.filter(({ marker }) => !marker), markers: byTime.filter(({ marker }) => marker) };
}

/**
 * The markers that hide an object. The response has objects and markers in two lists, so what lies above what is known by its time; but a marker that
 * is the latest hides all others, whatever the times say.
 */
export function markersAbove({ latest, markers }: History, { lastModified }: Entry): Entry[] {
  return markers.filter(marker => marker === latest || marker.lastModified >= lastModified);
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
