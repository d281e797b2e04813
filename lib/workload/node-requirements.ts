import { Size } from 'aws-cdk-lib';
import { effectiveRequests } from '../private/container-resources';
import { quantityBytes } from '../private/quantity';

/** What one node must have free for one pod of a server. A pod that no node can offer it stays Pending. */
export interface NodeRequirements {
  /** Disk: the part of the node's root volume, or instance store, that pods may use. */
  readonly ephemeralStorage: Size;

  /**
   * Memory.
   *
   * @default - none is asked for
   */
  readonly memory?: Size;

  /**
   * Cores, such as 0.5.
   *
   * @default - none are asked for
   */
  readonly cpu?: number;

  /** Devices by the names of their resources, such as `{ 'nvidia.com/gpu': 8 }`. */
  readonly extendedResources: { [name: string]: number };
}

/**
 * What the scheduler counts for a pod: the larger of what its containers ask for together, and what any init container does beside the sidecars that
 * were started before it. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 * @internal
 */
export function podRequirements({ containers = [], initContainers = [] }: any): NodeRequirements {
  const totals: Record<string, number> = {};
  const peaks: Record<string, number> = {};
  const add = (to: Record<string, number>, container: any) => {
    for (const [name, quantity] of Object.entries(effectiveRequests(container.resources))) to[name] = (to[name] ?? 0) + quantityBytes(quantity);
  };
  for (const container of initContainers) {
    const beside = { ...totals };
    add(container.restartPolicy === 'Always' ? totals : beside, container);
    for (const [name, value] of Object.entries(beside)) peaks[name] = Math.max(peaks[name] ?? 0, value);
  }
  for (const container of containers) add(totals, container);
  const needs: Record<string, number> = {};
  for (const [name, value] of [...Object.entries(peaks), ...Object.entries(totals)]) needs[name] = Math.max(needs[name] ?? 0, value);
  const { cpu, memory, 'ephemeral-storage': disk = 0, ...others } = needs;
  return {
    ephemeralStorage: Size.bytes(Math.ceil(disk)),
    memory: memory === undefined ? undefined : Size.bytes(Math.ceil(memory)),
    cpu,
    extendedResources: Object.fromEntries(Object.entries(others).filter(([name]) => name.includes('/'))),
  };
}
