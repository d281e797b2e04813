import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
const LOCK = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages as Record<string, any>;
/** What a user of the example installs beside the library. */
const BESIDE = ['aws-cdk-lib', 'cdk8s', 'constructs', 'tsx'];

let folder: string;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tarball-'));
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, npm_config_loglevel: 'error' } });
}

/** npm finds a package in its cache by its integrity, once the lock names some address for it. */
function fromCache({ dev, devOptional, ...entry }: any): any {
  return entry.inBundle ? entry : { ...entry, resolved: 'http://127.0.0.1/in-the-cache.tgz' };
}

/** Everything that the named packages bring along, as the project's own lock has it: so the install needs no registry, only the cache. */
function lockedPackages(names: string[]): Record<string, any> {
  const result: Record<string, any> = {};
  const add = (name: string, from: string) => {
    for (let at = from; ; at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : '') {
      const key = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
      if (LOCK[key] === undefined) {
        if (at === '') return; // an optional package of another platform
        continue;
      }
      if (result[key] === undefined) {
        const entry = result[key] = fromCache(LOCK[key]);
        const needed = { ...entry.dependencies, ...entry.optionalDependencies, ...entry.peerDependencies };
        for (const dependency of Object.keys(needed)) add(dependency, key);
      }
      return;
    }
  };
  for (const name of names) add(name, '');
  for (const key of Object.keys(LOCK)) { // bundled packages have entries of their own
    if (LOCK[key].inBundle && Object.keys(result).some(owner => key.startsWith(`${owner}/`))) {
      result[key] = fromCache(LOCK[key]);
    }
  }
  return result;
}

test('the packed library, installed in an empty folder without a registry, synthesises the example', () => {
  const [{ filename, files, size }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT));
  const packed = files.map((file: { path: string }) => file.path) as string[];
  expect(packed).toEqual(expect.arrayContaining(['.jsii', 'LICENSE', 'README.md', 'build/lib/index.js', 'build/lib/index.d.ts', 'build/lib/delivery/transfer.sh']));
  expect(packed.filter(file => /^(lib|test|examples|docs|projenrc)\//.test(file) || (file.endsWith('.ts') && !file.endsWith('.d.ts')))).toEqual([]);
  expect(size).toBeLessThan(5 * 2 ** 20);

  const { name, version, peerDependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const dependencies = { ...Object.fromEntries(BESIDE.map(each => [each, LOCK[`node_modules/${each}`].version])), [name]: `file:${filename}` };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'user', version: '1.0.0', dependencies }));
  fs.writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({
    name: 'user',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'user', version: '1.0.0', dependencies },
      ...lockedPackages(BESIDE),
      [`node_modules/${name}`]: { version, resolved: `file:${filename}`, peerDependencies },
    },
  }));
  run('npm', ['ci', '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], folder);

  for (const file of ['app.ts', 'stack.ts']) fs.copyFileSync(path.join(ROOT, 'examples', 's3-download', file), path.join(folder, file));
  run(path.join(folder, 'node_modules', '.bin', 'tsx'), ['app.ts'], folder);
  const manifest = fs.readFileSync(path.join(folder, 'manifests', 'serving.llama.yaml'), 'utf8');
  expect(manifest).toContain('--source=s3://acme-models/models/serving/llama-3-8b/2026-11-01/');
  expect(manifest).toContain('main "$@"');
}, 180_000);
