import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ModelChecksums } from '../../lib';

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

/** Stands for `aws s3 cp`, with a folder for the bucket: enough to see what is uploaded, in which order, and read back. */
const AWS = `#!/bin/sh
echo "$*" >> "$LOG"
[ "$1 $2" = 's3 cp' ] || exit 2
case $3 in
  .) for file in $(cd "$PWD" && find -L . -type f -path './*' ! -path ./manifest.sha256 | tr ' ' '?'); do
       mkdir -p "$BUCKET/$(dirname "$file")"; [ -e "$BUCKET/$file" ] || cp -L $file "$BUCKET/$file"
     done ;;
  s3://*) cat "$BUCKET/$(basename "$3")" ;;
  *) [ -e "$BUCKET/$3" ] || cp "$3" "$BUCKET/$3" ;;
esac
`;

function write(root: string, files: Record<string, string>) {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), content);
  }
}

function publish(model: string): { status: number | null; output: string; calls: string[] } {
  const commands = /```sh publish\n([\s\S]*?)```/.exec(README)![1];
  const log = path.join(folder, 'aws.log');
  fs.rmSync(log, { force: true });
  fs.writeFileSync(path.join(folder, 'aws'), AWS, { mode: 0o755 });
  fs.mkdirSync(path.join(folder, 'bucket'), { recursive: true });
  const { status, stdout } = spawnSync('sh', ['-c', commands], {
    cwd: model,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, LOG: log, BUCKET: path.join(folder, 'bucket') },
  });
  return { status, output: stdout, calls: fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n') : [] };
}

test('the publishing commands make the manifest that the library reads, upload it last, and overwrite nothing', () => {
  const model = path.join(folder, 'model');
  write(model, FILES);
  const { status, output, calls } = publish(model);

  const description = fs.readFileSync(path.join(model, 'model.json'), 'utf8');
  expect(JSON.parse(description)).toEqual({ totalBytes: Object.values(FILES).reduce((sum, content) => sum + Buffer.byteLength(content), 0) });
  const expected = ModelChecksums.of(Object.entries({ ...FILES, 'model.json': description }).map(([name, content]) => ({ path: name, sha256: sha256(content) })));
  expect(fs.readFileSync(path.join(model, 'manifest.sha256'), 'utf8')).toBe(expected.text);
  expect([status, output]).toEqual([0, `digest: ${expected.digest}\n`]);

  const uploads = calls.filter(call => !call.startsWith('s3 cp s3://'));
  expect(uploads.every(call => call.includes('--no-overwrite'))).toBe(true);
  expect(uploads.map(call => call.split(' ')[2])).toEqual(['.', 'manifest.sha256']);
  expect(uploads[0]).toContain('--exclude manifest.sha256');
});

test('the publishing commands follow links, as a cache of Hugging Face has them', () => {
  write(folder, { 'blobs/1': 'weights' });
  const model = path.join(folder, 'snapshots');
  fs.mkdirSync(model);
  fs.symlinkSync('../blobs/1', path.join(model, 'model.safetensors'));
  expect(publish(model).status).toBe(0);
  expect(fs.readFileSync(path.join(model, 'manifest.sha256'), 'utf8')).toContain(`${sha256('weights')}  model.safetensors\n`);
});

test('the publishing commands count files called model.json and manifest.sha256 in folders of the model', () => {
  const model = path.join(folder, 'model');
  write(model, { '1/model.json': '{"xgboost": 1}', '1/manifest.sha256': 'theirs' });
  expect(publish(model).status).toBe(0);
  expect(JSON.parse(fs.readFileSync(path.join(model, 'model.json'), 'utf8'))).toEqual({ totalBytes: 20 });
  expect(fs.readFileSync(path.join(model, 'manifest.sha256'), 'utf8').trim().split('\n')).toHaveLength(3);
});

test('the publishing commands keep a model.json of the model, and say that the name is taken', () => {
  const model = path.join(folder, 'model');
  write(model, { 'model.json': '{"learner": {}}' });
  expect(publish(model)).toMatchObject({ status: 1, output: '', calls: [] });
  expect(fs.readFileSync(path.join(model, 'model.json'), 'utf8')).toBe('{"learner": {}}');
});

test('the publishing commands give no digest for a version that holds other content, and the same again for the same', () => {
  const model = path.join(folder, 'model');
  write(model, { weights: 'old' });
  const first = publish(model);
  expect(publish(model)).toMatchObject({ status: 0, output: first.output });
  write(model, { weights: 'new' });
  expect(publish(model)).toMatchObject({ status: 1, output: expect.not.stringContaining('digest') });
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

test('the README lists every warning, by the id that it is acknowledged with', () => {
  const sources = fs.readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
    .map(name => fs.readFileSync(path.join(ROOT, 'lib', name), 'utf8')).join('\n');
  const ids = [...sources.matchAll(/'cdk-eks-model-artifacts:(\w+)'|\bwarn\(\w+, '(\w+)'/g)].map(([, cdk, chart]) => cdk ?? chart);
  const listed = [...README.slice(README.indexOf('## Warnings')).matchAll(/^\| `(\w+)` \|/gm)].map(([, id]) => id);
  expect(ids.length).toBeGreaterThan(10);
  expect([...new Set(ids)].sort()).toEqual(listed.sort());
});

test('the README names every example', () => {
  const folders = fs.readdirSync(path.join(ROOT, 'examples'), { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name);
  for (const example of folders) expect(README).toContain(`| \`${example}\` |`);
});
