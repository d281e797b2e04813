import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ModelImageBase } from '../../lib/oci';
import { findShell, sha256 } from '../delivery/program/bench';

const ROOT = path.join(__dirname, '..', '..', 'images', 'model-image');
const recipe = fs.readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8');
/** Instructions as Docker joins them. */
const instructions = recipe.replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, ' ').split('\n').filter(line => line !== '');
const values = (name: string) => instructions.filter(line => line.startsWith(`${name} `)).map(line => line.slice(name.length + 1));

test('it has the base of the builder, and may have another', () => {
  expect(values('ARG')[0]).toBe(`BASE_IMAGE=${ModelImageBase.busybox().reference}`);
  expect(values('FROM')).toEqual(['${BASE_IMAGE} AS model', '${BASE_IMAGE}']);
});

test('OCI-06 it has no entry point, and no user', () => {
  expect(instructions.filter(line => /^(ENTRYPOINT|CMD|USER) /.test(line))).toEqual([]);
});

const busybox = findShell('busybox');

describe(`what it does with the folder of a model${busybox ? '' : ' (skipped: no busybox on this machine)'}`, () => {
  const run = busybox ? test : test.skip;
  const LARGE = 8 * 512; // bytes; the recipe's own, in blocks of 512, is asserted below
  let folder: string;
  let models: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'recipe-'));
    models = path.join(folder, 'models');
    write('config.json', 'c');
    write('model.json', '{"totalBytes": 1}');
    for (const index of [1, 2, 3]) write(`deep dir/w ${index}`, Buffer.alloc(LARGE, index));
    fs.writeFileSync(path.join(models, 'manifest.sha256'), ['config.json', 'deep dir/w 1', 'deep dir/w 2', 'deep dir/w 3', 'model.json'].map(name => `${sha256(fs.readFileSync(path.join(models, name)))}  ${name}\n`).join(''));
  });
  afterEach(() => {
    spawnSync('chmod', ['-R', 'u+w', folder]);
    fs.rmSync(folder, { recursive: true });
  });

  function write(name: string, content: Buffer | string) {
    fs.mkdirSync(path.dirname(path.join(models, name)), { recursive: true });
    fs.writeFileSync(path.join(models, name), content);
  }

  /** The instruction under a root of the test's own. */
  function arrange(digest = `sha256:${sha256(fs.readFileSync(path.join(models, 'manifest.sha256')))}`) {
    const recipes = values('RUN')[0];
    expect(recipes).toContain(`-size +${64 * 1024 * 1024 / 512 - 1} `);
    const script = recipes.replace(/-size \+\d+ /, `-size +${LARGE / 512 - 1} `).replace(/\/layers\b/g, `${folder}/layers`).replace('cd /models;', `cd ${models};`).replace('mv /models ', `mv ${models} `);
    return spawnSync(busybox!.sh, ['-c', script], { encoding: 'utf8', env: { PATH: busybox!.path, MODEL_DIGEST: digest } });
  }

  run('OCI-14 large files go round the layers, all for reading only, and every layer is copied', () => {
    const { status, stderr } = arrange();
    expect([status, stderr]).toEqual([0, '']);
    const layers = path.join(folder, 'layers');
    const files = fs.readdirSync(layers, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(layers, name)).isFile()).sort();
    expect(files).toEqual(['1/models/deep dir/w 1', '2/models/deep dir/w 2', '3/models/deep dir/w 3', 'rest/models/config.json', 'rest/models/manifest.sha256', 'rest/models/model.json']);
    expect([...new Set(files.map(name => (fs.statSync(path.join(layers, name)).mode % 0o1000).toString(8)))]).toEqual(['444']);
    expect((fs.statSync(path.join(layers, '1/models/deep dir')).mode % 0o1000).toString(8)).toBe('555');
    expect(values('COPY')).toEqual(['. /models', ...fs.readdirSync(layers).sort().map(layer => `--from=model /layers/${layer} /`)]);
  });

  run('another model, a wrong byte, and a file too many end it', () => {
    expect(arrange(`sha256:${'a'.repeat(64)}`)).toMatchObject({ status: 1, stderr: expect.stringContaining('MODEL_DIGEST is sha256:aaa') });
    write('config.json', 'd');
    expect(arrange().status).not.toBe(0);
    write('config.json', 'c');
    write('more', 'x');
    expect(arrange()).toMatchObject({ status: 1, stderr: expect.stringContaining('files that the manifest does not name') });
    fs.rmSync(path.join(models, 'more'));
    fs.symlinkSync('config.json', path.join(models, 'link'));
    expect(arrange()).toMatchObject({ status: 1, stderr: expect.stringContaining('neither file nor folder: ./link') }); // OCI-17
  });
});
