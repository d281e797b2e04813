/** A place in an object: keys, and indexes of lists. */
export type Place = ReadonlyArray<string | number>;

/**
 * Where objects keep the templates of their pods, by API group and kind; a path that may be missing ends in `?`. Read in
 * https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/, https://argo-rollouts.readthedocs.io/en/stable/features/specification/,
 * https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1/ and https://ray-project.github.io/kuberay/reference/api/.
 */
const KNOWN: Record<string, string[]> = {
  'apps/Deployment': ['spec.template'],
  'apps/StatefulSet': ['spec.template'],
  'apps/DaemonSet': ['spec.template'],
  'apps/ReplicaSet': ['spec.template'],
  'batch/Job': ['spec.template'],
  'batch/CronJob': ['spec.jobTemplate.spec.template'],
  'core/Pod': [''],
  'argoproj.io/Rollout': ['spec.template'],
  'leaderworkerset.x-k8s.io/LeaderWorkerSet': ['spec.leaderWorkerTemplate.leaderTemplate?', 'spec.leaderWorkerTemplate.workerTemplate'],
  'ray.io/RayCluster': rayPaths('spec'),
  'ray.io/RayJob': rayPaths('spec.rayClusterSpec'),
  'ray.io/RayService': rayPaths('spec.rayClusterConfig'),
};

const PATH = /^[A-Za-z][-\w]*(\[\*\])?(\.[A-Za-z][-\w]*(\[\*\])?)*$/;

/**
 * Kinds whose pod templates are known.
 * @internal
 */
export const WORKLOADS = Object.keys(KNOWN).map(type => type.split('/')[1]);

/**
 * The paths to the pod templates of objects of a type; undefined where they are not known.
 * @internal
 */
export function knownPaths({ apiVersion, kind }: { apiVersion: string; kind: string }): string[] | undefined {
  return KNOWN[`${apiVersion.includes('/') ? apiVersion.split('/')[0] : 'core'}/${kind}`];
}

/**
 * @throws where it is no path
 * @internal
 */
export function checkPath(path: string): string {
  if (PATH.test(path)) return path;
  throw new Error(`path '${path}' to a pod template is not valid: give keys with dots between, and [*] for every item of a list, such as 'spec.workerGroupSpecs[*].template'`);
}

/**
 * The pod templates that an object has at these paths, in their order.
 *
 * @throws where a path leads to none
 * @internal
 */
export function templatePlaces(object: any, paths: string[]): Place[] {
  const places = paths.flatMap(path => {
    const found = walk(object, keysOf(path)).filter(place => isTemplate(valueAt(object, place)));
    if (found.length === 0 && !path.endsWith('?')) throw new Error(missing(object, path));
    return found;
  });
  const twice = places.find((place, index) => places.findIndex(other => other.join('.') === place.join('.')) !== index);
  if (twice) throw new Error(`two of the paths ${paths.join(', ')} lead to the pod template at ${twice.join('.')}: name it once`);
  return places;
}

/**
 * An object in which what is at a place is another.
 * @internal
 */
export function changedAt(value: any, [key, ...rest]: Place, change: (value: any) => any): any {
  if (key === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, index) => index === key ? changedAt(item, rest, change) : item);
  return { ...value, [key]: changedAt(value[key], rest, change) };
}

/** @internal */
export function valueAt(object: any, place: Place): any {
  return place.reduce((value, key) => value?.[key], object);
}

function rayPaths(cluster: string): string[] {
  return [`${cluster}.headGroupSpec.template`, `${cluster}.workerGroupSpecs[*].template?`];
}

function keysOf(path: string): string[] {
  return path.replace(/\?$/, '').replaceAll('[*]', '.*').split('.').filter(key => key !== '');
}

function walk(value: any, [key, ...rest]: string[], at: Place = []): Place[] {
  if (key === undefined) return [at];
  if (key === '*') return Array.isArray(value) ? value.flatMap((item, index) => walk(item, rest, [...at, index])) : [];
  return value !== null && typeof value === 'object' && !Array.isArray(value) && key in value ? walk(value[key], rest, [...at, key]) : [];
}

function isTemplate(value: any): boolean {
  return Array.isArray(value?.spec?.containers) && value.spec.containers.length > 0;
}

function missing(object: any, path: string): string {
  const { name } = object.spec?.workloadRef ?? {};
  if (object.kind === 'Rollout' && name !== undefined) {
    return `it takes its pods from ${object.spec.workloadRef.kind} '${name}', spec.workloadRef: attach the model to that`;
  }
  return path === '' ? 'the pod has no container that could read a model: add one'
    : `there is no pod template with a container at '${path.replace(/\?$/, '')}': add one, or name the path where it is`;
}
