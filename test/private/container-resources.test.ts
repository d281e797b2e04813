import { Lazy, Size, Token } from 'aws-cdk-lib';
import { effectiveRequests, resourcesPlus, totalRequests } from '../../lib/private/container-resources';

const UNKNOWN = Token.asString(Lazy.any({ produce: () => '4' }));
const container = (requests?: any, limits?: any) => ({ resources: { requests, limits } });

test('a limit alone is the request', () => {
  expect(effectiveRequests({ limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '1' } })).toEqual({ cpu: '1', memory: '1Gi' });
  expect(effectiveRequests(undefined)).toEqual({});
});

test('containers ask for the sum of what each asks for', () => {
  expect(totalRequests([container({ cpu: '100m', memory: '1Gi' }), container({ cpu: '200m' }), {}, container(undefined, { memory: '512Mi' })])).toEqual({ cpu: '300m', memory: '1536Mi' });
  expect(totalRequests([container({ cpu: 2 }), container({ cpu: '1' })])).toEqual({ cpu: '3' });
  expect(totalRequests([container({ cpu: '1.5' })])).toEqual({ cpu: '1.5' });
  expect(totalRequests([container({ memory: '1000' }), container({ memory: '1' })])).toEqual({ memory: '1001' });
  expect(totalRequests([])).toEqual({});
});

test('what is known only after deploying is left out', () => {
  expect(totalRequests([container({ cpu: UNKNOWN, memory: '1Gi' })])).toEqual({ memory: '1Gi' });
});

const MORE = { 'memory': Size.gibibytes(16), 'ephemeral-storage': Size.bytes(0) };

test.each<[string, any, any]>([
  ['nothing', undefined, { requests: { memory: '16384Mi' } }],
  ['a request', { requests: { memory: '1Gi', cpu: '1' } }, { requests: { memory: '17408Mi', cpu: '1' } }],
  ['a limit', { limits: { memory: '1Gi' } }, { limits: { memory: '17408Mi' } }],
  ['both', { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } }, { requests: { memory: '17408Mi' }, limits: { memory: '18432Mi' } }],
  ['a number', { requests: { memory: 1048576 } }, { requests: { memory: '16385Mi' } }],
  ['claims of devices', { claims: [{ name: 'gpu' }] }, { claims: [{ name: 'gpu' }], requests: { memory: '16384Mi' } }],
])('16 GiB more of memory than %s', (_, resources, expected) => {
  expect(resourcesPlus(resources, MORE)).toEqual(expected);
});

test('what was given is not changed', () => {
  const resources = Object.freeze({ requests: Object.freeze({ memory: '1Gi' }) as any });
  expect(resourcesPlus(resources, MORE).requests.memory).toBe('17408Mi');
});
