/** Powers of ten, as quantities abbreviate them (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** @internal */
export const QUANTITY = /^\+?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?\d+)?$/;

/**
 * What a quantity comes to, in bytes, cores or whatever it counts: the nearest number, which is exact up to 2^53.
 *
 * @throws where the text is no quantity
 * @internal
 */
export function quantityBytes(text: string): number {
  const [, number, suffix] = QUANTITY.exec(text) ?? [];
  if (number === undefined) throw new Error(`quantity '${text}' is not valid: use a quantity such as '500m', '2' or '32Gi', known at synth`);
  if (suffix === undefined) return Number(number);
  if (suffix.endsWith('i')) return Number(number) * 2 ** (10 * (BINARY.indexOf(suffix) + 1));
  return Number(suffix in DECIMAL ? `${number}e${DECIMAL[suffix]}` : `${number}${suffix}`);
}
