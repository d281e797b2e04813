import { undeclaredNames } from './cel';
import { KubernetesObject, titleOf } from './manifest';
import { containersOf, podsOf } from './pods';

/** What an object is judged with. */
export interface Surroundings {
  /** All objects that are applied together, itself included. */
  readonly objects: KubernetesObject[];
  /** Names of all fields of the kinds that it matches, if it is an admission policy. */
  readonly fields: ReadonlySet<string>;
}

/** Something that a server lets through and nobody means: what is wrong in an object, and how it is mended. */
type Rule = (object: KubernetesObject, surroundings: Surroundings) => string[];

/** What the server lets through. */
export const RULES: Record<string, Rule> = {
  'a container restarts always': object => podsOf(object).flatMap(containersOf)
    .filter(({ restartPolicy }) => (restartPolicy ?? 'Always') !== 'Always')
    .map(({ name, restartPolicy }) => `container ${name} has the restartPolicy ${restartPolicy}: as an init container it is no sidecar then; say Always, or nothing`),

  'an image volume has an image': object => nodes(object)
    .filter(({ name, image }) => name !== undefined && typeof image === 'object' && image !== null && !image.reference)
    .map(({ name }) => `volume ${name} has no image reference: no pod of it starts; name an image`),

  'skip-containers names containers of the pod': object => podsOf(object).flatMap(pod => {
    const names = containersOf(pod).map(({ name }) => name);
    return (pod.metadata.annotations?.['eks.amazonaws.com/skip-containers'] ?? '').split(',').filter(name => name !== '' && !names.includes(name.trim()))
      .map(name => `eks.amazonaws.com/skip-containers names ${name}, which is no container of the pod: one that it means gets credentials; name one of ${names.join(', ')}`);
  }),

  'the application can\'t write its model': object => podsOf(object).flatMap(pod => pod.spec.containers.flatMap((container: any) => (container.volumeMounts ?? [])
    .filter((mount: any) => modelVolumes(pod).has(mount.name) && mount.readOnly !== true)
    .map((mount: any) => `container ${container.name} can write the volume ${mount.name}, which an init container fills with a model: mount it with readOnly: true`))),

  'a Service selects a pod': (object, { objects }) => {
    if (object.kind !== 'Service' || !object.spec.selector) return [];
    // Controllers add labels of their own domain to their pods.
    const selector = Object.entries(object.spec.selector).filter(([key]) => !key.startsWith('leaderworkerset.sigs.k8s.io/'));
    const pods = objects.flatMap(podsOf).filter(pod => pod.metadata.namespace === object.metadata.namespace);
    const selected = pods.filter(({ metadata }) => selector.every(([key, value]) => metadata.labels?.[key] === value));
    return selected.length > 0 ? [] : [`it selects ${JSON.stringify(object.spec.selector)}, which no pod of what is applied with it has: give them the same labels`];
  },

  'a route leads to a Service and its port': (object, { objects }) => object.kind !== 'HTTPRoute' ? [] : nodes(object.spec.rules)
    .flatMap(({ backendRefs }) => Array.isArray(backendRefs) ? backendRefs : [])
    .filter(({ kind = 'Service', name, port }) => kind === 'Service' && !objects.some(each => each.kind === 'Service' && each.metadata.name === name
      && each.metadata.namespace === object.metadata.namespace && each.spec.ports.some((open: any) => open.port === port)))
    .map(({ name, port }) => `no Service ${name} with the port ${port} is applied with it: the gateway answers 500; name one that is`),

  'a policy names fields that there are': (object, { fields }) => object.kind !== 'ValidatingAdmissionPolicy' ? [] : celOf(object.spec)
    .flatMap(expression => undeclaredNames(expression, fields).map(name => `no object that the policy matches has a field ${name}, and a server finds that out when it is too late: '${expression}'`)),

  'Trident finds the namespaces that a claim is shared with': object => {
    const namespaces = object.metadata.annotations?.['trident.netapp.io/shareToNamespace'];
    return namespaces === undefined || !/\s/.test(namespaces) ? [] : [`trident.netapp.io/shareToNamespace is '${namespaces}': Trident compares names with their spaces; join them by a comma alone`];
  },

  'Trident finds one reference for a claim': (object, { objects }) => object.kind !== 'TridentVolumeReference' ? [] : objects
    .filter(other => other.kind === object.kind && other.metadata.namespace === object.metadata.namespace)
    .filter(other => other.metadata.name !== object.metadata.name)
    .filter(({ spec }) => spec.pvcName === object.spec.pvcName && spec.pvcNamespace === object.spec.pvcNamespace)
    .map(other => `${titleOf(other)} is for the same claim: Trident then refuses to share it; leave one`),
};

/** What the rules find in an object. */
export function findings(object: KubernetesObject, surroundings: Surroundings): string[] {
  return Object.values(RULES).flatMap(rule => rule(object, surroundings));
}

/** Every object and list element below a value, itself included. */
function nodes(value: any): any[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(nodes)];
}

/** Volumes that an init container fills, by the names that our deliveries give them. */
function modelVolumes(pod: KubernetesObject): Set<string> {
  return new Set((pod.spec.initContainers ?? []).flatMap((container: any) => container.volumeMounts ?? [])
    .filter((mount: any) => mount.readOnly !== true && /^model-(?!download-)/.test(mount.name))
    .map((mount: any) => mount.name));
}

function celOf({ variables = [], validations = [], matchConditions = [] }: any): string[] {
  return [...variables, ...validations, ...matchConditions]
    .flatMap(({ expression, messageExpression }) => [expression, messageExpression]).filter(expression => expression !== undefined);
}
