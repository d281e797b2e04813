import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const recipe = readFileSync(join(ROOT, 'images', 'publisher', 'Dockerfile'), 'utf8');
const readme = readFileSync(join(ROOT, 'images', 'publisher', 'README.md'), 'utf8');
const { bin, engines, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** Instructions as Docker joins them. */
const instructions = recipe.replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, ' ').split('\n').filter(line => line !== '');
const values = (name: string) => instructions.filter(line => line.startsWith(`${name} `)).map(line => line.slice(name.length + 1));
const command = bin['cdk-eks-model-artifacts'];

test('it runs the command of the package, and takes nothing else of it', () => {
  expect(JSON.parse(values('ENTRYPOINT')[0])).toEqual(['node', `/publisher/${command}`]);
  expect(values('COPY')).toEqual(['. .', '--from=package /package/package /publisher']);
  const [run] = values('RUN');
  expect(run).toContain(`node package/${command} --help`);
  expect(/tar -xzf \S+ (\S+) (\S+)/.exec(run)!.slice(1)).toEqual([`package/${command.replace(/\/[^/]*$/, '')}`, 'package/LICENSE']);
  execFileSync('sh', ['-n', '-c', run]);
  expect(values('LABEL')[0]).toContain(`licenses="${license}"`);
});

test('its base may be replaced, and is new enough', () => {
  expect(values('FROM')).toEqual(['--platform=$BUILDPLATFORM ${NODE_IMAGE} AS package', '${NODE_IMAGE}']);
  const [, major] = /^NODE_IMAGE=docker\.io\/library\/node:(\d+)-alpine$/.exec(values('ARG')[0])!;
  expect(Number(major)).toBeGreaterThan(Number(/\d+/.exec(engines.node)![0]));
  expect(readme).toContain(values('ARG')[0].split('=')[1]);
  expect(readme).toContain(`Node.js ${/\d+\.\d+/.exec(engines.node)![0]} or newer`);
});

test('it runs as a user that is not root', () => {
  expect(values('USER')).toEqual(['65532:65532']);
});
