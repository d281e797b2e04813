import { Size, Token } from 'aws-cdk-lib';
import { quantityBytes } from './quantity';

type Quantities = Record<string, string>;

/**
 * What a container asks for: where it has a limit alone, that, as the API server fills it in.
 * @internal
 */
export function effectiveRequests(resources: { limits?: Quantities; requests?: Quantities } | undefined): Quantities {
  return { ...resources?.limits, ...resources?.requests };
}

/**
 * What containers, spelled as in a pod, ask for together. What is known only after deploying is left out.
 * @internal
 */
export function totalRequests(containers: any[]): Quantities {
  const total: Quantities = {};
  for (const requests of containers.map(container => effectiveRequests(container.resources))) {
    for (const [name, value] of Object.entries(requests).filter(entry => !Token.isUnresolved(entry[1]))) {
      const quantity = String(value);
      total[name] = total[name] === undefined ? quantity : formatted(quantityBytes(total[name]) + quantityBytes(quantity));
    }
  }
  return total;
}

/**
 * What a container asks for and is held to, and more of it. A limit is not made where there is none, nor a request where the limit is it.
 * @internal
 */
export function resourcesPlus(resources: { limits?: Quantities; requests?: Quantities } | undefined, more: Record<string, Size>): any {
  const limits = resources?.limits ?? {};
  const requests = resources?.requests ?? {};
  const result: any = { ...resources };
  for (const [name, size] of Object.entries(more).filter(entry => entry[1].toBytes() > 0)) {
    if (limits[name] !== undefined) result.limits = { ...result.limits, [name]: quantityPlus(String(limits[name]), size) };
    if (limits[name] === undefined || requests[name] !== undefined) {
      result.requests = { ...result.requests, [name]: quantityPlus(String(requests[name] ?? 0), size) };
    }
  }
  return result;
}

/**
 * What a pod as a whole asks for and is held to, where it says so, and more of that. A request that is left out would be what the containers ask for
 * together, or else the limit: it is written out, since they ask for more now
 * (https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/).
 * @internal
 */
export function podResourcesPlus({ resources, containers }: any, more: Record<string, Size>): any {
  const limits = resources?.limits ?? {};
  const requests = resources?.requests ?? {};
  let result = resources;
  for (const [name, size] of Object.entries(more).filter(entry => isOfPod(resources, entry[0]))) {
    const asked = requests[name] ?? totalRequests(containers)[name] ?? limits[name];
    result = {
      ...result,
      ...limits[name] === undefined ? {} : { limits: { ...result.limits, [name]: quantityPlus(String(limits[name]), size) } },
      requests: { ...result.requests, [name]: quantityPlus(String(asked), size) },
    };
  }
  return result;
}

/**
 * Whether a pod as a whole asks for a resource or is held to some.
 * @internal
 */
export function isOfPod(resources: { limits?: Quantities; requests?: Quantities } | undefined, name: string): boolean {
  return (resources?.limits?.[name] ?? resources?.requests?.[name] ?? undefined) !== undefined;
}

/**
 * The reverse of `resourcesPlus`. What comes to nothing goes.
 * @internal
 */
export function resourcesMinus(resources: { limits?: Quantities; requests?: Quantities } | undefined, less: Record<string, Size>): any {
  const result: any = { ...resources };
  for (const side of ['limits', 'requests'] as const) {
    const left: Quantities = { ...result[side] };
    for (const [name, size] of Object.entries(less).filter(entry => left[entry[0]] !== undefined)) {
      const value = quantityBytes(String(left[name])) - size.toBytes();
      if (value > 0) left[name] = formatted(value);
      else delete left[name];
    }
    if (Object.keys(left).length > 0) result[side] = left;
    else delete result[side];
  }
  return Object.keys(result).length > 0 ? result : undefined;
}

/** A quantity of bytes, and more. */
function quantityPlus(quantity: string, more: Size): string {
  return formatted(quantityBytes(quantity) + more.toBytes());
}

/** The number as a quantity: whole mebibytes where it has them, else as it is, or in thousandths. */
function formatted(value: number): string {
  if (!Number.isInteger(value)) return `${Math.ceil(Number((value * 1000).toFixed(3)))}m`;
  return value >= 2 ** 20 && value % 2 ** 20 === 0 ? `${value / 2 ** 20}Mi` : String(value);
}
