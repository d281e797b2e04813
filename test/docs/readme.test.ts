import * as fs from 'node:fs';
import * as path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
const README = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

test('CI runs what the README says', () => {
  const ci = fs.readFileSync(path.join(ROOT, '.ci', 'run'), 'utf8');
  for (const command of ['npm ci && npm test']) {
    expect(README).toContain(command);
    expect(ci.split('\n')).toContain(command);
  }
});

test('the images that the README names are those of the table', () => {
  const table = fs.readFileSync(path.join(ROOT, 'lib', 'delivery', 'images.ts'), 'utf8');
  const named = [...README.matchAll(/^\| `([^`]+):([^`:]+)` by digest/gm)];
  expect(named).toHaveLength(2);
  for (const [, repository, tag] of named) {
    expect(table).toContain(`'${repository}'`);
    expect(table).toContain(`'${tag}'`);
  }
});

test('the README lists every warning, by the id that it is acknowledged with', () => {
  const sources = fs.readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
    .map(name => fs.readFileSync(path.join(ROOT, 'lib', name), 'utf8')).join('\n');
  const ids = [...sources.matchAll(/'cdk-eks-model-artifacts:(\w+)'|\bwarn\((?:\w+, )?'(\w+)'|\bid: '(\w+)',\s*text:/g)].map(([, cdk, chart, delivery]) => cdk ?? chart ?? delivery);
  const listed = [...README.slice(README.indexOf('## Warnings')).matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, named]) => named.match(/\w+/g)!);
  expect(ids.length).toBeGreaterThan(10);
  expect([...new Set(ids)].sort()).toEqual(listed.sort());
});

test('the README names every example', () => {
  const folders = fs.readdirSync(path.join(ROOT, 'examples'), { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name);
  for (const example of folders) expect(README).toContain(`| \`${example}\` |`);
});
