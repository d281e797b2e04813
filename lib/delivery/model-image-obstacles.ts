import type { DeliveredModel } from './model-delivery';
import { PodFacts } from './pod-parts';
import { isInside, mountPoint } from '../private/mount-path';

/**
 * Why the model of an image can't come to a pod without a copy.
 * @internal
 */
export interface Obstacle {
  readonly why: string;
  /** What to do about it, but for a copy. */
  readonly fix: string;
}

/** Runtimes whose containers have a kernel, or a part of one, of their own. What they are called is up to the cluster; these are the usual names. */
const SANDBOXES = /gvisor|runsc|kata|firecracker/i;

/** Folders of an image that something needs, with all that is below them. */
const SYSTEM = /^\/(bin|boot|dev|etc|lib|lib32|lib64|proc|sbin|sys|usr|(var\/)?run\/secrets)(\/|$)/;

/** Folders of an image that hold others' folders. */
const SHARED = /^\/(home|media|opt|root|run|srv|tmp|var(\/(cache|lib|log|run|tmp))?)?$/;

/**
 * Why a pod can't have a modelcar, or nobody has seen one work; undefined where its spec has nothing against it, or is not known yet.
 * @internal
 */
export function obstacleToModelcars(spec: any): Obstacle | undefined {
  if (spec?.hostPID === true) return { why: 'the pod has hostPID: true, and a modelcar is read through the processes of the pod', fix: 'remove that' };
  if (spec?.shareProcessNamespace === false) return { why: 'the pod has shareProcessNamespace: false, and a modelcar is read through its processes', fix: 'remove that' };
  return obstacleToImageVolumes(spec);
}

/**
 * The same of image volumes, whose files containerd maps to users of the pod only since 2.1.9, 2.2.7 and 2.3.0
 * (https://github.com/containerd/containerd/pull/12816).
 * @internal
 */
export function obstacleToImageVolumes(spec: any): Obstacle | undefined {
  if (spec?.hostUsers === false) return { why: 'the pod has hostUsers: false, and whether its users can read the files of an image is not known', fix: 'remove that' };
  if (SANDBOXES.test(spec?.runtimeClassName ?? '')) return { why: `the pod has runtimeClassName '${spec.runtimeClassName}', and whether a sandbox lets files of another image in is not known`, fix: 'use another one' };
  return undefined;
}

/**
 * Why a volume can't be mounted at the folder around a model: what the application's image has there is hidden.
 * @internal
 */
export function obstacleAround(folder: string, { path, model }: DeliveredModel, what: string, pod: PodFacts): Obstacle | undefined {
  const { spec, containers, readers = containers } = pod;
  const fix = `give a path such as '/mnt/${model.name}/models'`;
  if (folder === '' || SYSTEM.test(folder) || SHARED.test(folder)) {
    return { why: `path '${path}' of model ${model.displayName} has no folder of its own around it, and ${what} would hide what the application's image has in '${folder || '/'}'`, fix };
  }
  const users: any[] = (spec?.containers ?? []).filter(({ name }: any) => readers.includes(name));
  for (const { name, workingDir, command, volumeMounts } of users) {
    const hidden = (each: unknown) => typeof each === 'string' && (mountPoint(each) === folder || isInside(each, folder));
    const mount = (volumeMounts ?? []).find(({ mountPath }: any) => hidden(mountPath));
    if (mount) return { why: `container '${name}' mounts volume '${mount.name}' at '${mount.mountPath}', and '${folder}', the folder around path '${path}' of model ${model.displayName}, would be read-only`, fix };
    const [key, needed] = Object.entries({ workingDir, 'a command': command?.[0] }).find(([, each]) => hidden(each)) ?? [];
    if (key === undefined) continue;
    return { why: `container '${name}' has ${key} '${needed}', and ${what} would hide what its image has in '${folder}', the folder around path '${path}' of model ${model.displayName}`, fix };
  }
  return undefined;
}

/**
 * @throws where there is one
 * @internal
 */
export function refuse(obstacle: Obstacle | undefined, { displayName }: { readonly displayName: string }): void {
  if (obstacle) throw new Error(`${obstacle.why}: ${obstacle.fix}, or deliver model ${displayName} with ModelDelivery.ociCopy`);
}
