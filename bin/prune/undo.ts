import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { REMOVAL_ORDER } from './catalog';
import { Entry, histories, History, markersAbove, readVersion } from './versions';
import { displayName, manifestKey, ModelId, MODELS, SIGNATURES, versionPrefix } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { Call, CommandError } from '../cli/command';
import { deleteObjects } from '../cli/deletion';
import { isMissing, Store } from '../cli/store';
import { isDiscarding } from '../publish/discard';

/**
 * Brings a removed version back by removing the markers of its removal, that of its manifest last.
 *
 * @throws where something of it is gone for good, or its name was used again; nothing is changed then
 */
export async function undo(store: Store, id: ModelId, { output }: Call) {
  const name = displayName(id);
  const kept = new Map<string, History>();
  for (const root of REMOVAL_ORDER) for (const [key, history] of await histories(store, versionPrefix(root, id))) kept.set(key, history);

  const manifest = await removedManifest(store, id, kept);
  if (manifest === undefined) {
    return output.result({ ...id, undone: false }, [`${name} is published: there is nothing to undo`]);
  }
  const { checksums, removedAt } = manifest;
  const again = [...kept].find(([, { latest }]) => !latest.marker && latest.lastModified > removedAt);
  if (again) throw new CommandError(`${store.url(again[0])} was stored after ${name} was removed: somebody publishes the version again, and what they store is left alone`);

  const prefix = versionPrefix(MODELS, id);
  const files = new Map(checksums.entries.map(({ path, sha256 }) => [`${prefix}${path}`, sha256]));
  const refuse = (reason: string): never => { throw new CommandError(`${name} can't be brought back: ${reason}; publish it again`); };
  const gone = [...files.keys()].filter(file => newest(kept, file) === undefined);
  if (gone.length > 0) refuse(`${gone.length} of its ${files.size} files are gone for good, such as ${store.url(gone[0])}`);
  for (const [file, sha256] of files) {
    const object = newest(kept, file)!;
    if (object.lastModified < removedAt || await holds(store, file, object, sha256)) continue;
    refuse(`${store.url(file)} was stored again since, so its bytes may be others`);
  }

  // A claim or a signature that went before the manifest did was no part of it, nor is one that came after.
  const others = [...kept.keys()].filter(key => !key.startsWith(MODELS) && kept.get(key)!.latest.lastModified >= removedAt);
  const itsOwn = others.filter(key => newest(kept, key) !== undefined && newest(kept, key)!.lastModified < removedAt);
  for (const key of others.filter(other => other.startsWith(SIGNATURES) && kept.get(other)!.latest.marker && !itsOwn.includes(other))) {
    output.warn('signatureStaysRemoved', `${store.url(key)} was stored again after ${name} was removed, and stays removed: sign the version again`);
  }
  await uncover(store, [...itsOwn, ...files.keys()], kept);
  const there = await histories(store, prefix);
  const missing = [...files.keys()].find(file => there.get(file)?.latest.marker !== false);
  if (missing !== undefined) throw new CommandError(`${store.url(missing)} is removed again: somebody else works on ${name}`);
  await deleteObjects(store, manifest.discards);
  await deleteObjects(store, manifest.markers);

  const model = [...files.keys()].filter(file => file !== `${prefix}${ModelChecksums.DESCRIPTION_NAME}`);
  const totalBytes = model.reduce((sum, file) => sum + newest(kept, file)!.size, 0);
  output.result({ ...id, digest: checksums.digest, files: model.length, totalBytes, undone: true }, [
    `${name} is published again, ${model.length} files`,
    `digest ${checksums.digest}`,
    'the next prune offers it again, unless something references it: name it in a lock file',
  ]);
}

interface RemovedManifest {
  readonly checksums: ModelChecksums;
  readonly removedAt: Date;
  /** What hides it: markers, and what kept its place while later attempts to publish were cleared. */
  readonly markers: Version[];
  readonly discards: Version[];
}

interface Version {
  readonly Key: string;
  readonly VersionId: string;
}

/** The manifest that was removed last; undefined where one is published. */
async function removedManifest(store: Store, id: ModelId, kept: Map<string, History>): Promise<RemovedManifest | undefined> {
  const name = displayName(id);
  const key = manifestKey(MODELS, id);
  const history = kept.get(key);
  const identified = (entries: Entry[]) => entries.map(({ versionId }) => ({ Key: key, VersionId: versionId }));
  const discards: Entry[] = [];
  for (const object of history?.objects ?? []) {
    const text = (await readVersion(store, key, object.versionId))?.toString();
    if (isDiscarding(text ?? '')) {
      if (object === history!.latest) throw new CommandError(`${name} is being discarded, or was and not to its end: wait, or finish that with publish --discard-unpublished`);
      discards.push(object);
      continue;
    }
    if (object === history!.latest) return undefined;
    if (text === undefined) throw new CommandError(`the removed manifest of ${name} can't be read: take a role that may undo, such as that of a ModelPruner with undo`);
    const markers = markersAbove(history!, object);
    const removedAt = markers.map(({ lastModified }) => lastModified).reduce((first, time) => time < first ? time : first);
    return { checksums: parse(text, name), removedAt, markers: identified(markers), discards: identified(discards) };
  }
  throw new CommandError(`nothing is left of ${name}: it was never published to ${store.url('')}, or the bucket keeps superseded versions no longer than that; publish it again`);
}

function parse(text: string, name: string): ModelChecksums {
  try {
    return ModelChecksums.parse(text);
  } catch (error) {
    throw new CommandError(`what was removed last under ${name} was no published version: ${(error as Error).message}`);
  }
}

function newest(kept: Map<string, History>, key: string): Entry | undefined {
  return kept.get(key)?.objects[0];
}

/** Whether S3 vouches for the bytes of an object. A role that prunes may not read weights, nor ask for their checksums: then nothing is known. */
async function holds(store: Store, key: string, { versionId }: Entry, sha256: string): Promise<boolean> {
  try {
    const head = await store.client.send(new HeadObjectCommand({ Bucket: store.bucket, Key: key, VersionId: versionId, ChecksumMode: 'ENABLED' }));
    return head.ChecksumSHA256 === Buffer.from(sha256, 'hex').toString('base64');
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes the markers of removals, never an object: what they hid is there again. */
async function uncover(store: Store, keys: string[], kept: Map<string, History>) {
  await deleteObjects(store, keys.flatMap(key => {
    const { latest, objects, markers } = kept.get(key)!;
    return latest.marker ? markersAbove({ latest, objects, markers }, objects[0]).map(({ versionId }) => ({ Key: key, VersionId: versionId })) : [];
  }));
}
