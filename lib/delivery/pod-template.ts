import { PodParts } from './pod-parts';
import { mountPoint } from '../private/mount-path';

/** The annotation by which containers are kept from Pod Identity credentials: a comma separated list. */
export const SKIP_CONTAINERS = 'eks.amazonaws.com/skip-containers';

/**
 * Puts pod parts into a pod template, a plain object with `metadata` and `spec`, and returns the new one. Whatever the template has stays.
 *
 * @throws where a container, volume, mount path or annotation of the parts would take the place of one that the template has
 * @internal
 */
export function mergePodParts(template: any, parts: PodParts, containers: string[]): any {
  const spec = template.spec ?? {};
  return {
    ...template,
    metadata: { ...template.metadata, ...annotationsOf(template.metadata?.annotations ?? {}, parts.annotations) },
    spec: {
      ...spec,
      ...list('initContainers', joined('init container', 'name', spec.initContainers, parts.initContainers)),
      containers: (spec.containers ?? []).map((container: any) => containers.includes(container.name)
        ? { ...container, ...list('volumeMounts', joined(`mount of container '${container.name}'`, 'mountPath', container.volumeMounts, parts.volumeMounts)) }
        : container),
      ...list('volumes', joined('volume', 'name', spec.volumes, parts.volumes)),
      ...groupOf(spec.securityContext, parts.fsGroup),
    },
  };
}

/** A volume is given to the pod's own group where it has one. What belongs to the group already is not gone through again at each start. */
function groupOf(present: any, fsGroup: number | undefined): Record<string, any> {
  if (fsGroup === undefined || (present?.fsGroup ?? undefined) !== undefined) return {};
  return { securityContext: { ...present, fsGroup, fsGroupChangePolicy: 'OnRootMismatch' } };
}

function list(key: string, items: any[]): Record<string, any[]> {
  return items.length > 0 ? { [key]: items } : {};
}

/** Both lists; an item that is there already, the same in all, is not added again. */
function joined(what: string, key: string, present: any[] | null | undefined, added: any[] = []): any[] {
  const result = [...present ?? []];
  const same = key === 'mountPath' ? mountPoint : (name: string) => name;
  for (const item of added) {
    const other = result.find(candidate => same(candidate[key]) === same(item[key]));
    if (other === undefined) {
      result.push(item);
    } else if (JSON.stringify(other) !== JSON.stringify(item)) {
      throw new Error(`${what} '${item[key]}' is in the pod already, and the model's delivery needs one of that ${key}: rename yours, or deliver the model to another path`);
    }
  }
  return result;
}

function annotationsOf(present: Record<string, string>, added: Record<string, string> = {}): Record<string, any> {
  const result = { ...present };
  for (const [key, value] of Object.entries(added)) {
    if (key === SKIP_CONTAINERS) {
      const names = [...(present[key]?.split(',') ?? []), ...value.split(',')].map(name => name.trim()).filter(name => name !== '');
      result[key] = [...new Set(names)].join(',');
    } else if (present[key] !== undefined && present[key] !== value) {
      throw new Error(`annotation '${key}' is '${present[key]}' in the pod already, and the model's delivery needs '${value}': remove yours`);
    } else {
      result[key] = value;
    }
  }
  return Object.keys(result).length > 0 ? { annotations: result } : {};
}
