import { Size, Token } from 'aws-cdk-lib';
import type { ModelServerProps } from './model-server-props';
import type { ResourceRequirements } from './server-container-props';
import { mebibytes } from '../delivery/limits';
import { PodParts } from '../delivery/pod-parts';
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
  const disk = sum([scratch, ...parts.flatMap(part => part.ephemeralStorage ?? [])]);
  const memory = sum(parts.flatMap(part => part.memory ?? []));
  const { requests = {} } = resources;
  const limits = withGpus(resources.limits ?? {}, gpus, server);
  return {
    // A limit alone is the request, too: the API server fills it in.
    requests: { 'ephemeral-storage': mebibytes(disk), ...requests.memory === undefined && limits.memory !== undefined ? requests : withMemory(requests, memory) },
    limits: limits.memory === undefined ? limits : withMemory(limits, memory),
  };
}

/**
 * What a container asks for: where it has a limit alone, that.
 * @internal
 */
export function effectiveRequests(resources: ResourceRequirements | undefined): Quantities {
  return { ...resources?.limits, ...resources?.requests };
}

/**
 * What containers ask for together. What is known only after deploying is left out.
 * @internal
 */
export function totalRequests(containers: any[]): Quantities {
  const total: Quantities = {};
  for (const requests of containers.map(container => effectiveRequests(container.resources))) {
    for (const [name, quantity] of Object.entries(requests).filter(entry => !Token.isUnresolved(entry[1]))) {
      total[name] = total[name] === undefined ? quantity : formatted(quantityBytes(total[name]) + quantityBytes(quantity));
    }
  }
  return total;
}

/**
 * Whether a container has devices that a node has few of.
 * @internal
 */
export function hasExtendedResources(container: any): boolean {
  return Object.keys(container.resources?.limits ?? {}).some(name => name.includes('/'));
}

function withMemory(quantities: Quantities, added: Size): Quantities {
  if (added.toBytes() === 0) return quantities;
  return { ...quantities, memory: formatted(quantityBytes(quantities.memory ?? '0') + added.toBytes()) };
}

function withGpus(limits: Quantities, gpus: number, server: string): Quantities {
  if (Token.isUnresolved(gpus) || !Number.isInteger(gpus) || gpus < 0) {
    throw new Error(`gpus is ${gpus} for server '${server}': give a whole number, known at synth`);
  }
  if (gpus > 0 && limits['nvidia.com/gpu'] !== undefined) {
    throw new Error(`server '${server}' has gpus ${gpus} and limits of nvidia.com/gpu '${limits['nvidia.com/gpu']}': give one of both`);
  }
  return gpus > 0 ? { ...limits, 'nvidia.com/gpu': String(gpus) } : limits;
}

function sum(sizes: Size[]): Size {
  return Size.bytes(sizes.reduce((bytes, size) => bytes + size.toBytes(), 0));
}

/** The number as a quantity: whole mebibytes where it has them, else as it is, or in thousandths. */
function formatted(value: number): string {
  if (!Number.isInteger(value)) return `${Math.ceil(Number((value * 1000).toFixed(3)))}m`;
  return value >= 2 ** 20 && value % 2 ** 20 === 0 ? `${value / 2 ** 20}Mi` : String(value);
}
