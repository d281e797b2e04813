import { SERVER_CONTAINER } from './server-container';
import { checkName } from '../private/names';
import { DNS_LABEL } from '../private/spelling';

/** A container beside the server's. */
export interface AdditionalContainer {
  /**
   * The container, spelled as in a pod, with a name of its own. What Pod Security `restricted` asks of it is filled in where it says nothing else.
   * It may mount the pod's volumes `scratch` and `shm`; others come in by `patches`.
   */
  readonly container: any;

  /**
   * Whether it reads the models, at the paths at which the server has them.
   *
   * @default false
   */
  readonly readsModels?: boolean;

  /**
   * Whether it starts before the server, once the models are there, and stops after it: a sidecar of Kubernetes, on by default since 1.29 and stable
   * since 1.33. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
   *
   * @default false - it starts and stops with the server
   */
  readonly sidecar?: boolean;
}

/** How names of containers that download begin. */
const DOWNLOADS = 'download-';

/**
 * Containers as they go into a pod, and the names of those that are more than that.
 * @internal
 */
export interface AdditionalContainers {
  readonly containers: any[];
  readonly readers: string[];
  readonly sidecars: string[];
}

/**
 * @throws where a name is not valid, reserved, or that of another container
 * @internal
 */
export function additionalContainers(additional: AdditionalContainer[], server: string): AdditionalContainers {
  const taken = new Set([SERVER_CONTAINER]);
  const containers = additional.map(({ container, sidecar }) => {
    const name = checkName(`name of a container of server '${server}'`, String(container?.name ?? ''), DNS_LABEL);
    if (taken.has(name) || name.startsWith(DOWNLOADS)) {
      throw new Error(`server '${server}' has a container '${name}' already, or keeps that name for downloads: give the additional one another name`);
    }
    taken.add(name);
    return { ...container, name, ...sidecar ? { restartPolicy: 'Always' } : {}, securityContext: restricted(container.securityContext) };
  });
  const namesOf = (kind: 'readsModels' | 'sidecar') => containers.filter((_, index) => additional[index][kind]).map(({ name }) => name);
  return { containers, readers: namesOf('readsModels'), sidecars: namesOf('sidecar') };
}

/** What the pod does not say for all of its containers. https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
function restricted(given: any = {}): any {
  return { allowPrivilegeEscalation: false, ...given, capabilities: { drop: ['ALL'], ...given.capabilities } };
}
