import { App } from 'cdk8s';
import * as fc from 'fast-check';
import * as YAML from 'yaml';
import { IMAGE, refusal } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { Downloader, IDeliveryStrategy, ModelDelivery, PodParts } from '../../lib/delivery';
import { Engine, Exposure, ModelServer, ModelServerProps, ScalingMetric, Toleration } from '../../lib/workload';
import { DirectoryWriter } from '../../lib/workload/directory-writer';
import { renderManifests } from '../../lib/workload/rendered-manifests';
import { bind, delivered, model } from '../delivery/fixture';

const SEED = 20261101;
/** More where somebody asks for them. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 15);

/** What a user of the library reads: what is wrong, and what to do about it. */
const USEFUL = /\b(use|give|pass|shorten|start it|rename|move|remove|one of)\b/;

/** Brings a model by nothing, so that only the strings of a user are in the manifest. */
const NOTHING: IDeliveryStrategy = { sharingKey: 'nothing', bind: (): PodParts => ({}), refusal: () => undefined };
const IDENTITY = WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'llama' });
const NOWHERE = new DirectoryWriter('/nowhere/at/all');

/** The objects that readers of YAML 1.1 and 1.2 get, which are the same; what is refused is thrown. */
function manifestsOf(props: Partial<ModelServerProps>, id = 'llama'): any[] {
  const app = new App();
  new ModelServer(app, id, { identity: IDENTITY, image: IMAGE, engine: ENGINE, models: [ModelDelivery.of(NOTHING).deliver(model())], ...props });
  const files = renderManifests(app);
  const errors = [...NOWHERE.errors(files), ...app.node.findAll().flatMap(node => node.node.validate())];
  if (errors.length > 0) throw new Error(errors.join());
  expect(files[0].text).not.toMatch(/[\u007f-\u009f\u2028\u2029\ufffe\uffff]/);
  const [old, current] = (['1.1', '1.2'] as const).map(version => YAML.parseAllDocuments(files[0].text, { version }).map(document => document.toJS({ maxAliasCount: 0 })));
  expect(old).toEqual(current);
  return current;
}

const ENGINE = Engine.of({ args: ['{path}'], port: 8000 });
const container = (props: Partial<ModelServerProps>) => manifestsOf(props)[0].spec.template.spec.containers[0];
const pod = (props: Partial<ModelServerProps>) => manifestsOf(props)[0].spec.template.spec;
const objectOf = (kind: string, props: Partial<ModelServerProps>) => manifestsOf(props).find(object => object.kind === kind);
const ingress = (options: Partial<Parameters<typeof Exposure.ingress>[0]>) => objectOf('Ingress', { exposure: Exposure.ingress({ host: 'a.b', ...options }) });
const metric = (options: Partial<Parameters<typeof ScalingMetric.pods>[0]>) =>
  objectOf('HorizontalPodAutoscaler', { autoscaling: { maxReplicas: 1, metric: ScalingMetric.pods({ name: 'a', averageValue: '1', ...options }) } }).spec.metrics[0].pods;
const variable = (env: Record<string, string>) => container({ env }).env.at(-1);

const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const QUANTITY = /^\+?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?\d+)?$/;

const HOST = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const URL_PATH = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$/;

const isHost = (value: string) => HOST.test(value) && value.length <= 255 && !/^[0-9.]+$/.test(value);
const isUrlPath = (value: string) => value.startsWith('/') && URL_PATH.test(value) && !/\/\/|\/\.\.?(\/|$)|%2f/i.test(value);
const isLabelValue = (value: string) => value === '' || NAME.test(value);
const isQualifiedName = (value: string) => {
  const [name, ...prefix] = value.split('/').reverse();
  return prefix.length <= 1 && NAME.test(name) && prefix.every(text => SUBDOMAIN.test(text));
};

interface Subject {
  /** What comes out of the manifest for a string. */
  readonly take: (value: string) => unknown;
  /** Whether the API server takes it. */
  readonly valid: (value: string) => boolean;
  /** What an arbitrary string hits too rarely. */
  readonly typical: RegExp;
}

