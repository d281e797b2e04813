import { Lazy, Token } from 'aws-cdk-lib';
import { checkWhole } from '../../lib/private/numbers';

test.each([[1, 1], [7, 1], [2 ** 31 - 1, 1], [0, 0]])('%p of at least %p is taken', (value, min) => {
  expect(checkWhole('size', value, min)).toBe(value);
});

test.each([0, -1, 1.5, NaN, Infinity, 2 ** 31])('%p is refused with what to give', value => {
  expect(() => checkWhole('size', value, 1)).toThrow(`size is ${value}: give a whole number of at least 1, known at synth`);
});

test('a range has two ends', () => {
  expect([1, 9].map(value => checkWhole('size', value, 1, 9))).toEqual([1, 9]);
  expect(() => checkWhole('size', 10, 1, 9)).toThrow('size is 10: give a whole number from 1 to 9, known at synth');
});

test('a number that is known only after deploying is refused', () => {
  expect(() => checkWhole('size', Token.asNumber(Lazy.any({ produce: () => 8 })), -Infinity)).toThrow(/^size is an unresolved token: .*known at synth$/);
});
