import { Size } from 'aws-cdk-lib';
import { FLOOR_RATE, mebibytes, secondsAtRate, STALL_TIMEOUT, VOLUME_HEADROOM } from '../../lib/delivery/limits';

test('limits are those that documentation and manifests mention', () => {
  expect(FLOOR_RATE.toMebibytes()).toBe(20);
  expect(STALL_TIMEOUT.toMinutes()).toBe(5);
  expect(VOLUME_HEADROOM).toBe(1.2);
});

test.each([
  [Size.mebibytes(1), '1Mi'],
  [Size.gibibytes(16), '16384Mi'],
  [Size.bytes(1), '1Mi'],
  [Size.bytes(2 ** 20 + 1), '2Mi'],
])('a size is spelled in whole mebibytes, rounded up', (size, expected) => {
  expect(mebibytes(size)).toBe(expected);
});

test.each([
  [0, 0],
  [1, 1],
  [20 * 2 ** 20, 1],
  [20 * 2 ** 20 + 1, 2],
  [16 * 2 ** 30, 820],
])('%d bytes take %d seconds at 20 MiB/s', (bytes, seconds) => {
  expect(secondsAtRate(bytes, Size.mebibytes(20))).toBe(seconds);
});
