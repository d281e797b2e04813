import * as fs from 'node:fs';
import * as path from 'node:path';
import { bind } from './fixture';
import { image, pod, shared } from './oci-fixture';
import { ClusterFacts, ModelcarOrdering, ModelDelivery, PodSecurity } from '../../lib/delivery';
import { chooseForKserve, chooseForPods } from '../../lib/delivery/oci-choice';
import { InferenceService, InferenceServiceProps, KserveStorage } from '../../lib/kserve';
import { Environment } from '../workload/fixture';

const PAGE = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'model-images-choice.md'), 'utf8');

type Row = Record<string, string>;

/** The table below a heading of the page. */
function table(heading: string): Row[] {
  const lines = PAGE.split(`## ${heading}\n`)[1].split('\n## ')[0].split('\n').filter(line => line.startsWith('|'));
  const [head, , ...rows] = lines.map(line => line.split('|').slice(1, -1).map(cell => cell.trim()));
  return rows.map(cells => Object.fromEntries(cells.map((cell, column) => [head[column], cell])));
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => `1.${first + index}`);

/** What a dimension is called in the tables, and all that it can be there. */
const DIMENSIONS = {
  'Kubernetes': range(28, 37),
  'containerd': ['2.1', '2.2', 'unknown'],
  'KServe': ['0.13', '0.14', '0.19', '0.20'],
  'Pod Security': ['restricted', 'baseline'],
  'Links': ['yes', 'no'],
};
type Combination = Record<keyof typeof DIMENSIONS, string>;

/** All that a cell stands for. */
function spread(cell: string, all: string[]): string[] {
  if (cell === 'any') return all;
  const values = cell.split(', ').flatMap(part => {
    const [first, last] = part.split('–').map(version => Number(version.split('.')[1]));
    return part.includes('–') ? range(first, last) : part;
  });
  for (const value of values) if (!all.includes(value)) throw new Error(`${value} of '${cell}' is none of ${all.join(', ')}`);
  return values;
}

function combinations(dimensions: Record<string, string[]>): Combination[] {
  let made: any[] = [{}];
  for (const [name, values] of Object.entries(dimensions)) made = made.flatMap(one => values.map(value => ({ ...one, [name]: value })));
  return made;
}

const ALL = combinations(DIMENSIONS);
const known = (value: string) => value === 'unknown' ? undefined : value;
const factsOf = (one: Combination): ClusterFacts => ({
  kubernetesVersion: one.Kubernetes,
  nodeVersion: one.Kubernetes,
  containerdVersion: known(one.containerd),
  kserveVersion: one.KServe,
  podSecurity: one['Pod Security'] as PodSecurity,
  followsSymlinks: one.Links === 'yes',
});

/** The one row that covers a combination. */
function rowOf(rows: Row[], one: Combination): Row {
  const names = Object.keys(DIMENSIONS) as (keyof Combination)[];
  const found = rows.filter(row => names.every(name => row[name] === undefined || spread(row[name], DIMENSIONS[name]).includes(one[name])));
  if (found.length !== 1) throw new Error(`${found.length} rows cover ${JSON.stringify(one)}`);
  return found[0];
}

/** Whether an InferenceService of this storage has a warning of its own for these facts. */
const isWarned = (one: Combination) => KserveStorage.oci(image())._warnings(factsOf(one), 'sklearn').length > 0;

/** What the annotation of the pod says of the model, and the address that KServe is given. */
function written(environment: Environment, one: Combination, props: Partial<InferenceServiceProps> = {}): Record<'way' | 'reason' | 'uri', string> {
  const { identity, manifests } = environment;
  const models = [ModelDelivery.auto({ image: image(), facts: factsOf(one) }).deliver(shared)];
  const id = `s${manifests.node.children.length}`;
  const { service } = new InferenceService(manifests, id, { identity, models, modelFormat: { name: 'sklearn' }, ...props });
  const { annotations, model: { storageUri } } = service.toJson().spec.predictor;
  const [, text] = Object.entries<string>(annotations).find(([key]) => key.startsWith('cdk-eks-model-artifacts/delivery.'))!;
  const [, way, reason] = /^([\w+]+): (.*)$/.exec(text)!;
  return { way, reason, uri: storageUri };
}

/** A version of which a row has several. */
const general = (reason: string) => reason.replace(/\b(Kubernetes 1|KServe 0)\.\d+/g, '$1.N');

test('all combinations are those that were asked for', () => {
  expect(ALL).toHaveLength(10 * 3 * 4 * 2 * 2);
});

describe('pods: every combination is what its one row of the page says', () => {
  const rows = table('Pods of your own');

  test.each(combinations({ Kubernetes: DIMENSIONS.Kubernetes, Links: DIMENSIONS.Links }).map(({ Kubernetes, Links }) => [Kubernetes, Links]))('Kubernetes %s, links %s', (Kubernetes, Links) => {
    const alike = ALL.filter(one => one.Kubernetes === Kubernetes && one.Links === Links);
    expect(alike).toHaveLength(24);
    for (const one of alike) {
      const { form, reason } = chooseForPods(factsOf(one));
      const row = rowOf(rows, one);
      expect([general(reason), form]).toEqual([row.Why, /^`(\w+)`/.exec(row.Way)![1]]);
    }
  });

  test('and so is the ordering of a modelcar', () => {
    for (const one of combinations({ Kubernetes: DIMENSIONS.Kubernetes, Links: ['yes'] })) {
      const [, ordering] = rowOf(rows, { ...ALL[0], ...one }).Way.replaceAll('`', '').split(', ');
      const facts = factsOf(one);
      const car = (of?: ModelcarOrdering) => ModelDelivery.modelcar({ image: image(), facts, ordering: of }).deliver(shared);
      const how = (of?: ModelcarOrdering) => JSON.stringify(bind([car(of)], pod()));
      if (ordering !== undefined) expect(how()).toBe(how(ordering as ModelcarOrdering));
    }
  });
});

