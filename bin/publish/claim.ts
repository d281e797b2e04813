import { randomUUID } from 'node:crypto';
import { putText } from './objects';
import { displayName, manifestKey, ModelId, PUBLISHING } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';
import type { SmallObject, Store } from '../cli/store';

/** A claim that holds for what is published. */
export interface Claim {
  /** Tells it from one of the same content that is made after it was cleared. */
  readonly identity: string;
  /** Whether it was there before: by an attempt that did not end, or one that goes on beside this. */
  readonly resuming: boolean;
}

/**
 * Claims a version for this content: stores the manifest that it is going to have. The first to do so is the one that publishes it.
 *
 * @throws where it is claimed for other content
 */
export async function claim(store: Store, id: ModelId, checksums: ModelChecksums): Promise<Claim> {
  const key = manifestKey(PUBLISHING, id);
  const attempt = randomUUID();
  const before = await store.get(key);
  if (before === undefined) await putText(store, key, checksums.text, { attempt });
  const there = before ?? await store.get(key);
  if (there === undefined) throw new CommandError(`${store.url(key)} was deleted as soon as it was written, or these credentials may not read it`);
  if (there.content.toString() === checksums.text) return { identity: identityOf(there), resuming: there.metadata.attempt !== attempt };
  throw new CommandError(
    `${displayName(id)} is being published with other content, or was and never got to its end: ${store.url(key)} was left ${there.lastModified.toISOString()}, ${firstDifferences(there.content.toString(), checksums.text)}; `
    + 'publish under another version, or clear what was left with --discard-unpublished, when nobody publishes it any more',
  );
}

/** @throws where the claim is gone, or another one: somebody cleared the version while its files came */
export async function checkClaim(store: Store, id: ModelId, { identity }: Claim): Promise<void> {
  const there = await store.get(manifestKey(PUBLISHING, id));
  if (there !== undefined && identityOf(there) === identity) return;
  throw new CommandError(`${displayName(id)} was cleared by another one while its files were sent: publish again`);
}

/** What the shell writes has no attempt, and is told by its time. */
function identityOf({ metadata, etag, lastModified }: SmallObject): string {
  return [metadata.attempt, etag, lastModified.toISOString()].join(' ');
}

/** Which paths two manifests don't agree on, in a few words. */
export function firstDifferences(there: string, ours: string): string {
  const damage = damageOf(there);
  if (damage !== undefined) return `what is there is no manifest (${damage}), so have it looked at`;
  const [theirs, mine] = [hashesByPath(there), hashesByPath(ours)];
  const differences = [...new Set([...theirs.keys(), ...mine.keys()])].sort().filter(path => theirs.get(path) !== mine.get(path))
    .map(path => `'${path}' ${!mine.has(path) ? 'is only there' : !theirs.has(path) ? 'is not there' : 'has other bytes there'}`);
  return `${differences.slice(0, 3).join(', ')}${differences.length > 3 ? `, and ${differences.length - 3} more` : ''}`;
}

function damageOf(manifest: string): string | undefined {
  try {
    ModelChecksums.parse(manifest);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function hashesByPath(manifest: string): Map<string, string> {
  return new Map(manifest.split('\n').filter(line => line !== '').map(line => [line.slice(66), line.slice(0, 64)]));
}
