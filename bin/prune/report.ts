import type { Catalog, StoredVersion } from './catalog';
import type { Decision } from './plan';
import { displayName } from '../../lib/model/layout';
import { lockKey } from '../../lib/model/models-lock';
import { bytes } from '../cli/output';

const MAX_REASONS = 3;
const MAX_KEYS = 5;

/** Each model with its versions, the newest first, and why they stay; then what is no published version. */
export function planLines(decisions: Array<Decision<StoredVersion>>, { unpublished, unknown }: Catalog): string[] {
  const lines: string[] = [];
  const newestFirst = [...decisions].sort((a, b) => b.version.publishedAt.getTime() - a.version.publishedAt.getTime());
  for (const model of new Set(decisions.map(({ version }) => lockKey(version.id)))) {
    lines.push(model);
    for (const { version, reasons } of newestFirst.filter(decision => lockKey(decision.version.id) === model)) {
      const state = version.halfRemoved ? 'half removed, ' : '';
      lines.push(`  ${reasons.length === 0 ? 'remove' : 'keep  '}  ${version.id.version}  ${bytes(version.stored.bytes)}  ${state}published ${day(version.publishedAt)}${reasonsOf(reasons)}`);
    }
  }
  for (const { id, objects, bytes: size, newest } of unpublished) {
    lines.push(`not published: ${displayName(id)}, ${objects} objects, ${bytes(size)}, the newest of ${day(newest)}: left alone; 'publish … --discard-unpublished' clears it`);
  }
  if (unknown.length > 0) {
    lines.push(`not laid out as versions are, left alone: ${unknown.slice(0, MAX_KEYS).join(', ')}${unknown.length > MAX_KEYS ? ` and ${unknown.length - MAX_KEYS} more` : ''}`);
  }
  return lines;
}

/** The same for machines. */
export function planFields(decisions: Array<Decision<StoredVersion>>, { unpublished, unknown }: Catalog) {
  return {
    versions: decisions.map(({ version: { id, digest, publishedAt, halfRemoved, stored }, reasons }) => ({
      ...id, digest, publishedAt: publishedAt.toISOString(), bytes: stored.bytes, objects: stored.objects, halfRemoved, decision: reasons.length === 0 ? 'remove' : 'keep', reasons,
    })),
    unpublished: unpublished.map(({ id, objects, bytes: size, newest }) => ({ ...id, objects, bytes: size, newest: newest.toISOString() })),
    unknown,
  };
}

function reasonsOf(reasons: string[]): string {
  return reasons.length === 0 ? '' : `: ${reasons.slice(0, MAX_REASONS).join(', ')}${reasons.length > MAX_REASONS ? ', and more' : ''}`;
}

function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}
