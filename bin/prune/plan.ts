import type { References } from './references';
import { ModelId, versionPrefix } from '../../lib/model/layout';

/** A version as far as its fate depends on it. */
export interface Version {
  readonly id: ModelId;
  /** When its manifest was stored. */
  readonly publishedAt: Date;
  /** `sha256:` and the SHA-256 of its manifest; undefined where that can't be read. */
  readonly digest?: string;
  /** Whether its manifest is removed already, and the rest is not. */
  readonly halfRemoved: boolean;
}

export interface Rules {
  /** How many of the newest versions of each model stay. */
  readonly keep: number;
  readonly minimumAgeMs: number;
  readonly now: Date;
}

/** Why a version stays; nothing where it may go. */
export interface Decision<T extends Version> {
  readonly version: T;
  readonly reasons: string[];
}

const DAY_MS = 86_400_000;

/**
 * Decides which versions may go: those that nothing references, that are not among the newest of their model, and that are old enough. What can't be
 * read stays, and does not count among the newest. A version whose removal was begun was decided on then: only a reference that is new keeps it.
 */
export function plan<T extends Version>(versions: T[], references: References, rules: Rules): Array<Decision<T>> {
  const times = new Map<string, Date[]>();
  for (const { id, digest, publishedAt, halfRemoved } of versions) {
    if (!halfRemoved && digest !== undefined) times.set(modelOf(id), [...times.get(modelOf(id)) ?? [], publishedAt]);
  }
  return versions.map(version => {
    const reasons = references.of(version).map(label => `named by ${label}`);
    if (version.digest === undefined) reasons.push('its manifest can\'t be read, so nobody knows who references it');
    if (!version.halfRemoved) {
      // Versions of the same second are equally new.
      const newer = (times.get(modelOf(version.id)) ?? []).filter(time => time > version.publishedAt).length;
      if (newer < rules.keep) reasons.push(rules.keep === 1 ? 'newest of its model' : `among the ${rules.keep} newest of its model`);
      const age = rules.now.getTime() - version.publishedAt.getTime();
      if (age < rules.minimumAgeMs) reasons.push(`published ${Math.max(0, Math.floor(age / DAY_MS))} days ago`);
    }
    return { version, reasons };
  });
}

function modelOf(id: ModelId): string {
  return versionPrefix('', { ...id, version: '' });
}
