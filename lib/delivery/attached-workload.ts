import type { ApiObject } from 'cdk8s';
import { totalWindow } from './bind-models';
import { totalSize } from './limits';
import { PodParts } from './pod-parts';
import { mergePodParts } from './pod-template';
import { WorkloadIdentity } from '../access';
import { resourcesPlus, totalRequests } from '../private/container-resources';

/** Where the objects that have pods keep the template of these, by API group and kind. */
const TEMPLATES: Record<string, string[]> = {
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  'core/Pod': [],
};

/**
 * Kinds that models can be attached to.
 * @internal
 */
export const WORKLOADS = Object.keys(TEMPLATES).map(type => type.split('/')[1]);

/** Kubernetes gives a Deployment ten minutes to progress: `progressDeadlineSeconds`, where it is left out. */
const PROGRESS_DEADLINE = 600;

/** @internal */
export interface Attached {
  readonly identity?: WorkloadIdentity;
  readonly containers?: string[];
  readonly bind: (containers: string[], requests: Record<string, string>) => PodParts[];
}

/** @internal */
export function hasPodTemplate({ apiGroup, kind }: ApiObject): boolean {
  return `${apiGroup}/${kind}` in TEMPLATES;
}

/** @internal */
export function podSpecOf(object: any): any {
  return [...templateOf(object), 'spec'].reduce((value, key) => value?.[key], object);
}

/**
 * An object as it was rendered, and the models in its pods.
 *
 * @throws where the pods can't have them so
 * @internal
 */
export function withModels(object: any, attached: Attached): any {
  const namespace = object.metadata?.namespace;
  if (attached.identity && namespace !== undefined && namespace !== attached.identity.namespace) {
    throw new Error(`the workload is in namespace '${namespace}', and its identity in '${attached.identity.namespace}': pass an identity of the workload's namespace`);
  }
  let window = 0;
  const result = changed(object, templateOf(object), (template) => {
    const readers = readersOf(template.spec?.containers ?? [], attached.containers);
    // The disk that models take is not part of what the application asked for: it is added to that.
    const { 'ephemeral-storage': _, ...requests } = totalRequests(template.spec.containers);
    const parts = attached.bind(readers, requests);
    window = totalWindow(parts).toSeconds();
    const merged = parts.reduce((pod, part) => mergePodParts(pod, part, readers), template);
    const containers = withRoom(merged.spec.containers, readers[0], parts);
    return { ...merged, spec: { ...merged.spec, ...serviceAccountOf(merged.spec, attached.identity), containers } };
  });
  if (object.kind !== 'Deployment') return result;
  return { ...result, spec: { ...result.spec, progressDeadlineSeconds: (result.spec.progressDeadlineSeconds ?? PROGRESS_DEADLINE) + window } };
}

function templateOf({ apiVersion, kind }: any): string[] {
  return TEMPLATES[`${apiVersion.includes('/') ? apiVersion.split('/')[0] : 'core'}/${kind}`];
}

function changed(value: any, path: string[], change: (value: any) => any): any {
  if (path.length === 0) return change(value ?? {});
  const [key, ...rest] = path;
  return { ...value, [key]: changed(value?.[key], rest, change) };
}

function readersOf(containers: any[], wanted?: string[]): string[] {
  const names: string[] = containers.map(container => container.name);
  if (names.length === 0) throw new Error('the workload has no container that could read a model: add one');
  const unknown = wanted?.find(name => !names.includes(name));
  if (unknown !== undefined) throw new Error(`container '${unknown}' is not in the workload, which has ${names.join(', ')}: name one of these`);
  return wanted ?? names;
}

function serviceAccountOf(spec: any, identity?: WorkloadIdentity): any {
  const present = spec.serviceAccountName ?? spec.serviceAccount;
  if (identity === undefined || present === identity.serviceAccount) return {};
  if (present !== undefined) {
    throw new Error(`the workload has service account '${present}', and its identity is '${identity.serviceAccount}': pass the identity of the workload's service account, or remove that`);
  }
  return { serviceAccountName: identity.serviceAccount };
}

/** Disk and memory that models take are taken as long as the pod lives: the first that reads them asks for it. */
function withRoom(containers: any[], reader: string, parts: PodParts[]): any[] {
  const more = {
    'memory': totalSize(parts.map(part => part.memory)),
    'ephemeral-storage': totalSize(parts.map(part => part.ephemeralStorage)),
  };
  if (Object.values(more).every(size => size.toBytes() === 0)) return containers;
  return containers.map(container => container.name === reader ? { ...container, resources: resourcesPlus(container.resources, more) } : container);
}
