import { sameValue } from '../private/same-value';

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

/** A scalar that gave way to another in its place counts as changed, not as removed and added. */
function replacements(before: any[], after: any[], matches: number[]): number[] {
  let next = 0;
  return matches.map((match, index) => {
    if (match >= 0) {
      next = match + 1;
      return match;
    }
    const limit = matches.slice(index).find(later => later >= 0) ?? before.length;
    return next < limit && isScalar(before[next]) && isScalar(after[index]) ? next++ : -1;
  });
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
