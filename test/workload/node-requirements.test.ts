import { Size } from 'aws-cdk-lib';
import { JsonPatch } from 'cdk8s';
import { Environment, server } from './fixture';
import { NodeRequirements } from '../../lib/workload';
import { podRequirements } from '../../lib/workload/node-requirements';
import { model } from '../delivery/fixture';

const asking = (requests?: any, fields = {}) => ({ resources: { requests }, ...fields });
const sidecar = { restartPolicy: 'Always' };

function plain({ ephemeralStorage, memory, ...rest }: NodeRequirements): any {
  return { ...rest, disk: ephemeralStorage.toBytes(), memory: memory?.toBytes() };
}

const NOTHING = { disk: 0, memory: undefined, cpu: undefined, extendedResources: {} };

test('containers are counted together', () => {
  expect(plain(podRequirements({ containers: [asking({ 'cpu': '500m', 'memory': '1Ki', 'ephemeral-storage': '1k' }), asking({ cpu: '2', memory: '1k' }), {}] })))
    .toEqual({ disk: 1000, memory: 2024, cpu: 2.5, extendedResources: {} });
  expect(plain(podRequirements({}))).toEqual(NOTHING);
});

test('where there is a limit alone, it is what is asked for', () => {
  const container = { resources: { limits: { 'memory': '2k', 'cpu': '3', 'nvidia.com/gpu': '8', 'vpc.amazonaws.com/efa': '1', 'hugepages-2Mi': '4Mi' }, requests: { cpu: '1' } } };
  expect(plain(podRequirements({ containers: [container] }))).toEqual({ ...NOTHING, memory: 2000, cpu: 1, extendedResources: { 'nvidia.com/gpu': 8, 'vpc.amazonaws.com/efa': 1 } });
});

test('init containers run one after the other, and only the largest counts, where it is larger', () => {
  const initContainers = [asking({ cpu: '3', memory: '1' }), asking({ cpu: '1', memory: '5' })];
  expect(plain(podRequirements({ initContainers, containers: [asking({ cpu: '2', memory: '9' })] }))).toEqual({ ...NOTHING, cpu: 3, memory: 9 });
});

test('sidecars go on beside the containers, and beside init containers that come after them', () => {
  const containers = [asking({ cpu: '2' })];
  expect(podRequirements({ containers, initContainers: [asking({ cpu: '4' }), asking({ cpu: '1' }, sidecar)] }).cpu).toBe(4);
  expect(podRequirements({ containers, initContainers: [asking({ cpu: '1' }, sidecar), asking({ cpu: '4' })] }).cpu).toBe(5);
  expect(podRequirements({ containers, initContainers: [asking({ cpu: '1' }, sidecar), asking({ cpu: '1' }, sidecar)] }).cpu).toBe(4);
});

test('a server says what a node must have: the model with a fifth more, scratch, and what it asks for', () => {
  const environment = new Environment();
  const made = environment.server({ models: [environment.deliver(model('llama', { size: Size.gibibytes(140) }))], gpus: 8, resources: { requests: { memory: '200Gi', cpu: '16' } } });
  expect(plain(made.requirements)).toEqual({ disk: (140 * 1.2 + 10) * 2 ** 30, memory: 200 * 2 ** 30, cpu: 16, extendedResources: { 'nvidia.com/gpu': 8 } });
});

test('patches are counted', () => {
  const patches = [JsonPatch.replace('/spec/template/spec/containers/0/resources/requests/ephemeral-storage', '1Ti')];
  expect(server({ patches }).requirements.ephemeralStorage.toTebibytes()).toBe(1);
});
