const UNITS: Record<string, number> = {
  '': 1, 'n': 1e-9, 'u': 1e-6, 'm': 1e-3, 'k': 1e3, 'M': 1e6, 'G': 1e9, 'T': 1e12, 'P': 1e15, 'Ki': 2 ** 10, 'Mi': 2 ** 20, 'Gi': 2 ** 30, 'Ti': 2 ** 40, 'Pi': 2 ** 50,
};

/** A quantity of Kubernetes as a number, undefined if it is none. */
export function numberOf(quantity: unknown): number | undefined {
  const [, digits, unit] = /^([0-9.]+(?:e[0-9]+)?)([a-zA-Z]{0,2})$/.exec(String(quantity)) ?? [];
  return digits === undefined || UNITS[unit] === undefined ? undefined : Number(digits) * UNITS[unit];
}
