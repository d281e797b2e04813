import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ModelManifest } from '../../lib';

const ROOT = path.join(__dirname, '..', '..');
const README = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

const FILES: Record<string, string> = {
  'config.json': '{}\n',
  'model-00001-of-00002.safetensors': 'a'.repeat(100_000),
  'model-00002-of-00002.safetensors': 'b'.repeat(70_001),
  'tokenizer/a name with spaces.txt': 'x',
  'Z.txt': '',
  'ümlaut.txt': 'ü',
};

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'publish-'));
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

test('the publishing commands make the manifest that the library reads, upload it last, and overwrite nothing', () => {
  const commands = /```sh publish\n([\s\S]*?)```/.exec(README)![1];
  const model = path.join(folder, 'model');
  for (const [name, content] of Object.entries(FILES)) {
    fs.mkdirSync(path.dirname(path.join(model, name)), { recursive: true });
    fs.writeFileSync(path.join(model, name), content);
  }
  const log = path.join(folder, 'aws.log');
  fs.writeFileSync(path.join(folder, 'aws'), `#!/bin/sh\necho "$*" >> '${log}'\n`, { mode: 0o755 });

  const output = execFileSync('sh', ['-eu', '-c', commands], { cwd: model, encoding: 'utf8', env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } });

  const description = fs.readFileSync(path.join(model, 'model.json'), 'utf8');
  expect(JSON.parse(description)).toEqual({ totalBytes: Object.values(FILES).reduce((sum, content) => sum + Buffer.byteLength(content), 0) });
  const expected = ModelManifest.of(Object.entries({ ...FILES, 'model.json': description }).map(([name, content]) => ({ path: name, sha256: sha256(content) })));
  expect(fs.readFileSync(path.join(model, 'manifest.sha256'), 'utf8')).toBe(expected.text);
  expect(output).toBe(`digest: ${expected.digest}\n`);

  const calls = fs.readFileSync(log, 'utf8').trim().split('\n');
  expect(calls.every(call => call.includes('--no-overwrite'))).toBe(true);
  expect(calls.findIndex(call => call.startsWith('s3 cp manifest.sha256'))).toBe(calls.length - 1);
  expect(calls[0]).toContain('--exclude manifest.sha256');
});

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
