import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { temporaryFolder, write } from './files';
import { downloaded, publishFolder, useCredentials } from './fixture';
import { BucketServer } from '../s3-server';

jest.setTimeout(60_000); // for a machine with much else to do

const DOCS = fs.readFileSync(path.join(__dirname, '..', '..', '..', 'docs', 'publishing.md'), 'utf8');
const SCRIPT = /```sh publish\n([\s\S]*?)```/.exec(DOCS)![1];

/** Stands for `aws s3 cp`, over HTTP: `--no-overwrite` is If-None-Match, and what is there already is passed over. */
const AWS = `
const fs = require('node:fs');
const [, , s3, cp, from, to, ...options] = process.argv;
if (s3 !== 's3' || cp !== 'cp') process.exit(252);
const at = url => process.env.ENDPOINT + '/' + url.slice(5).split('/').map(encodeURIComponent).join('/');
const send = async (file, url) => {
  const { status } = await fetch(at(url), { method: 'PUT', body: fs.readFileSync(file), headers: options.includes('--no-overwrite') ? { 'if-none-match': '*' } : {} });
  if (status !== 200 && status !== 412) throw new Error(status + ' ' + url);
};
const excluded = options[options.indexOf('--exclude') + 1];
(async () => {
  if (from.startsWith('s3://')) return process.stdout.write(await (await fetch(at(from))).text());
  if (!options.includes('--recursive')) return send(from, to + from);
  const files = fs.readdirSync('.', { recursive: true }).filter(name => fs.statSync(name).isFile() && name !== excluded);
  for (const name of files) await send(name, to + name);
})().catch(error => { console.error(error); process.exit(1); });
`;

let server: BucketServer;
let folder: string;

beforeAll(useCredentials);

beforeEach(async () => {
  server = await new BucketServer('acme-models').start();
  folder = temporaryFolder();
  write(path.join(folder, 'bin'), { 'aws.js': AWS, 'aws': `#!/bin/sh\nexec "${process.execPath}" "${folder}/bin/aws.js" "$@"\n` });
  fs.chmodSync(path.join(folder, 'bin', 'aws'), 0o755);
});

afterEach(async () => {
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

function runScript(model: string): Promise<{ code: number | null; out: string }> {
  const child = spawn('sh', ['-c', SCRIPT], { cwd: model, env: { ...process.env, PATH: `${folder}/bin:${process.env.PATH}`, ENDPOINT: server.endpoint } });
  let out = '';
  child.stdout.on('data', text => { out += text; });
  return new Promise(resolve => child.on('close', code => resolve({ code, out })));
}

const VERSION = ['--tenant', 'serving', '--name', 'llama-3-8b', '--version'];
const prefix = (version: string) => `models/serving/llama-3-8b/${version}/`;

/** Names on which sorting, quoting and counting may go different ways. */
function nastyFolder(): string {
  const model = write(path.join(folder, 'model'), {
    'a b  c.txt': 'x',
    "it's": 'x',
    '-n': 'x',
    '$HOME `id`.txt': 'x',
    '*': 'x',
    'é': 'x',
    '\u{1f600}.bin': 'x',
    '\uff5e': 'x',
    'Z': '',
    'a': 'x',
    'a.b': 'x',
    'a-b': 'x',
    '.hidden': 'x',
    'sub/.hidden/deep/er/file': 'x'.repeat(1_000),
    'sub.x': 'x',
    'sub/model.json': '{"theirs": 1}',
    'sub/manifest.sha256': 'theirs',
  });
  for (let index = 0; index < 40; index++) write(model, { [`shards/${index}/part ${index}`]: String(index) });
  fs.symlinkSync('a', path.join(model, 'link'));
  return model;
}

test('the documented script and the command write the same manifest and description, byte for byte, against a bucket that is write-once', async () => {
  const model = nastyFolder();
  const ours = await publishFolder(server, model, ...VERSION, 'by-command');
  expect(ours.code).toBe(0);
  const script = await runScript(model);
  expect(script.code).toBe(0);
  const [command, shell] = ['by-command', '2026-11-01'].map(version => downloaded(server, prefix(version)));
  expect(shell['model.json'].toString()).toBe(command['model.json'].toString());
  const manifests = ['by-command', '2026-11-01'].map(version => server.main.current(`${prefix(version)}manifest.sha256`)!.bytes!.toString());
  expect(manifests[1]).toBe(manifests[0]);
  expect(manifests[0].split('\n').length).toBeGreaterThan(55);
  expect(ours.out).toContain(script.out.trim());

  // Each takes what the other published for what it is.
  expect(await publishFolder(server, model, ...VERSION, '2026-11-01')).toMatchObject({ code: 0, out: expect.stringContaining('is published already') });
});

test('the script is refused, before it writes a file, where another content has claimed the version', async () => {
  const model = write(path.join(folder, 'model'), { weights: 'ours' });
  server.main.put('publishing/serving/llama-3-8b/2026-11-01/manifest.sha256', 'theirs');
  expect(await runScript(model)).toEqual({ code: 1, out: '- manifest.sha256 differ: byte 1, line 1\n' });
  expect([...server.objects.keys()].filter(key => key.startsWith('models/'))).toEqual([]);
});

test('the script keeps a model.json of the model, and says that the name is taken', async () => {
  const model = write(path.join(folder, 'model'), { 'model.json': '{"learner": {}}' });
  expect((await runScript(model)).code).toBe(1);
  expect(fs.readFileSync(path.join(model, 'model.json'), 'utf8')).toBe('{"learner": {}}');
  expect(server.objects.size).toBe(0);
});
