import { Size } from 'aws-cdk-lib';
import { withoutAttached, withRecord } from './attachment-record';
import { totalWindow } from './bind-models';
import { InitContainerPosition } from './init-container-position';
import { totalSize } from './limits';
import { MODELS_ANNOTATION } from './models-annotation';
import { checkClashes } from './pod-clashes';
import { PodParts } from './pod-parts';
import { mergePodParts } from './pod-template';
import { WorkloadIdentity } from '../access';
import { resourcesPlus, totalRequests } from '../private/container-resources';
import { changedAt, templatePlaces, valueAt } from './pod-template-paths';

/** These have ten minutes to progress, `progressDeadlineSeconds`, where it is left out. */
const PROGRESSING = ['Deployment', 'Rollout'];
const PROGRESS_DEADLINE = 600;

/** @internal */
export interface Attached {
  /** Paths to the pod templates. */
  readonly templates: string[];
  readonly identity?: WorkloadIdentity;
  readonly containers?: string[];
  readonly position?: InitContainerPosition;
  /** Whether the template says what was attached to it, so that it can be put in again. */
  readonly recorded?: boolean;
  readonly bind: (containers: string[], requests: Record<string, string>) => PodParts[];
  readonly warn: (id: string, text: string) => void;
}

/**
 * An object as it was rendered, and the models in its pods.
 *
 * @throws where the pods can't have them so
 * @internal
 */
export function withModels(object: any, attached: Attached): any {
  const namespace = object.metadata?.namespace ?? undefined;
  if (attached.identity && namespace !== undefined && namespace !== attached.identity.namespace) {
    throw new Error(`the workload is in namespace '${namespace}', and its identity in '${attached.identity.namespace}': pass an identity of the workload's namespace`);
  }
  const places = templatePlaces(object, attached.templates);
  checkContainers(places.flatMap(place => valueAt(object, place).spec.containers), attached.containers);
  let longer = 0;
  let earlier = 0;
  let result = object;
  for (const place of places) {
    result = changedAt(result, place, template => {
      const before = withoutAttached(template);
      const after = templateWithModels(before.template, object, attached);
      earlier = Math.max(earlier, before.seconds);
      longer = Math.max(longer, after.seconds);
      return after.template;
    });
  }
  if (!PROGRESSING.includes(object.kind) || longer === earlier) return result;
  const deadline = (object.spec.progressDeadlineSeconds ?? PROGRESS_DEADLINE + earlier) - earlier + longer;
  return { ...result, spec: { ...result.spec, progressDeadlineSeconds: deadline } };
}

function templateWithModels(template: any, object: any, attached: Attached): { template: any; seconds: number } {
  const present: any[] = template.spec.initContainers ?? [];
  if (template.metadata?.annotations?.[MODELS_ANNOTATION] !== undefined) {
    throw new Error(`the pods have models already, annotation '${MODELS_ANNOTATION}': '${template.metadata.annotations[MODELS_ANNOTATION]}': attach to the manifests as they were before`);
  }
  const names: string[] = template.spec.containers.map(({ name }: any) => name);
  const readers = (attached.containers ?? names).filter(name => names.includes(name));
  if (readers.length === 0) return { template, seconds: 0 };
  // The disk that models take is not part of what the application asked for: it is added to that.
  const { 'ephemeral-storage': _, ...requests } = totalRequests(template.spec.containers);
  const parts = attached.bind(readers, requests);
  const all = <T>(list: (part: PodParts) => T[] | undefined) => parts.flatMap(part => list(part) ?? []);
  const merged = parts.reduce((pod, part) => mergePodParts(pod, part, readers), { ...template, spec: { ...template.spec, initContainers: [] } });
  const initContainers = (attached.position ?? InitContainerPosition._DEFAULT)._inserted(present, merged.spec.initContainers ?? []);
  checkClashes({
    template,
    object,
    readers,
    initContainers: merged.spec.initContainers ?? [],
    order: initContainers.map(({ name }) => name),
    volumes: all(part => part.volumes),
    mountPaths: all(part => part.volumeMounts).map(({ mountPath }) => mountPath),
  }, attached.warn);
  const room = roomOf(parts);
  const result = {
    ...merged,
    spec: {
      ...merged.spec,
      ...serviceAccountOf(merged.spec, attached.identity),
      initContainers: initContainers.length > 0 ? initContainers : template.spec.initContainers,
      containers: withRoom(merged.spec.containers, readers[0], room),
    },
  };
  if (result.spec.initContainers === undefined) delete result.spec.initContainers;
  const seconds = totalWindow(parts).toSeconds();
  if (!attached.recorded) return { template: result, seconds };
  const bytes = Object.fromEntries(Object.entries(room).map(([name, size]) => [name, size.toBytes()]));
  return { template: withRecord(template, result, { container: readers[0], bytes, seconds }), seconds };
}

/** Each that is named must be in one of the pods. */
function checkContainers(containers: any[], wanted?: string[]) {
  const names: string[] = [...new Set(containers.map(({ name }) => name))];
  const unknown = wanted?.find(name => !names.includes(name));
  if (unknown !== undefined) throw new Error(`container '${unknown}' is not in the workload, which has ${names.join(', ')}: name one of these`);
}

function serviceAccountOf(spec: any, identity?: WorkloadIdentity): any {
  const present = spec.serviceAccountName ?? spec.serviceAccount ?? undefined;
  if (identity === undefined || present === identity.serviceAccount) return {};
  if (present !== undefined) {
    throw new Error(`the workload has service account '${present}', and its identity is '${identity.serviceAccount}': pass the identity of the workload's service account, or remove that`);
  }
  return { serviceAccountName: identity.serviceAccount };
}

function roomOf(parts: PodParts[]): Record<string, Size> {
  const room = { 'memory': totalSize(parts.map(part => part.memory)), 'ephemeral-storage': totalSize(parts.map(part => part.ephemeralStorage)) };
  return Object.fromEntries(Object.entries(room).filter(([, size]) => size.toBytes() > 0));
}

/** Disk and memory that models take are taken as long as the pod lives: the first that reads them asks for it. */
function withRoom(containers: any[], reader: string, room: Record<string, Size>): any[] {
  if (Object.keys(room).length === 0) return containers;
  return containers.map(container => container.name === reader ? { ...container, resources: resourcesPlus(container.resources, room) } : container);
}
