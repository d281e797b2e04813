import { ROOTS } from './catalog';
import { deleteObjects, histories, History, manifestKey, readVersion } from './versions';
import { displayName, ModelId, MODELS, versionPrefix } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { sha256 } from '../../lib/private/sha256';
import { Call, CommandError } from '../cli/command';
import type { Store } from '../cli/store';

/**
 * Brings a removed version back by removing the markers of its removal, that of its manifest last.
 *
 * @throws where something of it is gone for good, or its name was used again; nothing is changed then
 */
export async function undo(store: Store, id: ModelId, { output }: Call) {
  const name = displayName(id);
  const kept = new Map<string, History>();
  for (const root of ROOTS) for (const [key, history] of await histories(store, versionPrefix(root, id))) kept.set(key, history);

  const key = manifestKey(MODELS, id);
  const manifest = kept.get(key);
  const removed = manifest?.latest;
  if (manifest?.object === undefined) {
    throw new CommandError(`nothing is left of ${name}: it was never published to ${store.url('')}, or the bucket keeps superseded versions no longer than that; publish it again`);
  }
  if (!removed!.marker) {
    return output.result({ ...id, undone: false }, [`${name} is published: there is nothing to undo`]);
  }
  const again = [...kept].find(([, { latest }]) => !latest.marker && latest.lastModified > removed!.lastModified);
  if (again) throw new CommandError(`${store.url(again[0])} was stored after ${name} was removed: somebody publishes the version again, and what they store is left alone`);

  const text = await readVersion(store, key, manifest.object.versionId);
  if (text === undefined) throw new CommandError(`the removed manifest of ${name} can't be read: take a role that may undo, such as that of a ModelPruner with undo`);
  const { entries } = parse(text.toString(), name);
  const digest = `sha256:${sha256(text.toString())}`;
  const files = new Set(entries.map(({ path }) => `${versionPrefix(MODELS, id)}${path}`));
  const gone = [...files].filter(file => kept.get(file)?.object === undefined);
  if (gone.length > 0) {
    throw new CommandError(`${name} can't be brought back: ${gone.length} of its ${files.size} files are gone for good, such as ${store.url(gone[0])}; publish it again`);
  }

  // A claim or a signature that went before the manifest did was no part of it.
  const others = [...kept].filter(([other, { latest }]) => !other.startsWith(MODELS) && latest.lastModified >= removed!.lastModified);
  await uncover(store, [...others, ...[...files].map(file => [file, kept.get(file)!] as const)]);
  const there = await histories(store, versionPrefix(MODELS, id));
  const missing = [...files].find(file => there.get(file)?.latest.marker !== false);
  if (missing !== undefined) throw new CommandError(`${store.url(missing)} is removed again: somebody else works on ${name}`);
  await uncover(store, [[key, manifest]]);
  output.result({ ...id, digest, undone: true }, [
    `${name} is published again, ${entries.length - 1} files`,
    `digest ${digest}`,
    'the next prune offers it again, unless something references it: name it in a lock file',
  ]);
}

function parse(text: string, name: string): ModelChecksums {
  try {
    return ModelChecksums.parse(text);
  } catch (error) {
    throw new CommandError(`what was removed last under ${name} was no published version: ${(error as Error).message}`);
  }
}

/** Removes the markers of removals, never an object: what they hid is there again. */
async function uncover(store: Store, objects: Array<readonly [string, History]>) {
  await deleteObjects(store, objects.flatMap(([Key, { markers }]) => markers.map(({ versionId }) => ({ Key, VersionId: versionId }))));
}
