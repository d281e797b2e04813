import { Size } from 'aws-cdk-lib';
import { containerOf, Environment, podOf } from './fixture';
import { DeliveredModel, IDeliveryStrategy, ModelDelivery, ModelVolume, PodFacts, PodParts } from '../../lib/delivery';
import { ModelServerProps, ResourceRequirements } from '../../lib/workload';
import { model, UNKNOWN } from '../delivery/fixture';

/** A delivery that says what it takes, and keeps what it was told. */
class Told implements IDeliveryStrategy {
  public readonly sharingKey: string = Math.random().toString();
  public facts?: PodFacts;

  constructor(private readonly parts: PodParts = {}) {}

  public bind(_: DeliveredModel[], pod: PodFacts): PodParts {
    this.facts = pod;
    return this.parts;
  }

  public refusal(): undefined {
    return undefined;
  }
}

function resourcesOf(props: Partial<ModelServerProps>, ...strategies: Told[]): ResourceRequirements {
  const environment = new Environment();
  const models = strategies.map((strategy, index) => ModelDelivery.of(strategy).deliver(model(`m${index}`)));
  return containerOf(environment.server({ models, args: models.map(({ path }) => path), ...props })).resources;
}

function toldOf(props: Partial<ModelServerProps>, parts: PodParts = {}): PodFacts {
  const strategy = new Told(parts);
  resourcesOf(props, strategy);
  return strategy.facts!;
}

const inMemory = (gibibytes: number) => new Told({ memory: Size.gibibytes(gibibytes) });

test('a model in memory is added to the memory that the server asks for, and to its limit', () => {
  const disk = { 'ephemeral-storage': '10240Mi' };
  const given = (requests?: string, limits?: string): Partial<ModelServerProps> => ({
    resources: { requests: requests === undefined ? undefined : { memory: requests }, limits: limits === undefined ? undefined : { memory: limits } },
  });
  expect(resourcesOf(given('32Gi', '40Gi'), inMemory(16))).toEqual({ requests: { ...disk, memory: '49152Mi' }, limits: { memory: '57344Mi' } });
  expect(resourcesOf(given('32Gi'), inMemory(16))).toEqual({ requests: { ...disk, memory: '49152Mi' } });
  expect(resourcesOf(given(), inMemory(16))).toEqual({ requests: { ...disk, memory: '16384Mi' } });
  // A limit alone is what is asked for.
  expect(resourcesOf(given(undefined, '40Gi'), inMemory(16))).toEqual({ requests: disk, limits: { memory: '57344Mi' } });
  expect(resourcesOf(given('1G'), inMemory(1)).requests!.memory).toBe(String(1e9 + 2 ** 30));
});

test('models in memory and on disk add up', () => {
  const disk = new Told({ ephemeralStorage: Size.gibibytes(5) });
  expect(resourcesOf({ resources: { requests: { memory: '1Gi' } } }, inMemory(2), inMemory(3), disk)).toEqual({ requests: { 'ephemeral-storage': '15360Mi', 'memory': '6144Mi' } });
});

test('without a model in memory quantities stay as they were spelled', () => {
  const resources = { requests: { cpu: '4.0', memory: '1e9' }, limits: { memory: '2000000000' } };
  expect(resourcesOf({ resources }, new Told())).toEqual({ requests: { 'ephemeral-storage': '10240Mi', ...resources.requests }, limits: resources.limits });
});

test('memory that is known only after deploying can not be added to', () => {
  expect(() => resourcesOf({ resources: { requests: { memory: UNKNOWN } } }, inMemory(1))).toThrow(/^quantity '.*' is not valid: use a quantity such as .*, known at synth$/);
});

test('deliveries are told what the containers ask for, and which they are', () => {
  expect(toldOf({ resources: { requests: { cpu: '4', memory: '32Gi' }, limits: { 'memory': '40Gi', 'nvidia.com/gpu': '1' } } }).requests)
    .toEqual({ 'cpu': '4', 'memory': '32Gi', 'nvidia.com/gpu': '1' });
  expect(toldOf({}).requests).toEqual({});
  expect(toldOf({ resources: { limits: { memory: '40Gi' } } }).requests).toEqual({ memory: '40Gi' });
});

test('what deliveries add is not in what they are told', () => {
  const parts = { memory: Size.gibibytes(16), ephemeralStorage: Size.gibibytes(20) };
  expect(toldOf({ resources: { requests: { 'memory': '32Gi', 'ephemeral-storage': '9Gi' } } }, parts).requests).toEqual({ 'memory': '32Gi', 'ephemeral-storage': '9Gi' });
});

test('containers ask together, sidecars among them', () => {
  const asking = (name: string, requests: any, limits?: any, sidecar = false) => ({ container: { name, image: 'i', resources: { requests, limits } }, sidecar });
  const { containers, requests } = toldOf({
    resources: { requests: { cpu: '100m', memory: '32Gi' } },
    containers: [asking('a', { cpu: '200m', memory: '64Mi' }), asking('b', undefined, { cpu: '1', memory: '64Mi' }, true), asking('c', { cpu: UNKNOWN, memory: '1' }), { container: { name: 'd', image: 'i' } }],
  });
  expect(containers).toEqual(['server', 'a', 'b', 'c', 'd']);
  expect(requests).toEqual({ cpu: '1300m', memory: String(32 * 2 ** 30 + 128 * 2 ** 20 + 1) });
});

test('a download into memory needs nothing of a node that its server does not', () => {
  const environment = new Environment();
  const volume = ModelVolume.memory({ size: Size.gibibytes(20) });
  const models = [ModelDelivery.s3Download({ bucket: environment.bucket, volume }).deliver(model())];
  const made = environment.server({ models, resources: { requests: { cpu: '500m', memory: '1Gi' } } });
  const { initContainers: [download], containers: [serving] } = podOf(made).spec;
  expect(serving.resources).toEqual({ requests: { 'ephemeral-storage': '10240Mi', 'cpu': '500m', 'memory': '21504Mi' } });
  expect(download.resources.requests).toEqual({ cpu: '500m', memory: '20736Mi' });
  expect(made.requirements.memory?.toGibibytes()).toBe(21);
});

test('a download onto disk asks for no more than its server does', () => {
  const { initContainers: [bare] } = podOf(new Environment().server()).spec;
  expect(bare.resources.requests).toEqual({ 'ephemeral-storage': '19661Mi' });
  const asking = { requests: { 'cpu': '250m', 'memory': '100Mi', 'ephemeral-storage': '15Gi' } };
  expect(podOf(new Environment().server({ resources: asking })).spec.initContainers[0].resources).toEqual(asking);
});

test.each([
  ['memory', { requests: { memory: '64Gi' }, limits: { memory: '32Gi' } }, '64Gi', '32Gi'],
  ['ephemeral-storage', { limits: { 'ephemeral-storage': '5Gi' } }, '10240Mi', '5Gi'],
])('a limit of %s below what is asked for is an error: the API server refuses it', (name, resources, request, limit) => {
  expect(() => resourcesOf({ resources: resources as ResourceRequirements }, new Told()))
    .toThrow(`asks for ${name} '${request}' and is limited to '${limit}', which the API server refuses: raise the limit, or leave it out`);
});

test('a limit that is what is asked for, in other units, is none', () => {
  expect(resourcesOf({ resources: { requests: { memory: '32768Mi' }, limits: { memory: '32Gi' } } }, new Told()).limits).toEqual({ memory: '32Gi' });
});
