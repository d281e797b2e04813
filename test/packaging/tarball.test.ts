import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/** A user's project, below a folder that has what the user installed before: the peers of the library, and tsx. */
let project: string;

beforeAll(() => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tarball-'));
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  project = path.join(folder, 'project');
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{"name":"user","version":"1.0.0"}');
});

afterAll(() => fs.rmSync(path.dirname(project), { recursive: true, force: true }));

function run(command: string, args: string[], cwd = project): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, npm_config_loglevel: 'error' } });
}

test('the packed library, installed without a registry, synthesises the example, and has its command line', () => {
  const [{ filename, files, size }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], ROOT));
  const packed = files.map((file: { path: string }) => file.path) as string[];
  expect(packed).toEqual(expect.arrayContaining([
    '.jsii', 'LICENSE', 'README.md', 'build/lib/index.js', 'build/lib/index.d.ts', 'build/lib/delivery/transfer.sh',
    'build/bin/cdk-eks-model-artifacts.js', 'build/bin/THIRD-PARTY-LICENSES.txt', 'node_modules/yaml/package.json',
  ]));
  expect(packed.filter(file => /^(lib|bin|test|examples|docs|projenrc)\//.test(file) || (/^(?!node_modules)/.test(file) && file.endsWith('.ts') && !file.endsWith('.d.ts')))).toEqual([]);
  expect(size).toBeLessThan(5 * 2 ** 20);

  // What the user has satisfies the peers, so that nothing but the tarball is installed, and no registry is asked.
  const { peerDependencies, dependencies, bundledDependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  expect(Object.keys(peerDependencies).sort()).toEqual(['aws-cdk-lib', 'cdk8s', 'constructs']);
  expect(Object.keys(dependencies)).toEqual(bundledDependencies);
  run('npm', ['install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', '--ignore-scripts', path.join(project, filename)]);
  expect(fs.readdirSync(path.join(project, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual(['cdk-eks-model-artifacts']);

  for (const file of ['app.ts', 'stack.ts']) fs.copyFileSync(path.join(ROOT, 'examples', 's3-download', file), path.join(project, file));
  run(path.join(ROOT, 'node_modules', '.bin', 'tsx'), ['app.ts']);
  const manifest = fs.readFileSync(path.join(project, 'manifests', 'serving.llama.yaml'), 'utf8');
  expect(manifest).toContain('--source=s3://acme-models/models/serving/llama-3-8b/2026-11-01/');
  expect(manifest).toContain('main "$@"');

  expect(run('npx', ['--offline', 'cdk-eks-model-artifacts', 'publish', '--help'])).toContain('usage: cdk-eks-model-artifacts publish <source> s3://bucket');
}, 180_000);
