const WORDS = new Map<string, unknown>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(word => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(word => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map(word => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(word => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map(word => [word, -Infinity] as const),
]);
const INTEGER = /^([-+]?)(?:0x([0-9a-f]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))$/i;
/** Go reads what follows 0b once more as a number with a sign. */
const SIGNED_BINARY = /^0b([-+])([01]+)$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const LARGEST = 2n ** 64n - 1n;
const LARGEST_SIGNED = 2n ** 63n - 1n;

/**
 * What a scalar without quotes means to kubectl: YAML 1.1 as https://pkg.go.dev/go.yaml.in/yaml/v2 reads it, which knows numbers as Go writes them
 * (0o17, 1_000) and no base of 60, and leaves dates as they are. An integer that a JavaScript number can't hold is a bigint.
 * @internal
 */
export function resolveScalar(text: string): unknown {
  if (WORDS.has(text)) return WORDS.get(text);
  if (!/^[-+.0-9]/.test(text)) return text;
  // Go leaves out underscores; behind a point it takes them between digits alone.
  const plain = text.replace(text.startsWith('.') ? /(?<=\d)_(?=\d)/g : /_/g, '');
  const integer = integerOf(plain.replace(SIGNED_BINARY, '$10b$2'));
  if (integer !== undefined) return integer;
  const number = FLOAT.test(plain) ? Number(plain) : Infinity;
  return Number.isFinite(number) ? number + 0 : text;
}

function integerOf(text: string): unknown {
  const [, sign, hexadecimal, binary, octal, decimal] = INTEGER.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const size = BigInt(hexadecimal !== undefined ? `0x${hexadecimal}` : binary !== undefined ? `0b${binary}` : octal !== undefined ? `0o${octal}` : decimal);
  // ParseUint knows no sign
  if (size > (sign === '' ? LARGEST : sign === '-' ? LARGEST_SIGNED + 1n : LARGEST_SIGNED)) return undefined;
  return narrow(sign === '-' ? -size : size);
}

/** A number where it says the same. The Kubernetes API knows no integer of more than 64 bits with a sign: kubectl sends those as floating point. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) || value > LARGEST_SIGNED ? number : value;
}

/**
 * What a key becomes in the JSON that kubectl sends; undefined for one that it refuses, or writes as a number of its own making.
 *
 * @param value what the key resolves to
 * @param text the key as it is written
 * @internal
 */
export function keyOf(value: unknown, text: string): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'number' || value === 0 && text.startsWith('-') && text.includes('.')) return undefined;
  if (Number.isSafeInteger(value) && !/[.e]/i.test(text.replace(/^[-+]?0x.*/i, ''))) return String(value);
  // a float: the digits that 32 bits need, with an exponent from a million on
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return undefined;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return String(short);
  }
  return undefined;
}
