import { Lazy } from 'aws-cdk-lib';
import { SessionTag } from '../../lib/access';

test('the tags of EKS Pod Identity are the six that it documents', () => {
  const tags = Object.values(SessionTag).filter((tag): tag is SessionTag => tag instanceof SessionTag);
  expect(tags.map(tag => tag.key)).toEqual([
    'eks-cluster-arn', 'eks-cluster-name', 'kubernetes-namespace', 'kubernetes-service-account', 'kubernetes-pod-name', 'kubernetes-pod-uid',
  ]);
});

test('a tag has a condition key on the session, one on the request, and a policy variable', () => {
  const tag = SessionTag.of('team');
  expect(tag.key).toBe('team');
  expect(tag.principalTag).toBe('aws:PrincipalTag/team');
  expect(tag.requestTag).toBe('aws:RequestTag/team');
  expect(tag.policyVariable).toBe('${aws:PrincipalTag/team}');
});

test.each(['a', 'A-Za_z0.9:/=+@', 'x'.repeat(128)])('the key %j is taken', key => {
  expect(SessionTag.of(key).key).toBe(key);
});

test.each(['', 'x'.repeat(129), 'a b', 'a*', 'a?', 'a}', '${a}', 'a\n', 'é', "a', '*"])('the key %j is refused', key => {
  expect(() => SessionTag.of(key)).toThrow(`session tag '${key}' is not valid: use at most 128 letters, digits and any of '-_.:/=+@'`);
});

test('a key known at deploy time is refused', () => {
  const key = Lazy.string({ produce: () => 'team' });
  expect(() => SessionTag.of(key)).toThrow(`session tag must be known at synth, got an unresolved token (${key}): a policy names it; pass a literal string`);
});