const anything = () => true;
const LABEL = /^[A-Za-z0-9][-A-Za-z0-9_.]{0,66}$/;
const KEY = /^([a-z0-9][-a-z0-9.]{0,12}\/)?[A-Za-z0-9][-A-Za-z0-9_.]{0,66}$/;
const WORDS = /^[-=$(){}~!&*?|>%@`"'#,:. \n\tA-Za-z0-9]{0,20}$/;

const SUBJECTS: Record<string, Subject> = {
  'id': {
    take: id => { const [{ metadata }, service] = manifestsOf({}, id); expect(service.metadata).toEqual(metadata); return metadata.name; },
    valid: value => /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value),
    typical: /^[a-z][-a-z0-9]{0,66}$/,
  },
  'image': { take: image => container({ image }).image, valid: value => /^[\x21-\x7e]+$/.test(value), typical: /^[a-z]{1,5}(\/[a-z]{1,5})?(:[a-z0-9.]{1,3})? ?$/ },
  'command': { take: value => container({ command: ['serve', value] }).command[1], valid: anything, typical: WORDS },
  'argument': { take: value => container({ args: [value] }).args[1], valid: anything, typical: WORDS },
  'name of a variable': { take: name => variable({ [name]: 'x' }).name, valid: value => /^[-._A-Za-z][-._A-Za-z0-9]*$/.test(value) && !/^\.\.?$/.test(value), typical: /^[A-Z_.][-A-Z0-9_.=]{0,10}$/ },
  'value of a variable': { take: value => variable({ NAME: value }).value, valid: anything, typical: WORDS },
  'label of a node': { take: key => Object.keys(pod({ nodeSelector: { [key]: 'x' } }).nodeSelector)[0], valid: isQualifiedName, typical: KEY },
  'value of such a label': { take: value => pod({ nodeSelector: { team: value } }).nodeSelector.team, valid: isLabelValue, typical: LABEL },
  'priority class': { take: priorityClassName => pod({ priorityClassName }).priorityClassName, valid: value => SUBDOMAIN.test(value), typical: /^[a-z0-9][-a-z0-9.]{0,10}$/ },
  'key of a toleration': { take: key => pod({ tolerations: [Toleration.exists(key)] }).tolerations[0].key, valid: isQualifiedName, typical: KEY },
  'value of a toleration': { take: value => pod({ tolerations: [Toleration.equal('team', value)] }).tolerations[0].value, valid: isLabelValue, typical: LABEL },
  'name of a resource': { take: name => Object.keys(container({ resources: { limits: { [name]: '1' } } }).resources.limits)[0], valid: isQualifiedName, typical: KEY },
  'quantity': { take: memory => container({ resources: { requests: { memory } } }).resources.requests.memory, valid: value => QUANTITY.test(value), typical: /^\d{1,3}(\.\d)?(Gi|Mi|G|m|g|GiB)?$/ },
  'command of an engine': { take: value => container({ engine: Engine.of({ command: [value], args: ['{path}'], port: 1 }) }).command[0], valid: anything, typical: WORDS },
  'ready path': { take: readyPath => container({ engine: Engine.of({ args: ['{path}'], port: 1, readyPath }) }).startupProbe.httpGet.path, valid: value => value.startsWith('/'), typical: /^\/[-a-z/?=%.]{0,10}$/ },
  'live path': { take: livePath => container({ engine: Engine.of({ args: ['{path}'], port: 1, livePath }) }).livenessProbe.httpGet.path, valid: value => value.startsWith('/'), typical: /^\/[-a-z/?=%.]{0,10}$/ },
  'name of another container': { take: name => pod({ containers: [{ container: { name } }] }).containers[1].name, valid: value => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value), typical: /^[a-z0-9][-a-z0-9]{0,66}$/ },
  'host of an Ingress': { take: host => ingress({ host }).spec.rules[0].host, valid: isHost, typical: /^(\*\.)?[a-z0-9][-a-z0-9.]{0,10}$/ },
  'path of an Ingress': { take: path => ingress({ path }).spec.rules[0].http.paths[0].path, valid: isUrlPath, typical: /^\/[-a-z/%.~!$:@ ]{0,10}$/ },
  'annotation of an Ingress': { take: key => Object.keys(ingress({ annotations: { [key]: 'x' } }).metadata.annotations)[0], valid: value => isQualifiedName(value.toLowerCase()), typical: KEY },
  'name of a metric': { take: name => metric({ name }).metric.name, valid: value => /^[^/%\s]+$/.test(value) && !/^\.\.?$/.test(value), typical: /^[a-z_:.]{1,10}$/ },
  'target of a metric': { take: averageValue => metric({ averageValue }).target.averageValue, valid: value => QUANTITY.test(value) && parseFloat(value) > 0, typical: /^\d{1,3}(\.\d)?(Gi|Mi|k|m|GiB)?$/ },
  'path of a model': { take: path => bind([delivered({}, model(), { path })]).volumeMounts![0].mountPath, valid: value => /^(\/[^/:\s]+)+$/.test(value) && !/\/\.\.?(\/|$)/.test(value), typical: /^(\/[-\w.]{1,5}){1,3}$/ },
  'image of the downloader': { take: image => bind([delivered({ downloader: Downloader.s5cmd({ image }) })]).initContainers![0].image, valid: value => /^[\x21-\x7e]+$/.test(value), typical: /^[a-z]{1,5}(\/[a-z]{1,5})?(:[a-z0-9.]{1,3})?$/ },
};

const strings = ({ typical }: Subject) => fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), { arbitrary: fc.stringMatching(typical), weight: 2 }, fc.constantFrom('', ' ', 'a\n', '0o14', 'null', '.', '..', '-', '__proto__'));

beforeAll(() => jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined));
afterAll(() => jest.restoreAllMocks());

test.each(Object.keys(SUBJECTS))('%s: any string is refused with a useful message, or stands in a valid manifest as it was given', name => {
  const subject = SUBJECTS[name];
  let taken = 0;
  fc.assert(fc.property(strings(subject), value => {
    let result: unknown;
    try {
      result = subject.take(value);
    } catch (error) {
      if ('matcherResult' in (error as Error)) throw error;
      expect((error as Error).message).toMatch(USEFUL);
      return;
    }
    taken++;
    expect(result).toBe(value);
    expect({ value, valid: subject.valid(value) }).toEqual({ value, valid: true });
  }), { seed: SEED, numRuns: RUNS });
  expect(taken).toBeGreaterThan(0);
});

test('any argument of an engine is filled in once, and nothing else of it changes', () => {
  fc.assert(fc.property(fc.stringMatching(/^[-=a-z$&\\]{0,8}$/), fc.constantFrom('{path}', '{name}', '{port}', '{pth}', ''), fc.stringMatching(/^[-=a-z$&\\]{0,8}$/), (before, placeholder, after) => {
    const filled: Record<string, string> = { '{path}': '/mnt/llama/models', '{name}': 'llama', '{port}': '7' };
    const [, argument] = container({ engine: Engine.of({ args: ['{path}', `${before}${placeholder}${after}`], port: 7 }) }).args;
    expect(argument).toBe(`${before}${filled[placeholder] ?? placeholder}${after}`);
  }), { seed: SEED, numRuns: RUNS });
});

test('any number of a server is refused with a useful message, or is a valid one', () => {
  const numbers = fc.oneof(fc.integer({ min: -2, max: 70000 }), fc.double());
  for (const prop of ['port', 'gpus', 'replicas', 'runAsUser'] as const) {
    fc.assert(fc.property(numbers, value => {
      let result: any;
      try {
        result = manifestsOf({ [prop]: value })[0].spec;
      } catch {
        expect(refusal(() => manifestsOf({ [prop]: value }))).toMatch(USEFUL);
        return;
      }
      const { containers: [{ ports, resources }], securityContext } = result.template.spec;
      const found = { port: ports[0].containerPort, gpus: Number(resources.limits?.['nvidia.com/gpu'] ?? 0), replicas: result.replicas, runAsUser: securityContext.runAsUser }[prop];
      expect(found + 0).toBe(value + 0);
      expect(Number.isInteger(value) && value >= (prop === 'port' || prop === 'runAsUser' ? 1 : 0)).toBe(true);
      if (prop === 'replicas' || prop === 'runAsUser') expect(value).toBeLessThanOrEqual(2 ** 31 - 1);
    }), { seed: SEED, numRuns: RUNS });
  }
});
