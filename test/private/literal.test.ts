import { Lazy } from 'aws-cdk-lib';
import { literal } from '../../lib/private/literal';

test('a literal string comes back as it is', () => {
  expect(literal('eu-west-1', 'region', 'reason')).toBe('eu-west-1');
  expect(literal('', 'region', 'reason')).toBe('');
});

test('a dollar sign and braces alone are no token', () => {
  expect(literal('${aws:PrincipalTag/x}', 'tag', 'reason')).toBe('${aws:PrincipalTag/x}');
});

test('a token is refused with what it is for and why, also inside a longer string', () => {
  const token = Lazy.string({ produce: () => 'later' });
  expect(() => literal(token, 'region', 'it is needed now; pass a literal')).toThrow(
    `region must be known at synth, got an unresolved token (${token}): it is needed now; pass a literal`,
  );
  expect(() => literal(`a-${token}`, 'region', 'reason')).toThrow('region must be known at synth');
});
