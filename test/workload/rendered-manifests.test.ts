import { ApiObject, App, Chart, JsonPatch } from 'cdk8s';
import { Environment, IMAGE } from './fixture';
import { Downloader } from '../../lib/delivery';
import { imagesIn } from '../../lib/delivery/images';
import { renderManifests } from '../../lib/workload/rendered-manifests';

const configMap = (chart: Chart, id = 'Map') => new ApiObject(chart, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: id.toLowerCase() } });

test('a chart of your own is written with the rest, named by its place', () => {
  const environment = new Environment();
  environment.server();
  const outer = new Chart(environment.manifests, 'outer', { namespace: 'mine' });
  configMap(outer);
  configMap(new Chart(outer, 'inner part'), 'Deep');
  environment.synth();
  expect(environment.names()).toEqual(['outer-inner-part.yaml', 'outer.yaml', 'serving.llama.serviceaccount.yaml', 'serving.llama.yaml']);
  const rendered = renderManifests(environment.manifests);
  const names = (file: string) => rendered.find(({ name }) => name === file)!.documents.map(({ metadata }) => metadata.name);
  expect([names('outer.yaml'), names('outer-inner-part.yaml')]).toEqual([['map'], ['deep']]);
});

test('a chart without objects has no file', () => {
  const app = new App();
  new Chart(app, 'empty');
  expect(renderManifests(app)).toEqual([]);
});

test('objects are written in the order in which they depend on each other', () => {
  const chart = new Chart(new App(), 'mine');
  const [first, second] = [configMap(chart, 'First'), configMap(chart, 'Second')];
  first.addDependency(second);
  const [{ documents }] = renderManifests(chart.node.root as App);
  expect(documents.map(({ metadata }) => metadata.name)).toEqual(['second', 'first']);
});

test('two charts for one file are refused, and both are named', () => {
  const environment = new Environment();
  environment.server();
  environment.server({}, 'llama', new Chart(environment.manifests, 'blue'));
  expect(environment.refusal()).toContain('[Serving/Manifests] llama and blue/llama would both be written to serving.llama.yaml: give one of them another name');
});

test('servers of the same name in two namespaces have two files', () => {
  const environment = new Environment();
  environment.server();
  const identity = environment.readers.associate({ namespace: 'staging', serviceAccount: 'llama' });
  environment.server({ identity, models: [environment.deliver()] }, 'llama', new Chart(environment.manifests, 'staging'));
  expect(renderManifests(environment.manifests).map(({ name }) => name).sort()).toEqual([
    'serving.llama.serviceaccount.yaml', 'serving.llama.yaml', 'staging.llama.serviceaccount.yaml', 'staging.llama.yaml',
  ]);
});

test('images are all that objects name, wherever they stand, each once and in order', () => {
  const environment = new Environment();
  environment.server();
  environment.server({ image: 'registry.example/a:1' }, 'other');
  expect(environment.manifests.images).toEqual([Downloader.s5cmd().image, 'registry.example/a:1', IMAGE].sort());
  expect(imagesIn([{ a: [{ image: 'b' }] }, { image: 'd', images: ['e'] }, null, 'image'])).toEqual(['b', 'd']);
});

test('an image volume names an image that the cluster must be able to pull', () => {
  expect(imagesIn({ volumes: [{ name: 'data', image: { reference: 'registry.example/data:1', pullPolicy: 'IfNotPresent' } }] })).toEqual(['registry.example/data:1']);
});

function renderings(servers: number): number {
  const environment = new Environment();
  for (let index = 0; index < servers; index++) environment.server({}, `llama-${index}`);
  const spy = jest.spyOn(ApiObject.prototype, 'toJson');
  environment.synth();
  const calls = spy.mock.calls.length;
  spy.mockRestore();
  expect(environment.names()).toHaveLength(servers + 1);
  return calls;
}

test('the work of a synth grows with the number of servers, and not faster', () => {
  const [twenty, forty] = [renderings(20), renderings(40)];
  // Two objects a server and one service account, each rendered once for validation and writing together.
  expect(twenty).toBe(2 * 20 + 1);
  expect(forty).toBe(2 * 40 + 1);
});

test('what is changed after a synth, or after one that failed, is in the next', () => {
  const environment = new Environment();
  const server = environment.server();
  const data: Record<string, string> = { round: 'first' };
  const chart = new Chart(environment.manifests, 'mine');
  new ApiObject(chart, 'Map', { apiVersion: 'v1', kind: 'ConfigMap', data });
  environment.synth();
  expect(environment.files()['mine.yaml']).toContain('round: first');

  data.round = 'second';
  const broken = environment.server({ env: { STACK: environment.stack.stackId } }, 'broken');
  expect(() => environment.app.synth({ force: true })).toThrow('unresolved token');
  environment.manifests.node.tryRemoveChild(broken.node.id);
  server.deployment.addJsonPatch(JsonPatch.replace('/spec/replicas', 7));
  environment.app.synth({ force: true, skipValidation: true });
  expect(environment.files()['mine.yaml']).toContain('round: second');
  expect(environment.files()['serving.llama.yaml']).toContain('replicas: 7');
  expect(environment.names()).not.toContain('serving.broken.yaml');
});

test('a file knows the files that its chart, or an object in it, depends on', () => {
  const app = new App();
  const [first, second, third] = ['first', 'second', 'third'].map(id => new Chart(app, id));
  const objects = [first, second, third].map(chart => configMap(chart));
  const inner = new Chart(first, 'inner');
  configMap(inner);
  objects[1].addDependency(objects[2]);
  third.addDependency(first);
  const dependencies = Object.fromEntries(renderManifests(app).map(file => [file.name, [...file.dependencies].sort()]));
  expect(dependencies).toEqual({ 'first.yaml': [], 'first-inner.yaml': [], 'second.yaml': ['third.yaml'], 'third.yaml': ['first-inner.yaml', 'first.yaml'] });
});
