/**
 * The specs of every pod that an object makes: a Pod's own, and those of pod templates, by whatever kind and however deep, as in a CronJob.
 * @internal
 */
export function podSpecsIn(value: any, key = ''): any[] {
  if (Array.isArray(value)) return value.flatMap(item => podSpecsIn(item));
  if (value === null || typeof value !== 'object') return [];
  if ((value.kind === 'Pod' || /template$/i.test(key)) && Array.isArray(value.spec?.containers)) return [value.spec];
  return Object.entries(value).flatMap(([name, item]) => podSpecsIn(item, name));
}
