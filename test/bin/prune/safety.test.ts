import type { LifecycleRule } from '@aws-sdk/client-s3';
import { freedBy } from '../../../bin/prune/safety';

const expires = (NoncurrentVersionExpiration: LifecycleRule['NoncurrentVersionExpiration'], more: Partial<LifecycleRule> = {}): LifecycleRule => ({ Status: 'Enabled', NoncurrentVersionExpiration, ...more });

test.each<[string, LifecycleRule[], string]>([
  ['the shortest of the rules that hold', [expires({ NoncurrentDays: 30 }), expires({ NoncurrentDays: 7 }, { Filter: { Prefix: 'models/' } })], '7 days after they are removed'],
  ['a rule in the old form', [expires({ NoncurrentDays: 9 }, { Prefix: '' })], '9 days after they are removed'],
  ['rules that do not hold', [
    expires({ NoncurrentDays: 30 }),
    { ...expires({ NoncurrentDays: 1 }), Status: 'Disabled' },
    expires({ NoncurrentDays: 2 }, { Filter: { Prefix: 'models/serving/' } }),
    expires({ NoncurrentDays: 3 }, { Filter: { Tag: { Key: 'a', Value: 'b' } } }),
    expires({ NoncurrentDays: 4 }, { Filter: { And: { Prefix: 'models/' } } }),
    expires({ NoncurrentDays: 5 }, { Filter: { ObjectSizeGreaterThan: 1 } }),
  ], '30 days after they are removed'],
  ['a rule that keeps the newest', [expires({ NoncurrentDays: 30, NewerNoncurrentVersions: 3 })], 'never: a rule of the bucket keeps the 3 newest superseded versions of each object, however old they are'],
  ['no rule', [], 'never: no rule of the bucket expires superseded versions'],
])('when bytes are freed: %s', (_, rules, expected) => {
  expect(freedBy(rules)).toBe(expected);
});
