/**
 * The specs of every pod that an object makes: a Pod's own, those of pod templates, by whatever kind and however deep, as in a CronJob, and the predictor
 * of an InferenceService, which is one whose container is called `model`.
 * @internal
 */
export function podSpecsIn(value: any, key = ''): any[] {
  if (Array.isArray(value)) return value.flatMap(item => podSpecsIn(item));
  if (value === null || typeof value !== 'object') return [];
  if ((value.kind === 'Pod' || /template$/i.test(key)) && Array.isArray(value.spec?.containers)) return [value.spec];
  if (key === 'predictor' && value.model !== undefined) return [value];
  return Object.entries(value).flatMap(([name, item]) => podSpecsIn(item, name));
}
