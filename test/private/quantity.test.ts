import * as fc from 'fast-check';
import { quantityBytes } from '../../lib/private/quantity';
import { UNKNOWN } from '../delivery/fixture';

const VALUES: Record<string, number> = {
  '0': 0,
  '2': 2,
  '+2': 2,
  '1.5': 1.5,
  '.5': 0.5,
  '5.': 5,
  '500m': 0.5,
  '100u': 0.0001,
  '250n': 0.00000025,
  '1k': 1_000,
  '1Ki': 1_024,
  '64Mi': 67_108_864,
  '64M': 64_000_000,
  '32Gi': 34_359_738_368,
  '1.1G': 1_100_000_000,
  '0.5Gi': 536_870_912,
  '2Ti': 2_199_023_255_552,
  '3T': 3_000_000_000_000,
  '1Pi': 2 ** 50,
  '1P': 1e15,
  '1Ei': 2 ** 60,
  '2E': 2e18,
  '2e3': 2_000,
  '2E+3': 2_000,
  '5e-1': 0.5,
};

test.each(Object.keys(VALUES))('%s is what Kubernetes counts', text => {
  expect(quantityBytes(text)).toBe(VALUES[text]);
});

test.each(['', ' ', '1 Gi', '1GiB', 'Gi', '-1', '1K', '1gi', '0x10', 'NaN', 'Infinity', '1e', '1.2.3', UNKNOWN])('%p is no quantity, and the message says what is', text => {
  expect(() => quantityBytes(text)).toThrow(`quantity '${text}' is not valid: use a quantity such as '500m', '2' or '32Gi', known at synth`);
});

test('whole numbers of every unit are exact as far as numbers are', () => {
  const units: Record<string, bigint> = { '': 1n, 'k': 10n ** 3n, 'M': 10n ** 6n, 'G': 10n ** 9n, 'T': 10n ** 12n, 'Ki': 2n ** 10n, 'Mi': 2n ** 20n, 'Gi': 2n ** 30n, 'Ti': 2n ** 40n };
  fc.assert(fc.property(fc.nat(8191), fc.constantFrom(...Object.keys(units)), (count, unit) => {
    expect(quantityBytes(`${count}${unit}`)).toBe(Number(BigInt(count) * units[unit]));
  }), { seed: 20261101 });
});

test('a thousandth of a thousand is the thing itself', () => {
  fc.assert(fc.property(fc.nat(), count => {
    expect(quantityBytes(`${count}000m`)).toBe(count);
    expect(quantityBytes(`${count}e0`)).toBe(count);
  }), { seed: 20261101 });
});
