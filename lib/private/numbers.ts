import { Token } from 'aws-cdk-lib';

/**
 * Kubernetes counts replicas, users and pods in 32 bits.
 * @internal
 */
export const MAX_INT = 2 ** 31 - 1;

/** @internal */
export const MAX_PORT = 65_535;

/**
 * The number, where it is whole, within bounds and known at synth.
 * @internal
 */
export function checkWhole(what: string, value: number, min: number, max = MAX_INT): number {
  const unknown = Token.isUnresolved(value);
  if (unknown || !Number.isInteger(value) || value < min || value > max) {
    const range = max === MAX_INT ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new Error(`${what} is ${unknown ? 'an unresolved token' : value}: give a whole number ${range}, known at synth`);
  }
  return value;
}