describe('KServe: every combination is what its one row of the page says', () => {
  const rows = table('An InferenceService of KServe');

  test.each(DIMENSIONS.Kubernetes)('Kubernetes %s', Kubernetes => {
    const environment = new Environment();
    for (const one of ALL.filter(each => each.Kubernetes === Kubernetes)) {
      const { way, reason, uri } = written(environment, one);
      const spelled = way.startsWith('oci+') || way === 'oci' ? `\`${way}://\`${way === 'oci' && isWarned(one) ? ', with a warning' : ''}` : `\`${way}\``;
      const row = rowOf(rows, one);
      expect({ ...one, way: spelled, why: general(reason) }).toEqual({ ...one, way: row.Way, why: row.Why });
      expect(uri).toBe(spelled.includes('://') ? `${way}://${image().reference}` : 'file:///mnt/models');
    }
  });

  test.each(DIMENSIONS.Kubernetes)('with a modelPath of its own it is what the row of pods says: Kubernetes %s', Kubernetes => {
    const environment = new Environment();
    const props = { modelPath: '/mnt/llama/models', args: ['/mnt/llama/models'], runAs: { user: 1000, group: 1000 } };
    for (const one of ALL.filter(each => each.Kubernetes === Kubernetes)) {
      const { way, reason, uri } = written(environment, one, props);
      const row = rowOf(table('Pods of your own'), one);
      expect({ ...one, way, why: general(reason) }).toEqual({ ...one, way: /^`(\w+)`/.exec(row.Way)![1], why: `KServe brings one model to /mnt/models alone; ${row.Why}` });
      expect(uri).toBe('file:///mnt/llama/models');
    }
  });

  test('no row is there for nothing', () => {
    for (const row of rows) expect(ALL.filter(one => rowOf(rows, one) === row)).not.toEqual([]);
  });

  test('the parts of ours are those that a pod of the same facts gets', () => {
    for (const one of ALL) {
      const { scheme, pod: own } = chooseForKserve(factsOf(one));
      expect(own).toEqual(scheme === undefined ? chooseForPods(factsOf(one)) : undefined);
    }
  });

  test('OCI-08 nothing of KServe that asks for a folder of an image is chosen unless containerd 2.2 is asserted', () => {
    const native = ALL.filter(one => chooseForKserve(factsOf(one)).scheme === 'oci+native');
    expect(new Set(native.map(({ containerd, KServe }) => `${containerd} ${KServe}`))).toEqual(new Set(['2.2 0.20']));
    expect(chooseForKserve({ kubernetesVersion: '1.36', containerdVersion: '2.3.1', kserveVersion: '0.20.0', podSecurity: PodSecurity.RESTRICTED }).scheme).toBe('oci+native');
    expect(chooseForKserve({ kubernetesVersion: '1.36', nodeVersion: '1.34', containerdVersion: '2.2', kserveVersion: '0.20', podSecurity: PodSecurity.BASELINE }).scheme).toBe('oci');
  });

  test('OCI-26 KServe\'s own modelcar is never chosen under Pod Security restricted, which is assumed where nothing is said', () => {
    expect(ALL.filter(one => one['Pod Security'] === 'restricted' && chooseForKserve(factsOf(one)).scheme === 'oci')).toEqual([]);
    expect(chooseForKserve({ kubernetesVersion: '1.34', kserveVersion: '0.19' }).scheme).toBeUndefined();
    expect(chooseForKserve({ kubernetesVersion: '1.34', kserveVersion: '0.19', podSecurity: PodSecurity.PRIVILEGED }).scheme).toBe('oci');
  });

  test('what is not known is not counted on', () => {
    const baseline = { podSecurity: PodSecurity.BASELINE };
    expect(chooseForKserve({ kubernetesVersion: '1.34', ...baseline })).toMatchObject({ pod: { form: 'modelcar' }, reason: expect.stringMatching(/^the version of KServe is not known; /) });
    expect(chooseForKserve({ kserveVersion: '0.20', containerdVersion: '2.2', ...baseline }).scheme).toBe('oci');
  });
});

describe('the gate of a native sidecar is what the page says', () => {
  const rows = table('What an application waits for');
  const cases = rows.flatMap(row => spread(row['Kubernetes of nodes'], DIMENSIONS.Kubernetes)
    .flatMap(version => spread(row['Pods are restarted'], ['yes', 'no']).map(restarted => [version, restarted, row.Gate.replaceAll('`', '')])));

  test('every version that has native sidecars is there once', () => {
    expect(cases.map(([version, restarted]) => `${version} ${restarted}`).sort()).toEqual(range(29, 37).flatMap(version => [`${version} no`, `${version} yes`]).sort());
  });

  test.each(cases)('OCI-12 OCI-13 Kubernetes %s, restarted: %s', (kubernetesVersion, restarted, gate) => {
    const delivered = ModelDelivery.modelcar({ image: image(), facts: { kubernetesVersion, nodeVersion: kubernetesVersion } }).deliver(shared);
    const { initContainers } = bind([delivered], pod(restarted === 'no' ? { restartPolicy: 'Never' } : {}));
    const { startupProbe, lifecycle } = initContainers![1];
    expect({ startupProbe, lifecycle }).toEqual(gate === 'startupProbe' ? { startupProbe: expect.anything() } : { lifecycle: { postStart: expect.anything() } });
  });
});
