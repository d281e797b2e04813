import { Size } from 'aws-cdk-lib';
import { SKIP_CONTAINERS } from './pod-template';
import { resourcesMinus } from '../private/container-resources';
import { mountPoint } from '../private/mount-path';

/**
 * The annotation of a pod template that says what was attached to it.
 * @internal
 */
export const RECORD = 'cdk-eks-model-artifacts/attached';

/**
 * What attaching adds to numbers that were there before.
 * @internal
 */
export interface Additions {
  /** The container that asks for the room that models take. */
  readonly container: string;
  /** Bytes that it asks for, by the name of the resource. */
  readonly bytes: Record<string, number>;
  /** Bytes that the pod as a whole asks for, where it asks for any of the resource. */
  readonly podBytes: Record<string, number>;
  /** Seconds that a Deployment has longer to progress. */
  readonly seconds: number;
}

/** Fields of a pod that attaching may set. */
const POD_FIELDS = ['serviceAccountName', 'shareProcessNamespace'];

/** What was attached: enough to take it away again. Lists have the names of what is in a template now and was not before. */
interface AttachmentRecord extends Additions {
  readonly initContainers: string[];
  readonly volumes: string[];
  readonly mountPaths: Record<string, string[]>;
  readonly annotations: string[];
  readonly skipContainers: string[];
  /** What somebody changed since is not ours to take away. */
  readonly podFields: Record<string, unknown>;
  readonly securityContext: Record<string, unknown>;
  readonly containers: string[];
  readonly containerContexts: Record<string, Record<string, unknown>>;
}

/** What few deliveries add, so that most records do not have it. */
const SINCE = { containers: [], containerContexts: {} };

/**
 * A template as it was before.
 * @internal
 */
export interface Before {
  readonly template: any;
  /** How much longer its Deployment has to progress since. */
  readonly seconds: number;
  /** Names of the volumes that were taken away. */
  readonly volumes: string[];
}

/**
 * The template after attaching, with the record of what that added to the one before: so the manifests that come out can be put in again, and have
 * the models once.
 * @internal
 */
export function withRecord(before: any, after: any, additions: Additions): any {
  const containers = (before.spec.containers as any[]).map((container, index) => [container, after.spec.containers[index]] as const); // others come after them
  const mountPaths = containers.map(([old, young]) => [young.name, added(old.volumeMounts, young.volumeMounts, 'mountPath')] as const);
  const contexts = containers.map(([{ securityContext: old }, { name, securityContext: now }]) => [name, only(now, addedKeys(old, now))] as const);
  const record: Omit<AttachmentRecord, keyof typeof SINCE> = {
    initContainers: added(before.spec.initContainers, after.spec.initContainers, 'name'),
    volumes: added(before.spec.volumes, after.spec.volumes, 'name'),
    mountPaths: Object.fromEntries(mountPaths.filter(([, paths]) => paths.length > 0)),
    annotations: addedKeys(before.metadata?.annotations, after.metadata?.annotations).filter(key => key !== SKIP_CONTAINERS),
    skipContainers: skipped(after).filter(name => !skipped(before).includes(name)),
    podFields: only(after.spec, POD_FIELDS.filter(key => before.spec[key] !== after.spec[key])),
    ...unlessEmpty({ containers: added(before.spec.containers, after.spec.containers, 'name') }),
    ...unlessEmpty({ containerContexts: Object.fromEntries(contexts.filter(([, context]) => Object.keys(context).length > 0)) }),
    securityContext: only(after.spec.securityContext, addedKeys(before.spec.securityContext, after.spec.securityContext)),
    ...additions,
  };
  return { ...after, metadata: { ...after.metadata, annotations: { ...after.metadata?.annotations, [RECORD]: JSON.stringify(record) } } };
}

/**
 * A template as it was before something was attached to it.
 *
 * @throws where the record can't be read, or a container that it names is not there
 * @internal
 */
