import { TaintEffect, Toleration } from '../../lib/workload';
import { UNKNOWN } from '../delivery/fixture';

test('tolerations are spelled as in a pod', () => {
  expect(Toleration.exists('nvidia.com/gpu')._spec).toEqual({ key: 'nvidia.com/gpu', operator: 'Exists' });
  expect(Toleration.exists('team', TaintEffect.NO_EXECUTE)._spec).toEqual({ key: 'team', operator: 'Exists', effect: 'NoExecute' });
  expect(Toleration.equal('team', 'ml', TaintEffect.PREFER_NO_SCHEDULE)._spec).toEqual({ key: 'team', operator: 'Equal', value: 'ml', effect: 'PreferNoSchedule' });
  expect(Toleration.equal('team', '')._spec.value).toBe('');
});

test.each(['', ' ', 'a b', '-a', 'a/', '/a', 'a/b/c', 'UPPER.example/a', `${'a'.repeat(64)}`, UNKNOWN])('key %p is refused with what to use', key => {
  for (const make of [() => Toleration.exists(key), () => Toleration.equal(key, 'x')]) {
    expect(make).toThrow(`taint key '${key}' is not valid: use a name such as 'team' or 'nvidia.com/gpu'`);
  }
});

test.each([' ', 'a b', '-a', 'a-', 'a/b', 'a'.repeat(64)])('value %p is refused with what to use', value => {
  expect(() => Toleration.equal('team', value)).toThrow(`taint value '${value}' is not valid: use at most 63 letters`);
});
