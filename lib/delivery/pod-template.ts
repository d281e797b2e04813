import { Duration } from 'aws-cdk-lib';
import { PodParts, PodUser } from './pod-parts';
import { isInside, mountPoint } from '../private/mount-path';

/** The annotation by which containers are kept from Pod Identity credentials: a comma separated list. */
export const SKIP_CONTAINERS = 'eks.amazonaws.com/skip-containers';

/**
 * Puts pod parts into a pod template, a plain object with `metadata` and `spec`, and returns the new one. Whatever the template has stays.
 *
 * @throws where a container, volume, mount path or annotation of the parts would take the place of one that the template has, or a mount could not be made
 * inside another
 * @internal
 */
export function mergePodParts(template: any, parts: PodParts, containers: string[]): any {
  const spec = template.spec ?? {};
  refuseSameName(spec.initContainers, parts.containers);
  refuseSameName(spec.containers, parts.initContainers);
  for (const { name, volumeMounts } of (spec.containers ?? []).filter((container: any) => containers.includes(container.name))) {
    refuseNested(name, volumeMounts ?? [], parts.volumeMounts ?? []);
  }
  return {
    ...template,
    metadata: { ...template.metadata, ...annotationsOf(template.metadata?.annotations ?? {}, parts.annotations) },
    spec: {
      ...spec,
      ...list('initContainers', joined('init container', 'name', spec.initContainers, parts.initContainers)),
      containers: joined('container', 'name', (spec.containers ?? []).map((container: any) => containers.includes(container.name)
        ? {
          ...container,
          ...list('volumeMounts', joined(`mount of container '${container.name}'`, 'mountPath', container.volumeMounts, parts.volumeMounts)),
          ...runAsOf(container, spec.securityContext, parts.runAs),
        }
        : container), parts.containers),
      ...list('volumes', joined('volume', 'name', spec.volumes, parts.volumes)),
      ...groupOf(spec.securityContext, parts.fsGroup),
      ...processNamespaceOf(spec, parts.shareProcessNamespace),
    },
  };
}

/** Init containers and the others have one set of names. */
function refuseSameName(present: any[] | null | undefined, added: any[] = []) {
  const taken = added.find(({ name }) => (present ?? []).some(other => other.name === name));
  if (taken) throw new Error(`container '${taken.name}' is in the pod already, and the model's delivery needs one of that name: rename yours, or attach to the manifests as they were before`);
}

/** Where a volume is mounted inside another, a folder for it is made there, and in what is mounted read-only none can be. */
function refuseNested(container: string, present: any[], added: any[]) {
  for (const mount of added) {
    for (const other of present) {
      const what = `container '${container}' mounts volume '${other.name}' at '${other.mountPath}'`;
      if (mount.readOnly === true && isInside(other.mountPath, mount.mountPath)) {
        throw new Error(`${what}, inside the model at '${mount.mountPath}', where nothing can be mounted as it is read-only: mount it elsewhere, or deliver the model to another path`);
      }
      if (other.readOnly === true && isInside(mount.mountPath, other.mountPath)) {
        throw new Error(`${what}, read-only, and the model at '${mount.mountPath}' would be inside it, where no folder can be made for it: deliver the model to another path`);
      }
    }
  }
}

/** A volume is given to the pod's own group where it has one. What belongs to the group already is not gone through again at each start. */
function groupOf(present: any, fsGroup: number | undefined): Record<string, any> {
  if (fsGroup === undefined || (present?.fsGroup ?? undefined) !== undefined) return {};
  return { securityContext: { ...present, fsGroup, fsGroupChangePolicy: 'OnRootMismatch' } };
}

/** What the container or its pod says of user and group stays, and another model's delivery may have said it. */
function runAsOf({ name, securityContext }: any, ofPod: any, runAs: PodUser | undefined): Record<string, any> {
  if (runAs === undefined) return {};
  const present = (key: string) => securityContext?.[key] ?? ofPod?.[key] ?? undefined;
  const wanted = Object.entries({ runAsUser: runAs.user, runAsGroup: runAs.group });
  const other = wanted.find(([key, value]) => ![undefined, value].includes(present(key)));
  if (other) throw new Error(`container '${name}' has ${other[0]} ${present(other[0])}, and runAs of a model's delivery says ${other[1]}: give all models of the pod the same runAs`);
  const missing = wanted.filter(([key]) => present(key) === undefined);
  return missing.length > 0 ? { securityContext: { ...securityContext, ...Object.fromEntries(missing) } } : {};
}

function processNamespaceOf({ shareProcessNamespace, hostPID }: any, share: boolean | undefined): Record<string, any> {
  if (share === undefined) return {};
  if (shareProcessNamespace === false || hostPID === true) {
    throw new Error(`the pod has ${hostPID === true ? 'hostPID: true' : 'shareProcessNamespace: false'}, and its model is read through the processes of the pod: remove that, or deliver the model another way, such as ModelDelivery.ociCopy`);
  }
  return { shareProcessNamespace: share };
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
      const around = key !== 'mountPath' ? '' : `; it is of volume '${other.name}', and volume '${item.name}' would be there, too: of models that come by modelcars or image volumes, which take the folder around their path, each needs a folder of its own`;
      throw new Error(`${what} '${item[key]}' is in the pod already, and the model's delivery needs one of that ${key}: rename yours, or deliver the model to another path${around}`);
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

/**
 * Parts of one kind together.
 * @internal
 */
export function joinedParts(parts: PodParts[]): PodParts {
  const all = <T>(of: (part: PodParts) => T[] | undefined) => parts.flatMap(part => of(part) ?? []);
  return {
    ...parts[0],
    initContainers: all(part => part.initContainers),
    containers: all(part => part.containers),
    volumes: all(part => part.volumes),
    volumeMounts: all(part => part.volumeMounts),
    warnings: all(part => part.warnings),
    startWindow: Duration.seconds(parts.reduce((seconds, part) => seconds + (part.startWindow?.toSeconds() ?? 0), 0)),
  };
}
