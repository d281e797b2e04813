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

const UNITS: Record<string, number> = {
  n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50,
};

function sameQuantity(one: unknown, other: unknown): boolean {
  const [a, b] = [one, other].map(quantity);
  return a !== undefined && a === b;
}

function quantity(value: unknown): number | undefined {
  const [, digits, unit] = /^([0-9.]+(?:e[0-9]+)?)([a-zA-Z]{0,2})$/.exec(String(value)) ?? [];
  return digits === undefined || (unit !== '' && !(unit in UNITS)) ? undefined : Number(digits) * (UNITS[unit] ?? 1);
}
