import { Size } from 'aws-cdk-lib';
import { SKIP_CONTAINERS } from './pod-template';
import { resourcesMinus } from '../private/container-resources';

/** The annotation of a pod template that says what was attached to it. */
const RECORD = 'cdk-eks-model-artifacts/attached';

/**
 * What attaching adds to numbers that were there before.
 * @internal
 */
export interface Additions {
  /** The container that asks for the room that models take. */
  readonly container: string;
  /** Bytes that it asks for, by the name of the resource. */
  readonly bytes: Record<string, number>;
  /** Seconds that a Deployment has longer to progress. */
  readonly seconds: number;
}

/** What was attached: enough to take it away again. Lists have the names of what is in a template now and was not before. */
interface AttachmentRecord extends Additions {
  readonly initContainers: string[];
  readonly volumes: string[];
  readonly mountPaths: Record<string, string[]>;
  readonly annotations: string[];
  readonly skipContainers: string[];
  readonly podFields: string[];
  readonly securityContext: string[];
}

/**
 * The template after attaching, with the record of what that added to the one before: so the manifests that come out can be put in again, and have
 * the models once.
 * @internal
 */
export function withRecord(before: any, after: any, additions: Additions): any {
  const mountPaths = (after.spec.containers as any[]).map((container, index) =>
    [container.name, added(before.spec.containers[index].volumeMounts, container.volumeMounts, 'mountPath')] as const);
  const record: AttachmentRecord = {
    initContainers: added(before.spec.initContainers, after.spec.initContainers, 'name'),
    volumes: added(before.spec.volumes, after.spec.volumes, 'name'),
    mountPaths: Object.fromEntries(mountPaths.filter(([, paths]) => paths.length > 0)),
    annotations: addedKeys(before.metadata?.annotations, after.metadata?.annotations).filter(key => key !== SKIP_CONTAINERS),
    skipContainers: skipped(after).filter(name => !skipped(before).includes(name)),
    podFields: addedKeys(before.spec, after.spec).filter(key => key === 'serviceAccountName'),
    securityContext: addedKeys(before.spec.securityContext, after.spec.securityContext),
    ...additions,
  };
  return { ...after, metadata: { ...after.metadata, annotations: { ...after.metadata?.annotations, [RECORD]: JSON.stringify(record) } } };
}

/**
 * A template as it was before something was attached to it, and how much longer the Deployment has to progress since.
 *
 * @throws where the record can't be read
 * @internal
 */
export function withoutAttached(template: any): { template: any; seconds: number } {
  const text = template.metadata?.annotations?.[RECORD];
  if (text === undefined) return { template, seconds: 0 };
  const record = parse(text);
  const { initContainers, volumes, containers, securityContext, ...spec } = template.spec;
  const sizes = Object.fromEntries(Object.entries(record.bytes).map(([name, bytes]) => [name, Size.bytes(bytes)]));
  const hasRoom = Object.keys(sizes).length > 0;
  const annotations = without(template.metadata.annotations, [RECORD, SKIP_CONTAINERS, ...record.annotations]);
  const skip = skipped(template).filter(name => !record.skipContainers.includes(name)).join(',');
  const restored = {
    ...template,
    metadata: filled({ ...template.metadata, annotations: filled({ ...annotations, ...skip === '' ? {} : { [SKIP_CONTAINERS]: skip } }) }),
    spec: filled({
      ...without(spec, record.podFields),
      initContainers: filledList(initContainers, (item: any) => !record.initContainers.includes(item.name)),
      containers: containers.map((container: any) => filled({
        ...container,
        resources: container.name === record.container && hasRoom ? resourcesMinus(container.resources, sizes) : container.resources,
        volumeMounts: filledList(container.volumeMounts, (mount: any) => !record.mountPaths[container.name]?.includes(mount.mountPath)),
      })),
      volumes: filledList(volumes, (item: any) => !record.volumes.includes(item.name)),
      securityContext: record.securityContext.length > 0 ? filled(without(securityContext, record.securityContext)) : securityContext,
    }),
  };
  return { template: filled(restored), seconds: record.seconds };
}

function parse(text: string): AttachmentRecord {
  try {
    const record: AttachmentRecord = JSON.parse(text);
    const { initContainers, volumes, mountPaths, annotations, skipContainers, podFields, securityContext, bytes, seconds } = record;
    const lists: unknown[] = [initContainers, volumes, annotations, skipContainers, podFields, securityContext, ...Object.values(mountPaths)];
    const numbers: unknown[] = [seconds, ...Object.values(bytes)];
    if (!lists.every(Array.isArray) || !numbers.every(Number.isSafeInteger)) throw new Error('not as it was written');
    return record;
  } catch {
    throw new Error(`annotation '${RECORD}' of the pods, which says what was attached before, can't be read: attach to the manifests as they were before`);
  }
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

/** Undefined where nothing is left: what was made for what was attached goes with it. */
function filled(object: any): any {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function filledList(list: any[] | null | undefined, keep: (item: any) => boolean): any[] | null | undefined {
  const kept = list?.filter(keep);
  return kept === undefined || list!.length === 0 ? list : kept.length > 0 ? kept : undefined;
}
