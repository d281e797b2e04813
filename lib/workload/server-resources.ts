import { Size, Token } from 'aws-cdk-lib';
import type { ModelServerProps } from './model-server-props';
import { mebibytes, totalSize } from '../delivery/limits';
import { PodParts } from '../delivery/pod-parts';
import { resourcesPlus } from '../private/container-resources';
import { checkWhole } from '../private/numbers';
import { quantityBytes } from '../private/quantity';

type Quantities = Record<string, string>;

interface ContainerResources {
  readonly requests: Quantities;
  readonly limits: Quantities;
}

/**
 * What the server's container asks for and is held to: the disk that it and its models take as long as the pod lives, else nodes are filled beyond
 * what they have, and the memory of models that are in memory, which counts as the server's.
 * @internal
 */
export function serverResources(props: ModelServerProps, server: string, scratch: Size, parts: PodParts[]): ContainerResources {
  const { resources = {}, gpus = 0 } = props;
  const disk = totalSize([scratch, ...parts.map(part => part.ephemeralStorage)]);
  const memory = totalSize(parts.map(part => part.memory));
  const { requests = {} } = resources;
  const limits = withGpus(resources.limits ?? {}, gpus, server);
  return checked(resourcesPlus({ requests: { 'ephemeral-storage': mebibytes(disk), ...requests }, limits }, { memory }), server);
}

/** https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ */
function checked(resources: ContainerResources, server: string): ContainerResources {
  for (const [name, limit] of Object.entries(resources.limits)) {
    const request = resources.requests[name];
    if (request === undefined || [request, limit].some(Token.isUnresolved) || quantityBytes(request) <= quantityBytes(limit)) continue;
    throw new Error(`server '${server}' asks for ${name} '${request}' and is limited to '${limit}', which the API server refuses: raise the limit, or leave it out`);
  }
  return resources;
}

/**
 * Whether a container has devices that a node has few of.
 * @internal
 */
export function hasExtendedResources(container: any): boolean {
  return Object.keys(container.resources?.limits ?? {}).some(name => name.includes('/'));
}

function withGpus(limits: Quantities, gpus: number, server: string): Quantities {
  checkWhole(`gpus of server '${server}'`, gpus, 0);
  if (gpus > 0 && limits['nvidia.com/gpu'] !== undefined) {
    throw new Error(`server '${server}' has gpus ${gpus} and limits of nvidia.com/gpu '${limits['nvidia.com/gpu']}': give one of both`);
  }
  return gpus > 0 ? { ...limits, 'nvidia.com/gpu': String(gpus) } : limits;
}
