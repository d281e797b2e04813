import { KubernetesObject } from '../static/manifest';
import { containersOf } from '../static/pods';

/** How a model comes to a pod. */
export type Shape = 'modelcar' | 'image volume with subPath' | 'initializer' | 'claim' | 'ours';

const RUNTIME = 'kserve-container';

/** What a pod shows of it. Throws where it shows several ways, or one that is half there. */
export function shapeOf(pod: KubernetesObject): Shape {
  const names: string[] = containersOf(pod).map(({ name }) => name);
  const runtime = pod.spec.containers.find(({ name }: any) => name === RUNTIME);
  const mounts: any[] = runtime.volumeMounts ?? [];
  const volumeOf = ({ name }: any) => pod.spec.volumes.find((volume: any) => volume.name === name);
  const found: Shape[] = [];
  if (names.some(name => /^modelcar(-\d+)?$/.test(name))) found.push('modelcar');
  if (mounts.some(mount => volumeOf(mount).image && mount.subPath === 'models')) found.push('image volume with subPath');
  if (containersOf(pod).some(({ name, image }) => name === 'storage-initializer' && image.startsWith('default-storage-init'))) found.push('initializer');
  if (mounts.some(mount => volumeOf(mount).persistentVolumeClaim)) found.push('claim');
  if (mounts.some(mount => /^model-iris/.test(mount.name))) found.push('ours');
  if (found.length !== 1) throw new Error(`the pod has its model by ${found.join(' and ') || 'nothing'}: ${names.join(', ')}`);
  return found[0];
}

/** Throws where KServe changed what we put into the predictor, or added to it. */
export function checkOurs(pod: KubernetesObject, service: KubernetesObject): void {
  const { predictor } = service.spec;
  const { model, annotations, initContainers = [], volumes = [], shareProcessNamespace } = predictor;
  const same = (what: string, ours: unknown, made: unknown) => {
    if (sorted(ours) !== sorted(made)) throw new Error(`${what} of the pod differ from the service's: ${sorted(made).slice(0, 500)}`);
  };
  const runtime = pod.spec.containers.find(({ name }: any) => name === RUNTIME);
  same('init containers', initContainers.map(withoutDefaults), (pod.spec.initContainers ?? []).map(withoutDefaults));
  same('volumes', volumes, pod.spec.volumes);
  same('mounts', model.volumeMounts, runtime.volumeMounts);
  same('process namespace', shareProcessNamespace, pod.spec.shareProcessNamespace);
  same('containers', [RUNTIME], pod.spec.containers.map(({ name }: any) => name));
  for (const [key, value] of Object.entries(annotations)) same(`annotation ${key}`, value, pod.metadata.annotations?.[key]);
  if (!String(runtime.args[0]).startsWith('--model_name=')) throw new Error(`the arguments of the runtime are gone: ${runtime.args.join(' ')}`);
}

/** The API server fills these in, and so does the type that KServe reads a service by. */
function withoutDefaults({ resources, ...container }: any): any {
  return resources === undefined || Object.keys(resources).length === 0 ? container : { ...container, resources };
}

function sorted(value: any): string {
  return JSON.stringify(value, (_, each) => each !== null && typeof each === 'object' && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort()) : each) ?? 'nothing';
}
