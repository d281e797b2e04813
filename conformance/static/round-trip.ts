import { numberOf } from '../quantity';

/**
 * Fields that the server drops where they hold the value that they have without it: to leave them out is to say the same.
 * Any other field that is missing from what comes back was lost, also a `false`, an empty text or an empty object.
 */
const SAME_AS_ABSENT: Record<string, unknown> = { readOnly: false, hostNetwork: false, hostPID: false, hostIPC: false, stdin: false, tty: false, value: '', weight: 0 };
const MAPS = ['annotations', 'labels', 'nodeSelector', 'limits', 'requests', 'matchLabels', 'data'];
const QUANTITY = /\.(limits|requests|capacity)\.|\.(sizeLimit|divisor)$/;

/** What of an object that was sent did not come back as it was: `<path>: <what became of it>`. What the server adds is fine. */
export function differences(sent: unknown, back: unknown, path = ''): string[] {
  if (sent === null || sent === undefined) return [];
  if (Array.isArray(sent)) {
    if (!Array.isArray(back)) return sent.length === 0 && back === undefined ? [] : [lost(path, back)];
    return sent.flatMap((each, index) => differences(each, back[index], `${path}[${each?.name ?? index}]`));
  }
  if (typeof sent === 'object') {
    const emptyMap = Object.keys(sent).length === 0 && MAPS.includes(last(path));
    if (typeof back !== 'object' || back === null || Array.isArray(back)) return emptyMap ? [] : [lost(path, back)];
    return Object.entries(sent).flatMap(([key, value]) => differences(value, (back as Record<string, unknown>)[key], `${path}.${key}`));
  }
  if (sent === back || (back === undefined && SAME_AS_ABSENT[last(path)] === sent)) return [];
  if (back === undefined) return [lost(path, back)];
  return QUANTITY.test(path) && sameQuantity(sent, back) ? [] : [`${path}: ${JSON.stringify(sent)} came back as ${JSON.stringify(back)}`];
}

function lost(path: string, back: unknown): string {
  return back === undefined ? `${path}: lost` : `${path}: came back as ${JSON.stringify(back)}`;
}

function last(path: string): string {
  return path.split('.').pop()!;
}

function sameQuantity(one: unknown, other: unknown): boolean {
  const [a, b] = [one, other].map(numberOf);
  return a !== undefined && a === b;
}
