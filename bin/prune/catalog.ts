import type { Version } from './plan';
import { histories, readVersion } from './versions';
import { checkModelId, displayName, manifestKey, ModelId, modelIdOf, MODELS, PUBLISHING, SIGNATURES, versionPrefix } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import type { ListedObject, Store } from '../cli/store';
import { isDiscarding } from '../publish/discard';
import { eachOf } from '../publish/each';

/** Where objects of a version are, in the order in which they are removed: the claim is last, so that nobody publishes into what is being removed. */
export const REMOVAL_ORDER = [SIGNATURES, MODELS, PUBLISHING];

/** What is stored of a version. */
export interface Stored {
  readonly id: ModelId;
  objects: number;
  bytes: number;
  /** When its newest object was stored. */
  newest: Date;
  /** Its manifest as it is listed; undefined where it is not published. */
  manifest?: ListedObject;
}

/** A version that is published, or was. */
export interface StoredVersion extends Version {
  readonly stored: Stored;
}

/** What a bucket holds. */
export interface Catalog {
  readonly versions: StoredVersion[];
  /** Objects of versions that were never published. */
  readonly unpublished: Stored[];
  /** Keys below the roots that are not laid out as versions are. */
  readonly unknown: string[];
}

/** Which models are looked at. */
export interface Scope {
  readonly tenant?: string;
  readonly name?: string;
}

const AT_ONCE = 8;

/** What the bucket holds of these models. */
export async function catalogOf(store: Store, scope: Scope): Promise<Catalog> {
  const found = new Map<string, Stored>();
  const unknown: string[] = [];
  for (const root of REMOVAL_ORDER) {
    for await (const object of store.list(prefixOf(root, scope))) {
      const id = versionOf(root, object.key);
      if (id === undefined) unknown.push(object.key);
      else if (scope.name === undefined || scope.name === id.name) add(found, id, object);
    }
  }
  const versions: StoredVersion[] = [];
  const unpublished: Stored[] = [];
  await eachOf(found.values(), AT_ONCE, async stored => {
    const version = await describe(store, stored);
    if (version) versions.push(version); else unpublished.push(stored);
  });
  return { versions: sorted(versions, ({ id }) => id), unpublished: sorted(unpublished, ({ id }) => id), unknown };
}

/** What is stored of a version now. */
export async function storedOf(store: Store, id: ModelId): Promise<Stored | undefined> {
  const found = new Map<string, Stored>();
  for (const root of REMOVAL_ORDER) {
    for await (const object of store.list(versionPrefix(root, id))) add(found, id, object);
  }
  return [...found.values()][0];
}

/** A version whose manifest is there; or was, in a bucket that remembers it. */
async function describe(store: Store, stored: Stored): Promise<StoredVersion | undefined> {
  const { id, manifest } = stored;
  const key = manifestKey(MODELS, id);
  if (manifest) {
    const text = (await store.find(key))?.toString();
    return isDiscarding(text ?? '') ? undefined : { id, stored, publishedAt: manifest.lastModified, digest: digestOf(text), halfRemoved: false };
  }
  const { latest, objects: [object] = [] } = (await histories(store, key)).get(key) ?? {};
  // What is newer than the removal belongs to somebody who publishes the version again.
  if (!latest?.marker || !object || stored.newest >= latest.lastModified) return undefined;
  // The claim holds the same, for those who may not read what is removed.
  const text = (await readVersion(store, key, object.versionId) ?? await store.find(manifestKey(PUBLISHING, id)))?.toString();
  return isDiscarding(text ?? '') ? undefined : { id, stored, publishedAt: object.lastModified, digest: digestOf(text), halfRemoved: true };
}

function digestOf(manifest: string | undefined): string | undefined {
  if (manifest === undefined) return undefined;
  try {
    return ModelChecksums.parse(manifest).digest;
  } catch {
    return undefined;
  }
}

function add(found: Map<string, Stored>, id: ModelId, object: ListedObject) {
  const key = versionPrefix('', id);
  const stored = found.get(key) ?? { id, objects: 0, bytes: 0, newest: object.lastModified };
  found.set(key, stored);
  stored.objects++;
  stored.bytes += object.size;
  if (object.lastModified > stored.newest) stored.newest = object.lastModified;
  if (object.key === manifestKey(MODELS, id)) stored.manifest = object;
}

function versionOf(root: string, key: string): ModelId | undefined {
  const id = modelIdOf(root, key);
  try {
    return id && key.length > versionPrefix(root, id).length ? checkModelId(id) : undefined;
  } catch {
    return undefined;
  }
}

function prefixOf(root: string, { tenant, name }: Scope): string {
  if (tenant === undefined) return root;
  return versionPrefix(root, { tenant, name: name ?? '', version: '' }).replace(/\/+$/, '/');
}

function sorted<T>(items: T[], idOf: (item: T) => ModelId): T[] {
  const spelled = (item: T) => displayName(idOf(item));
  return items.sort((a, b) => spelled(a) < spelled(b) ? -1 : 1);
}
