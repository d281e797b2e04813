import { sameValue } from './same-value';

/**
 * For each item of the new list the index of the old item that it continues, -1 for none; ascending. Objects continue those of the same mount path or
 * name, so that one put in front changes none of the others.
 * @internal
 */
export function matchItems(before: any[], after: any[]): number[] {
  const [old, wanted] = identities(before, after);
  // lengths of the longest common subsequences of what follows each pair of places
  const lengths = Array.from({ length: old.length + 1 }, () => new Uint32Array(wanted.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = wanted.length - 1; j >= 0; j--) {
      lengths[i][j] = old[i] === wanted[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const matches: number[] = [];
  let i = 0;
  for (let j = 0; j < wanted.length; j++) {
    while (i < old.length && old[i] !== wanted[j] && lengths[i + 1][j] >= lengths[i][j + 1] && lengths[i][j] > 0) i++;
    matches.push(i < old.length && old[i] === wanted[j] ? i++ : -1);
  }
  return replacements(before, after, matches);
}

/** Between two items that stay, as many new ones as old ones are the old ones changed; of other numbers the scalars are. */
function replacements(before: any[], after: any[], matches: number[]): number[] {
  const result = [...matches];
  let old = 0;
  for (let start = 0; start <= matches.length; start++) {
    let end = start;
    while (end < matches.length && matches[end] < 0) end++;
    const next = matches[end] ?? before.length;
    const alike = end - start === next - old;
    for (let index = start; index < end && old < next; index++, old++) {
      if (!alike && !(isScalar(before[old]) && isScalar(after[index]))) break;
      result[index] = old;
    }
    old = next + 1;
    start = end;
  }
  return result;
}

function identities(before: any[], after: any[]): [string[], string[]] {
  for (const key of ['mountPath', 'name']) {
    const lists = [before, after].map(list => list.map(item => item?.[key]));
    if (lists.every(list => list.every(text => typeof text === 'string') && new Set(list).size === list.length)) return lists as [string[], string[]];
  }
  const known: any[] = [];
  const numbers = [before, after].map(list => list.map(item => {
    const index = known.findIndex(other => sameValue(other, item));
    return String(index >= 0 ? index : known.push(item) - 1);
  }));
  return numbers as [string[], string[]];
}

function isScalar(value: any): boolean {
  return value === null || typeof value !== 'object';
}
