import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ts from 'typescript';
import * as YAML from 'yaml';
import * as library from '../../lib';
import { ENV } from '../delivery/fixture';
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

test('what the page on private clusters shows can be run', () => {
  const stack = new Stack(new App(), 'Private', { env: ENV });
  const before = process.cwd();
  const scope = { ...library, ec2, stack };
  const programs = blocks('ts').filter(({ page }) => page === 'docs/private-cluster.md');
  expect(programs).toHaveLength(2);
  try {
    process.chdir(temporaryFolder());
    for (const { text } of programs) {
      const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
      new Function(...Object.keys(scope), outputText)(...Object.values(scope));
    }
  } finally {
    process.chdir(before);
  }
  const endpoints = stack.node.findAll().filter((node): node is ec2.CfnVPCEndpoint => ec2.CfnVPCEndpoint.isCfnVPCEndpoint(node));
  const tails = endpoints.map(({ serviceName }) => JSON.stringify(stack.resolve(serviceName)).replace(/.*\.(s3|eks-auth|ecr\.api|ecr\.dkr)"?.*/, '$1')).sort();
  expect(tails).toEqual(['ecr.api', 'ecr.dkr', 'eks-auth', 's3']);
});

test('the costs that the page on private clusters lists are those of its formula', () => {
  const page = read('docs/private-cluster.md');
  const price = Number(/At \$([\d.]+) per GB/.exec(page)![1]);
  const rows = [...page.matchAll(/^\| ([\d,]+) GB \| ([\d,]+) \| \$([\d,]+) \|/gm)]
    .map(row => row.slice(1).map(text => Number(text.replaceAll(',', ''))));
  expect(rows).toHaveLength(3);
  for (const [size, pods, cost] of rows) expect(cost).toBeCloseTo(size * pods * price, 6);
});
