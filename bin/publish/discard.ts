import { randomUUID } from 'node:crypto';
import { putText } from './objects';
import { displayName, manifestKey, MODELS, ModelId, PUBLISHING, SIGNATURES, versionPrefix } from '../../lib/model/layout';
import { CommandError, UsageError } from '../cli/command';
import { deleteObjects, deleteUnchanged } from '../cli/deletion';
import { parseS3Url, Store } from '../cli/store';

/** Begins what stands in the place of a manifest while a version is cleared. */
const DISCARDING = 'being discarded';

/** Whether a version is being cleared, or was and not to the end: nothing reads this as a manifest. */
export function isDiscarding(manifest: string): boolean {
  return manifest.startsWith(DISCARDING);
}

/**
 * Clears what attempts to publish a version left, its claim included. While that goes on, a marker of its own takes the place of the version's manifest, so
 * a publisher that still runs can't end with files that are gone: it finds the manifest taken, or its claim gone.
 *
 * @returns how many objects were deleted
 * @throws where the version is published, or another one takes over
 */
export async function discard(store: Store, id: ModelId): Promise<number> {
  try {
    return await new Discard(store, id).run();
  } catch (error) {
    if (!(error instanceof CommandError) || !error.message.includes('AccessDenied')) throw error;
    throw new CommandError(`${error.message}; discarding needs the rights to publish and to prune`);
  }
}

/** @throws where the files to publish are among what would be discarded */
export function checkNotDiscarded(source: string, store: Store, id: ModelId): void {
  if (!source.startsWith('s3://')) return;
  const { bucket, prefix } = parseS3Url(source);
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const places = [MODELS, SIGNATURES, PUBLISHING].map(root => versionPrefix(root, id));
  const own = places.find(place => place.startsWith(folder) || folder.startsWith(place));
  if (bucket === store.bucket && own !== undefined) {
    throw new UsageError(`--discard-unpublished deletes ${store.url(own)}, where '${source}' is: copy the files elsewhere and publish them from there`);
  }
}

class Discard {
  private readonly manifest: string;
  private readonly claim: string;
  private readonly marker = `${DISCARDING} ${randomUUID()}\n`;

  constructor(private readonly store: Store, private readonly id: ModelId) {
    this.manifest = manifestKey(MODELS, id);
    this.claim = manifestKey(PUBLISHING, id);
  }

  public async run(): Promise<number> {
    await this.takeOver();
    const other = await putText(this.store, this.manifest, this.marker);
    if (other !== undefined) throw isDiscarding(other) ? this.takenOver() : this.published();
    const claimed = await this.store.get(this.claim);
    const keys: string[] = [];
    for (const root of [MODELS, SIGNATURES]) {
      for await (const { key } of this.store.list(versionPrefix(root, this.id))) {
        if (key !== this.manifest) keys.push(key);
      }
    }
    await deleteObjects(this.store, keys.map(Key => ({ Key })), () => this.markerEtag());
    // The claim before the marker: else, for a moment, both a publisher's claim holds and its manifest can be written.
    const etag = await this.markerEtag();
    if (claimed && !await deleteUnchanged(this.store, this.claim, claimed.etag)) throw this.takenOver();
    if (!await deleteUnchanged(this.store, this.manifest, etag)) throw this.takenOver();
    return keys.length;
  }

  /** Takes the marker of an earlier one away. It may still run: it looks whether the marker is its own before it deletes. */
  private async takeOver(): Promise<void> {
    const there = await this.store.get(this.manifest);
    if (there === undefined) return;
    if (!isDiscarding(there.content.toString())) throw this.published();
    // For a moment no marker is there: no claim may hold in it, for files of it may be gone.
    const claimed = await this.store.get(this.claim);
    if (claimed && !await deleteUnchanged(this.store, this.claim, claimed.etag)) throw this.takenOver();
    if (!await deleteUnchanged(this.store, this.manifest, there.etag)) throw this.takenOver();
  }

  /** @throws where the marker is no longer this one's */
  private async markerEtag(): Promise<string> {
    const there = await this.store.get(this.manifest);
    if (there?.content.toString() !== this.marker) throw this.takenOver();
    return there.etag;
  }

  private published(): CommandError {
    return new CommandError(`${displayName(this.id)} is published: it can't be discarded; prune deletes published versions that nothing references`);
  }

  private takenOver(): CommandError {
    return new CommandError(`${displayName(this.id)} is being discarded by another one, or was meanwhile: where it is published now, publish it again, which brings what it may lack`);
  }
}
