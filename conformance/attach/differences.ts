/** What one object has otherwise than another. */
export interface Difference {
  /** Keys with dots between; an item of a list by what tells it apart, such as its name, in brackets. */
  readonly path: string;
  /** Undefined where it came. */
  readonly before?: unknown;
  /** Undefined where it went. */
  readonly after?: unknown;
}

/**
 * Everything in which two objects differ. What came is told by its leaves, but an item of a list as a whole; a list whose items kept their order and have
 * others between them differs in those alone.
 */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (Array.isArray(before ?? after) && Array.isArray(after)) return ofLists((before ?? []) as unknown[], after, path);
  if (isObject(before ?? after) && isObject(after)) {
    const [old, young] = [(before ?? {}) as Record<string, unknown>, after];
    if (Object.keys(young).length === 0 && before === undefined) return [{ path, before, after }];
    return [...new Set([...Object.keys(old), ...Object.keys(young)])].flatMap(key => differences(old[key], young[key], path === '' ? key : `${path}.${key}`));
  }
  return (before ?? undefined) === (after ?? undefined) ? [] : [{ path, before, after }];
}

function ofLists(before: unknown[], after: unknown[], path: string): Difference[] {
  const found: Difference[] = [];
  let next = 0;
  for (const item of after) {
    const label = `${path}[${labelOf(item)}]`;
    if (next < before.length && labelOf(before[next]) === labelOf(item)) found.push(...differences(before[next++], item, label));
    else found.push({ path: label, after: item });
  }
  return [...found, ...before.slice(next).map(item => ({ path: `${path}[${labelOf(item)}]`, before: item }))];
}

/** What Kubernetes tells items of the lists by that deliveries add to; others by all that they are. */
export function labelOf(item: unknown): string {
  const { mountPath, name, groupName } = (item ?? {}) as Record<string, unknown>;
  return String(mountPath ?? name ?? groupName ?? JSON.stringify(item));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
