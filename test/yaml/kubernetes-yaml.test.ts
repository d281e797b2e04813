import * as YAML from 'yaml';
import { transferProgram } from '../../lib/delivery/program';
import { kubernetesYaml } from '../../lib/yaml/kubernetes-yaml';
import { model } from '../delivery/fixture';
import { Environment } from '../workload/fixture';

const VERSIONS = ['1.1', '1.2'] as const;

function keysOf(text: string, indent: number): string[] {
  return [...text.matchAll(new RegExp(`^ {${indent}}(?:- )?([A-Za-z]\\w*):`, 'gm'))].map(([, key]) => key);
}

test('keys have the order in which people write them, whatever order they come in', () => {
  const text = kubernetesYaml([{ status: 1, spec: { zeta: 1, selector: 1, template: 1, alpha: 1, replicas: 1 }, metadata: { labels: {}, name: 'a', annotations: {}, namespace: 'b' }, kind: 'K', apiVersion: 'v1' }]);
  expect(keysOf(text, 0)).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  expect(keysOf(text, 2)).toEqual(['name', 'namespace', 'labels', 'annotations', 'replicas', 'selector', 'template', 'alpha', 'zeta']);
});

test('a server is read from the top: who it is, then its containers, then its volumes', () => {
  const environment = new Environment();
  environment.server();
  environment.synth();
  const text = environment.files()['serving.llama.yaml'];
  const pod = text.slice(text.indexOf('    spec:'), text.indexOf('\n---'));
  expect(keysOf(pod, 6)).toEqual(['serviceAccountName', 'automountServiceAccountToken', 'enableServiceLinks', 'initContainers', 'containers', 'securityContext', 'volumes']);
  expect(text.indexOf('kind: Deployment')).toBeLessThan(text.indexOf('kind: Service'));
});

test('the program is a block that reads like the program', () => {
  const environment = new Environment();
  environment.server();
  environment.synth();
  const text = environment.files()['serving.llama.yaml'];
  expect(text).toMatch(/\n +- \|[-+]?\n/);
  const lines = new Set(text.split('\n').map(line => line.trim()));
  const plain = transferProgram('s5cmd').split('\n').filter(line => !line.includes('$')).map(line => line.trim());
  expect(plain.length).toBeGreaterThan(100);
  expect(plain.filter(line => !lines.has(line))).toEqual([]);
});

test('a new version changes a few lines of one file', () => {
  const of = (version: string) => {
    const environment = new Environment();
    environment.server({ models: [environment.deliver(model('llama', { version }))] });
    environment.synth();
    return environment.files();
  };
  const [first, second] = [of('1'), of('2')];
  expect(Object.keys(first).filter(name => first[name] !== second[name])).toEqual(['serving.llama.yaml']);
  const [before, after] = [first, second].map(files => files['serving.llama.yaml'].split('\n'));
  expect(after).toHaveLength(before.length);
  expect(before.filter((line, index) => line !== after[index])).toHaveLength(2);
});

const SPECIALS = [
  'yes', 'no', 'on', 'off', 'y', 'N', 'true', 'False', 'null', '~', '', ' ', '1', '0777', '0o14', '+0o1', '0x1F', '0b11', '1_000', '1e3', '.5e3', '1.', '.inf', '-.Inf', '.nan', '1:30', '190:20:30',
  '2001-12-14', '2001-12-14t21:59:43.10-05:00', '=', '<<', '-', '- a', '? a', ': a', 'a: b', 'a #b', '#a', '&a', '*a', '!a', '!!str', '|', '>', '%a', '@a', '`a', '"a"', "'a'", '{a}', '[a]', ',', '---', '...',
  ' a', 'a ', '\ta', 'a\tb', 'a\n', '\na', 'a\n\n', 'a\n b\n', ' a\nb', '\n', 'a\r\nb', 'a\\b', '$(A)', '$$', '\u0000', '\u001b', 'ü', '日本', '😀', '\u00a0', '\ufeffa',
];

test.each(SPECIALS)('%j comes back as it is, from readers of YAML 1.1 and 1.2', value => {
  const text = kubernetesYaml([{ value, list: [value], deep: { [`k${value}`]: 1 } }]);
  for (const version of VERSIONS) {
    expect(YAML.parse(text, { version })).toEqual({ value, list: [value], deep: { [`k${value}`]: 1 } });
  }
});

// Readers of YAML 1.1, kubectl's among them, take these for line breaks or refuse the file.
test.each(['\u007f', '\u0080', '\u0085', '\u009f', '\u2028', '\u2029', '\ufffe', '\uffff'])('%j stands in no file as it is', character => {
  for (const value of [`a${character}b`, `a\nb${character}c`, character]) {
    const text = kubernetesYaml([{ value }]);
    expect(text).not.toContain(character);
    for (const version of VERSIONS) expect(YAML.parse(text, { version })).toEqual({ value });
  }
});

test('documents are apart, and come back in their order', () => {
  const documents = [{ kind: 'A', text: '---\na' }, { kind: 'B', list: [], map: {} }];
  expect(YAML.parseAllDocuments(kubernetesYaml(documents)).map(document => document.toJS())).toEqual(documents);
});
