import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import * as ts from 'typescript';
import * as YAML from 'yaml';
import * as library from '../../lib';
import { DIGEST, ENV } from '../delivery/fixture';
import { temporaryFolder } from '../workload/fixture';

const ROOT = path.join(__dirname, '..', '..');
const REPOSITORY = 'https://github.com/cdk-eks-model-artifacts/cdk-eks-model-artifacts/blob/main/';
const PAGES = ['README.md', 'CONTRIBUTING.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map(name => `docs/${name}`)];
const read = (page: string) => fs.readFileSync(path.join(ROOT, page), 'utf8');

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const BLOCKS: Block[] = PAGES.flatMap(page => [...read(page).matchAll(/^```(\w+)[^\n]*\n([\s\S]*?)^```/gm)].map(([, language, text]) => ({ page, language, text })));
const blocks = (...languages: string[]) => BLOCKS.filter(({ language }) => languages.includes(language));

/** As GitHub makes it of a heading. */
const anchorOf = (heading: string) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').trim().replace(/ /g, '-');

/** Links to files of the repository, relative or, as a package's README needs them, absolute. */
function linksOf(page: string): { file: string; anchor?: string }[] {
  const text = read(page).replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
    .filter(target => target.startsWith(REPOSITORY) || !/^[a-z]+:/.test(target))
    .map(target => {
      const [file, anchor] = target.replace(REPOSITORY, '/').split('#');
      return { file: file === '' ? page : file.startsWith('/') ? file.slice(1) : path.join(path.dirname(page), file), anchor };
    });
}

test.each(PAGES)('the links of %s to files and headings of the repository resolve', page => {
  for (const { file, anchor } of linksOf(page)) {
    expect({ page, file, exists: fs.existsSync(path.join(ROOT, file)) }).toEqual({ page, file, exists: true });
    if (anchor === undefined) continue;
    expect([...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading))).toContain(anchor);
  }
});

test('the README links pages of the repository with their address, as registries show it without the repository', () => {
  const relative = [...read('README.md').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target).filter(target => !/^(https:|#)/.test(target));
  expect(relative).toEqual([]);
});

test.each(blocks('ts', 'typescript').map(block => [block.page, block.text]))('TypeScript in %s parses', (_, text) => {
  const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  expect(diagnostics!.map(({ messageText }) => messageText)).toEqual([]);
});

test.each(blocks('yaml', 'json').map(block => [block.page, block.text]))('YAML or JSON in %s parses', (_, text) => {
  expect(() => YAML.parseAllDocuments(text).forEach(document => { if (document.errors.length > 0) throw document.errors[0]; })).not.toThrow();
});

test.each(blocks('sh').map(block => [block.page, block.text]))('shell commands in %s parse', (_, text) => {
  expect(spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

const RUNNABLE = blocks('ts').filter(({ page }) => page.startsWith('docs/'));

test('pages other than the README have examples', () => {
  expect(new Set(RUNNABLE.map(({ page }) => page)).size).toBeGreaterThanOrEqual(4);
});

/** The one that a page shows. */
const LOCK_FILE = blocks('json').find(({ page, text }) => page === 'docs/versions.md' && text.includes('"lockVersion"'))!.text;

/** What a user may have already. */
const DEPLOYMENT = JSON.stringify({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'vllm' }, spec: { template: { spec: { containers: [{ name: 'vllm' }] } } },
});

test.each(RUNNABLE.map(block => [block.page, block.text]))('what %s shows can be run', (_, text) => {
  const before = process.cwd();
  try {
    process.chdir(temporaryFolder());
    fs.writeFileSync('models.lock.json', LOCK_FILE);
    fs.mkdirSync('deploy');
    fs.writeFileSync('deploy/vllm.yaml', DEPLOYMENT);
    const scope = { ...library, ApiObject, Chart, Duration, ec2, JsonPatch, kplus, Size, ...takenForGranted() };
    const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
    new Function('scope', `with (scope) { return () => { ${outputText} }; }`)(scope)();
  } finally {
    process.chdir(before);
  }
});

/** What the pages call by a name that they do not explain. */
function takenForGranted(): Record<string, unknown> {
  const app = new App();
  const stack = new Stack(app, 'Docs', { env: ENV });
  const models = new library.ModelBucket(stack, 'GrantedModels', { bucketName: 'granted-models' });
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'GrantedCluster', { clusterName: 'inference' });
  const readers = new library.ModelReaderRole(stack, 'GrantedReaders', { cluster, buckets: [models] });
  const artifact = (name: string) => library.ModelArtifact.of({ name, version: '1', tenant: 'serving', size: Size.gibibytes(16), digest: DIGEST });
  return {
    stack,
    northStack: new Stack(app, 'North', { env: { ...ENV, region: 'eu-north-1' } }),
    cluster,
    models,
    identity: readers.associate({ namespace: 'serving', serviceAccount: 'llama' }),
    manifests: new library.ModelManifests(stack, 'GrantedManifests', { target: library.ManifestTarget.directory('granted') }),
    delivery: library.ModelDelivery.s3Download({ bucket: models }),
    llama: artifact('llama-3-8b'),
    sql: artifact('sql'),
    weights: library.ModelBucket.fromBucketName(stack, 'GrantedWeights', 'granted-weights'),
    primary: models,
    north: library.ModelBucket.fromBucketName(stack, 'GrantedNorth', 'granted-north', { region: 'eu-north-1' }),
    image: 'docker.io/vllm/vllm-openai:v0.11.0',
    github: new iam.WebIdentityPrincipal('arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com'),
    people: new iam.AccountRootPrincipal(),
  };
}

test('the costs that the page on private clusters lists are those of its formula', () => {
  const page = read('docs/private-cluster.md');
  const price = Number(/At \$([\d.]+) per GB/.exec(page)![1]);
  const rows = [...page.matchAll(/^\| ([\d,]+) GB \| ([\d,]+) \| \$([\d,]+) \|/gm)]
    .map(row => row.slice(1).map(text => Number(text.replaceAll(',', ''))));
  expect(rows).toHaveLength(3);
  for (const [size, pods, cost] of rows) expect(cost).toBeCloseTo(size * pods * price, 6);
});

test('the times that the page on versions lists are those of its formulas', () => {
  const page = read('docs/versions.md');
  const number = (text: string) => Number(text.replaceAll(',', ''));
  const rows = [...page.matchAll(/\| size \/ ([\d,]+) MiB\/s \| ([\d,]+) s \| ([\d,]+) s \|/g)].map(row => row.slice(1).map(number));
  expect(rows).toHaveLength(4);
  for (const [rate, small, large] of rows) {
    expect(small).toBe(Math.round(16e9 / (rate * 2 ** 20)));
    expect(large).toBe(Math.round(140e9 / (rate * 2 ** 20)));
  }
  const granted = [...page.matchAll(/at 20 MiB\/s, ([\d,]+) s/g)].map(([, seconds]) => number(seconds));
  expect(granted).toEqual([300, 600].map(rest => rest + Math.ceil(16e9 / (20 * 2 ** 20))));
  expect(page).toContain(`is ${(granted[0] + granted[1]).toLocaleString('en')}`);
});
