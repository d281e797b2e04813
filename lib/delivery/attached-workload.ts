import { Size } from 'aws-cdk-lib';
import { Before, withoutAttached, withRecord } from './attachment-record';
import { totalWindow } from './bind-models';
import { warnOfActiveDeadline, withProgressDeadline } from './deadlines';
import { InitContainerPosition } from './init-container-position';
import { TOKEN_VOLUME, WORK_VOLUME } from './landing';
import { totalSize } from './limits';
import { MODELS_ANNOTATION } from './models-annotation';
import { checkClashes } from './pod-clashes';
import { PodParts } from './pod-parts';
import { checkPodShape } from './pod-shape';
import { mergePodParts } from './pod-template';
import { WorkloadIdentity } from '../access';
import { changedAt, templatePlaces, valueAt } from './pod-template-paths';
import { isOfPod, podResourcesPlus, resourcesPlus, totalRequests } from '../private/container-resources';

/** @internal */
export interface Attached {
  /** Paths to the pod templates. */
  readonly templates: string[];
  readonly identity?: WorkloadIdentity;
  readonly containers?: string[];
  readonly position?: InitContainerPosition;
  /** Whether the template says what was attached to it, so that it can be put in again. */
  readonly recorded?: boolean;
  readonly bind: (containers: string[], requests: Record<string, string>, spec: any) => PodParts[];
  readonly warn: (id: string, text: string) => void;
}

/**
 * An object as it was rendered, and the models in its pods.
 *
 * @throws where the pods can't have them so
 * @internal
 */
export function withModels(object: any, attached: Attached): any {
  const namespace = object.metadata?.namespace || undefined;
  if (attached.identity && namespace !== undefined && namespace !== attached.identity.namespace) {
    throw new Error(`the workload is in namespace '${namespace}', and its identity in '${attached.identity.namespace}': pass an identity of the workload's namespace`);
  }
  const places = templatePlaces(object, attached.templates);
  for (const place of places) checkPodShape(valueAt(object, place), place);
  checkContainers(places.flatMap(place => valueAt(object, place).spec.containers), attached.containers);
  let longer = 0;
  let earlier = 0;
  let result = object;
  for (const place of places) {
    result = changedAt(result, place, template => {
      const before = withoutAttached(template);
      const after = templateWithModels(before, object, attached);
      warnOfActiveDeadline(object, place, after.seconds, attached.warn);
      earlier = Math.max(earlier, before.seconds);
      longer = Math.max(longer, after.seconds);
      return after.template;
    });
  }
  return withProgressDeadline(result, longer, earlier);
}

function templateWithModels({ template, volumes: earlier }: Before, object: any, attached: Attached): { template: any; seconds: number } {
  const present: any[] = template.spec.initContainers ?? [];
  checkUnrecorded(template);
  const names: string[] = template.spec.containers.map(({ name }: any) => name);
  const readers = (attached.containers ?? names).filter(name => names.includes(name));
  if (readers.length === 0) return { template, seconds: 0 };
  // The disk that models take is not part of what the application asked for: it is added to that.
  const { 'ephemeral-storage': _, ...requests } = totalRequests(template.spec.containers);
  const parts = attached.bind(readers, requests, template.spec);
  const all = <T>(list: (part: PodParts) => T[] | undefined) => parts.flatMap(part => list(part) ?? []);
  const merged = parts.reduce((pod, part) => mergePodParts(pod, part, readers), { ...template, spec: { ...template.spec, initContainers: [] } });
  const initContainers = (attached.position ?? InitContainerPosition._DEFAULT)._inserted(present, merged.spec.initContainers ?? []);
  checkClashes({
    template,
    object,
    readers,
    initContainers: merged.spec.initContainers ?? [],
    containers: all(part => part.containers),
    order: initContainers.map(({ name }) => name),
    volumes: all(part => part.volumes),
    mountPaths: all(part => part.volumeMounts).map(({ mountPath }) => mountPath),
  }, attached.warn);
  checkMounts({ ...merged.spec, initContainers }, earlier);
  const room = roomOf(parts);
  const result = {
    ...merged,
    spec: {
      ...merged.spec,
      ...serviceAccountOf(merged.spec, attached.identity),
      initContainers: initContainers.length > 0 ? initContainers : template.spec.initContainers,
      containers: withRoom(merged.spec.containers, readers[0], room),
      resources: podResourcesPlus(template.spec, room),
    },
  };
  for (const key of ['initContainers', 'resources']) if (result.spec[key] === undefined) delete result.spec[key];
  const seconds = totalWindow(parts).toSeconds();
  if (!attached.recorded) return { template: result, seconds };
  const bytes = Object.entries(room).map(([name, size]) => [name, size.toBytes()] as const);
  const podBytes = bytes.filter(([name]) => isOfPod(template.spec.resources, name));
  const additions = { container: readers[0], bytes: Object.fromEntries(bytes), podBytes: Object.fromEntries(podBytes), seconds };
  return { template: withRecord(template, result, additions), seconds };
}

/** Models that are in the pods, and of which no annotation says what belongs to them. */
function checkUnrecorded({ metadata, spec }: any) {
  const models = metadata?.annotations?.[MODELS_ANNOTATION] ?? undefined;
  const volume = (spec.volumes ?? []).find(({ name }: any) => [WORK_VOLUME, TOKEN_VOLUME].includes(name));
  if (models === undefined && volume === undefined) return;
  const sign = models !== undefined ? `annotation '${MODELS_ANNOTATION}': '${models}'` : `volume '${volume.name}'`;
  throw new Error(`the pods have models already, ${sign}: attach to the manifests as they were before`);
}

/** What somebody mounts of an earlier attachment stays, as long as that volume does. */
function checkMounts({ initContainers, containers, volumes }: any, earlier: string[]) {
  const present = (volumes ?? []).map(({ name }: any) => name);
  const gone = earlier.filter(name => !present.includes(name));
  for (const { name, volumeMounts } of [...initContainers ?? [], ...containers]) {
    const mount = (volumeMounts ?? []).find((each: any) => gone.includes(each.name));
    if (mount) throw new Error(`container '${name}' mounts volume '${mount.name}' at '${mount.mountPath}', which an earlier model had and which is not there any more: remove the mount, or attach to the manifests as they were before`);
  }
}

/** Each that is named must be in one of the pods. */
function checkContainers(containers: any[], wanted?: string[]) {
  const names: string[] = [...new Set(containers.map(({ name }) => name))];
  const unknown = wanted?.find(name => !names.includes(name));
  if (unknown !== undefined) throw new Error(`container '${unknown}' is not in the workload, which has ${names.join(', ')}: name one of these`);
}

function serviceAccountOf(spec: any, identity?: WorkloadIdentity): any {
  const present = spec.serviceAccountName || spec.serviceAccount || undefined;
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
