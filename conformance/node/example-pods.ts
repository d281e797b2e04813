import { isDeepStrictEqual } from 'node:util';
import { KubernetesObject } from '../static/manifest';

/** A model that a pod downloads, and where it comes from and goes to. */
export interface Download {
  /** `s3://<bucket>/models/<tenant>/<name>/<version>/` */
  readonly source: string;
  /** The container that uses it, and where it finds it. */
  readonly container: string;
  readonly folder: string;
}

type Container = KubernetesObject;

/** Whether a container is the delivery's own. */
export function isDownloader({ args = [] }: Container): boolean {
  return args.some((arg: string) => arg.startsWith('--source='));
}

/** What the pods of a template download. Throws where nobody uses what is downloaded. */
export function downloadsOf({ initContainers = [], containers }: KubernetesObject): Download[] {
  return initContainers.filter(isDownloader).flatMap((downloader: Container) => {
    const values = (flag: string) => downloader.args.filter((arg: string) => arg.startsWith(`--${flag}=`)).map((arg: string) => arg.slice(flag.length + 3));
    return values('destination').flatMap((destination: string, at: number) => {
      const volume = downloader.volumeMounts.find(({ mountPath }: { mountPath: string }) => mountPath === destination)?.name;
      const mountsOf = ({ volumeMounts = [] }: Container) => volumeMounts.filter(({ name }: { name: string }) => name === volume);
      const found = containers.flatMap((container: Container) => mountsOf(container)
        .map(({ mountPath }: { mountPath: string }) => ({ source: values('source')[at], container: container.name, folder: mountPath })));
      if (found.length === 0) throw new Error(`${downloader.name} downloads to ${destination}, which no container mounts`);
      return found;
    });
  });
}

/** Throws unless each download came to a good end before the application started, at the first go. */
export function checkOrder(pod: KubernetesObject): void {
  const downloads = pod.status.initContainerStatuses;
  for (const { name, state, restartCount } of downloads) {
    if (state.terminated?.exitCode !== 0 || restartCount !== 0) throw new Error(`${name} ended with ${state.terminated?.exitCode} after ${restartCount} restarts`);
    for (const application of pod.status.containerStatuses) {
      const started = application.state.running?.startedAt;
      if (started === undefined || started < state.terminated.finishedAt) throw new Error(`${application.name} started at ${started}, ${name} ended at ${state.terminated.finishedAt}`);
    }
  }
}

/** Throws unless the webhook added credentials of its own to the pod, and left those that the downloader declares as they are. */
export function checkDeclarations(template: KubernetesObject, pod: KubernetesObject): void {
  const has = (list: unknown[] = [], each: unknown) => list.some(other => isDeepStrictEqual(other, each));
  const added = pod.spec.volumes.filter((volume: unknown) => !has(template.spec.volumes, volume)).map(({ name }: { name: string }) => name);
  if (!added.some((name: string) => ['eks-pod-identity-token', 'aws-iam-token'].includes(name))) throw new Error(`the webhook added no token: ${added.join(', ') || 'nothing'}`);
  for (const volume of template.spec.volumes) if (!has(pod.spec.volumes, volume)) throw new Error(`volume ${volume.name} is another`);
  for (const declared of template.spec.initContainers.filter(isDownloader)) {
    const actual = pod.spec.initContainers.find(({ name }: Container) => name === declared.name);
    for (const variable of declared.env) {
      const values = actual.env.filter(({ name }: { name: string }) => name === variable.name);
      if (!isDeepStrictEqual(values, [variable])) throw new Error(`${declared.name} has ${variable.name} as ${JSON.stringify(values)}`);
    }
    for (const mount of declared.volumeMounts) if (!has(actual.volumeMounts, mount)) throw new Error(`${declared.name} lacks its mount of ${mount.name}`);
  }
  const skipped = (template.metadata.annotations?.['eks.amazonaws.com/skip-containers'] ?? '').split(',').filter((name: string) => name !== '');
  for (const name of skipped) {
    const [declared, actual] = [template, pod].map(({ spec }) => spec.containers.find((container: Container) => container.name === name))
      .map(({ env, volumeMounts }: Container) => ({ env, volumeMounts }));
    if (!isDeepStrictEqual(declared, actual)) throw new Error(`${name} was changed, though it is to be skipped`);
  }
}
