import { server } from './fixture';
import { ModelServerProps, Rollout } from '../../lib/workload';

const strategyOf = (props: Partial<ModelServerProps>) => server(props).deployment.toJson().spec.strategy;
const REPLACE = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };

test.each<[string, Partial<ModelServerProps>]>([
  ['GPUs', { gpus: 1 }],
  ['GPUs as a limit', { resources: { limits: { 'nvidia.com/gpu': '8' } } }],
  ['Neuron devices', { resources: { limits: { 'aws.amazon.com/neuron': '2' } } }],
  ['a device of another container', { containers: [{ container: { name: 'rerank', image: 'i', resources: { limits: { 'nvidia.com/gpu': '1' } } } }] }],
  ['a device of a sidecar', { containers: [{ sidecar: true, container: { name: 'net', image: 'i', resources: { limits: { 'vpc.amazonaws.com/efa': '1' } } } }] }],
])('a server with %s has no surge pod, which would wait for what only the old pod can free', (_, props) => {
  expect(strategyOf(props)).toEqual(REPLACE);
});

test.each<[string, Partial<ModelServerProps>]>([
  ['nothing', {}],
  ['CPU and memory alone', { resources: { requests: { cpu: '4' }, limits: { 'memory': '32Gi', 'hugepages-2Mi': '1Gi' } } }],
])('a server with %s is rolled out as Kubernetes does by itself', (_, props) => {
  expect(strategyOf(props)).toBeUndefined();
});

test('a rollout of your own wins, with GPUs and without', () => {
  expect(strategyOf({ gpus: 1, rollout: Rollout.surge() })).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  expect(strategyOf({ gpus: 1, rollout: Rollout.surge({ maxSurge: 3 }) })).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 0 } });
  expect(strategyOf({ rollout: Rollout.replace() })).toEqual(REPLACE);
  expect(strategyOf({ rollout: Rollout.replace({ maxUnavailable: 2 }) })).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 2 } });
  expect(strategyOf({ rollout: Rollout.recreate() })).toEqual({ type: 'Recreate' });
});

test.each([0, -1, 1.5, NaN, 2 ** 31])('%p pods are no rollout', pods => {
  expect(() => Rollout.replace({ maxUnavailable: pods })).toThrow(`maxUnavailable of a rollout is ${pods}: give a whole number of at least 1, known at synth`);
  expect(() => Rollout.surge({ maxSurge: pods })).toThrow(`maxSurge of a rollout is ${pods}: give a whole number of at least 1, known at synth`);
});
