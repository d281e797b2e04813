import { Duration } from 'aws-cdk-lib';
import { DIGEST, FACTS, model, UNKNOWN } from './fixture';
import { image, PINNED, pod, shared } from './oci-fixture';
import { IDeliveryStrategy, ModelDelivery, PodParts } from '../../lib/delivery';
import { bindModels, totalWindow } from '../../lib/delivery/bind-models';
import { deliveryWarnings } from '../../lib/delivery/delivery-warnings';

/** Records what it is asked to bind. */
class Recorder implements IDeliveryStrategy {
  public readonly bound: string[][] = [];
  constructor(public readonly sharingKey: string) {}
  public bind(models: any[]): PodParts {
    this.bound.push(models.map(delivered => delivered.path));
    return { startWindow: Duration.seconds(models.length) };
  }
  public refusal(): string | undefined {
    return undefined;
  }
}

const delivery = (key = 'one') => ModelDelivery.of(new Recorder(key));
const at = (path: string) => delivery().deliver(model(), { path });

test('a model is read at a path that ends in models and has its name', () => {
  expect(delivery().deliver(model('llama-3.1-8b')).path).toBe('/mnt/llama-3.1-8b/models');
});

test('the path does not change with the version or the digest', () => {
  const paths = [model(), model('llama', { version: '2' }), model('llama', { digest: undefined })].map(each => delivery().deliver(each).path);
  expect(new Set(paths).size).toBe(1);
});

test('a path of your own is taken as it is', () => {
  expect(at('/opt/My_Models/v1.0').path).toBe('/opt/My_Models/v1.0');
});

test('a delivered model knows its model and its delivery', () => {
  const way = delivery();
  const what = model();
  expect(way.deliver(what)).toMatchObject({ delivery: way, model: what });
});

test.each(['', '/', 'mnt/llama', './llama', '/mnt/llama/', '/mnt//llama', '/mnt/../etc', '/mnt/./llama', '/mnt/my llama', '/mnt/$(HOME)', '/mnt/a:ro', '/mnt/a\n', 'C:\\models'])(
  'path %p is refused with the model, the reason and the fix', path => {
    expect(() => at(path)).toThrow(`path '${path}' of model serving/llama@1 is not valid: give an absolute path of letters, digits and '-_.', without '.' or '..' segments`);
  });

test('a path that is known only after deploying is refused', () => {
  expect(() => at(UNKNOWN)).toThrow(/^path of model serving\/llama@1 must be known at synth, got an unresolved token.*pass a literal string$/);
});

test.each([
  ['/mnt/a', '/mnt/a'],
  ['/mnt/a', '/mnt/a/b'],
  ['/mnt/a/b', '/mnt/a'],
])('two models at %p and %p are refused, and both are named', (first, second) => {
  const models = [delivery().deliver(model('llama'), { path: first }), delivery('two').deliver(model('mistral'), { path: second })];
  expect(() => bindModels(models, FACTS)).toThrow(
    `models serving/llama@1 at '${first}' and serving/mistral@1 at '${second}' are in each other's way: give one of them a path of its own, deliver(model, { path })`);
});

test('the same model twice is refused, however it is delivered', () => {
  expect(() => bindModels([delivery().deliver(model()), delivery('two').deliver(model())], FACTS)).toThrow("in each other's way");
});

test('one model comes out of an image, by whatever deliveries', () => {
  const from = { image: image() };
  const [copy, car] = [ModelDelivery.ociCopy(from), ModelDelivery.modelcar(from)];
  const bert = model('bert', { tenant: undefined });
  expect(() => bindModels([copy.deliver(shared), car.deliver(bert)], pod())).toThrow(`models llama@1 and bert@1 are delivered from image '${PINNED}', and an image carries one model: give each its own`);
  expect(() => bindModels([copy.deliver(shared), ModelDelivery.ociCopy({ ...from, parallelFiles: 1 }).deliver(bert)], pod())).toThrow('an image carries one model');
  expect(() => bindModels([copy.deliver(shared), car.deliver(shared, { path: '/srv/llama/models' })], pod())).not.toThrow();
  expect(() => bindModels([copy.deliver(shared), copy.deliver(model('llama', { tenant: undefined, digest: undefined }), { path: '/srv/llama/models' })], pod()))
    .toThrow(`model llama@1 comes twice out of image '${PINNED}', with digest ${DIGEST} and none: use one artifact for both`);
  expect(() => bindModels([copy.deliver(shared), ModelDelivery.ociCopy({ image: image(PINNED, { folder: '/other' }) }).deliver(bert)], pod())).not.toThrow();
});

test('a warning that several models have is given once', () => {
  const car = ModelDelivery.modelcar({ image: image() });
  const parts = bindModels([car.deliver(model()), car.deliver(model(), { path: '/mnt/again/models' })], pod());
  expect(deliveryWarnings(parts).map(({ id }) => id)).toEqual(['modelImageReadableByNode']);
});

test('a path that only starts like another is no clash', () => {
  expect(bindModels([at('/mnt/a'), at('/mnt/ab'), at('/mnt/a-b')], FACTS)).toHaveLength(1);
});

test('models with the same key are bound together, in the order given, and others apart', () => {
  const [one, two] = [new Recorder('one'), new Recorder('two')];
  const models = [one, two, one].map((strategy, index) => ModelDelivery.of(strategy).deliver(model(), { path: `/mnt/${index}` }));
  bindModels(models, FACTS);
  expect([one.bound, two.bound]).toEqual([[['/mnt/0', '/mnt/2']], [['/mnt/1']]]);
});

test('the time until the application starts is that of all parts together', () => {
  expect(totalWindow([{ startWindow: Duration.minutes(1) }, {}, { startWindow: Duration.seconds(5) }]).toSeconds()).toBe(65);
  expect(totalWindow([]).toSeconds()).toBe(0);
});