export function withoutAttached(template: any): Before {
  const text = template.metadata?.annotations?.[RECORD] ?? undefined;
  if (text === undefined) return { template, seconds: 0, volumes: [] };
  const record = parse(text);
  const { initContainers, volumes, containers, securityContext, resources, ...spec } = template.spec;
  const gone = [record.container, ...Object.keys(record.mountPaths)].find(name => !containers.some((container: any) => container.name === name));
  if (gone !== undefined) throw new Error(`container '${gone}', which had the model, is not there any more: attach to the manifests as they were before`);
  const annotations = without(template.metadata.annotations, [RECORD, SKIP_CONTAINERS, ...record.annotations]);
  const skip = skipped(template).filter(name => !record.skipContainers.includes(name)).join(',');
  const restored = {
    ...template,
    metadata: filled({ ...template.metadata, annotations: filled({ ...annotations, ...skip === '' ? {} : { [SKIP_CONTAINERS]: skip } }) }),
    spec: filled({
      ...withoutSame(spec, record.podFields),
      resources: minus(resources, record.podBytes),
      initContainers: filledList(initContainers, (item: any) => !record.initContainers.includes(item.name)),
      containers: containers.filter(({ name }: any) => !record.containers.includes(name)).map((container: any) => filled({
        ...container,
        securityContext: withoutAdded(container.securityContext, record.containerContexts[container.name]),
        resources: container.name === record.container ? minus(container.resources, record.bytes) : container.resources,
        volumeMounts: filledList(container.volumeMounts, (mount: any) => !isOurs(mount, record.mountPaths[container.name])),
      })),
      volumes: filledList(volumes, (item: any) => !record.volumes.includes(item.name)),
      securityContext: withoutAdded(securityContext, record.securityContext),
    }),
  };
  return { template: filled(restored), seconds: record.seconds, volumes: record.volumes };
}

function parse(text: string): AttachmentRecord {
  try {
    const record: AttachmentRecord = { ...SINCE, ...JSON.parse(text) };
    const { container, initContainers, containers, volumes, mountPaths, annotations, skipContainers, bytes, podBytes, seconds } = record;
    const lists: unknown[] = [initContainers, containers, volumes, annotations, skipContainers, ...Object.values(mountPaths)];
    const numbers: unknown[] = [seconds, ...Object.values(bytes), ...Object.values(podBytes)];
    const maps: unknown[] = [record.podFields, record.securityContext, record.containerContexts, ...Object.values(record.containerContexts)];
    const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
    const right = typeof container === 'string' && lists.every(Array.isArray) && numbers.every(Number.isSafeInteger) && maps.every(isMap);
    if (!right) throw new Error('not as it was written');
    return record;
  } catch {
    throw new Error(`annotation '${RECORD}' of the pods, which says what was attached before, can't be read: attach to the manifests as they were before`);
  }
}

/** Spelled as it was, or otherwise. */
function isOurs({ mountPath }: any, mountPaths: string[] = []): boolean {
  return mountPaths.some(each => mountPoint(each) === mountPoint(mountPath));
}

function added(before: any[] | null | undefined, after: any[] | null | undefined, key: string): string[] {
  const present = (before ?? []).map(item => item[key]);
  return (after ?? []).map(item => item[key]).filter(name => !present.includes(name));
}

function addedKeys(before: any, after: any): string[] {
  return Object.keys(after ?? {}).filter(key => (before ?? {})[key] === undefined);
}

function skipped(template: any): string[] {
  const value: string = template.metadata?.annotations?.[SKIP_CONTAINERS] ?? '';
  return value.split(',').map(name => name.trim()).filter(name => name !== '');
}

function without(object: any, keys: string[]): any {
  return Object.fromEntries(Object.entries(object ?? {}).filter(([key]) => !keys.includes(key)));
}

function withoutSame(object: any, fields: Record<string, unknown>): any {
  return without(object, Object.keys(fields).filter(key => object?.[key] === fields[key]));
}

/** What was made for what was added goes with it. */
function withoutAdded(object: any, fields: Record<string, unknown> = {}): any {
  return Object.keys(fields).length > 0 ? filled(withoutSame(object, fields)) : object;
}

function only(object: any, keys: string[]): any {
  return Object.fromEntries(keys.map(key => [key, object[key]]));
}

function minus(resources: any, bytes: Record<string, number>): any {
  const sizes = Object.entries(bytes).map(([name, size]) => [name, Size.bytes(size)] as const);
  return sizes.length > 0 ? resourcesMinus(resources, Object.fromEntries(sizes)) : resources;
}

function unlessEmpty(field: Record<string, object>): Record<string, object> {
  return Object.fromEntries(Object.entries(field).filter(([, value]) => Object.keys(value).length > 0));
}

/** Undefined where nothing is left: what was made for what was attached goes with it. */
function filled(object: any): any {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function filledList(list: any[] | null | undefined, keep: (item: any) => boolean): any[] | null | undefined {
  const kept = list?.filter(keep);
  return kept === undefined || list!.length === 0 ? list : kept.length > 0 ? kept : undefined;
}
