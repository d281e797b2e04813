import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Base, callProgram, HAS_GNU_TOOLS, Layout } from './build-bench';
import { findShell } from '../delivery/program/bench';

const dash = findShell('dash')!;
const why = !dash ? ' (skipped: no dash on this machine)' : !HAS_GNU_TOOLS ? ' (skipped: no GNU tar and find on this machine)' : '';
const run = why === '' ? test : test.skip;

describe(`the base of a model image${why}`, () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'base-')); });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const layout = () => new Layout(join(folder, 'base'));
  const fetch = (reference: string, env: Record<string, string> = {}) => callProgram(dash, folder, 'fetch_base; say "$base_layers"', { IMAGE_BASE: reference, IMAGE_PLATFORMS: 'amd64', ...env });

  run('says how many layers it has, of which an image must have more', () => {
    const base = layout().putBase({ layers: [{}, { 'usr/models/a': '', 'modelsx/b': '', 'etc/models': { linkTo: '/models' } }] });
    expect(fetch(base)).toEqual({ status: 0, stdout: '2\n', stderr: '' });
    expect(fetch(base, { IMAGE_LAYERS: '3' }).status).toBe(0);
    expect(fetch(base, { IMAGE_LAYERS: '2' })).toMatchObject({ status: 65, stderr: expect.stringContaining('has 2 layers, and an image at most 2: use a smaller base') });
  });

  run.each<[string, Base, RegExp]>([
    ['a file beside those of the model', { layers: [{}, { 'models/evil.py': '' }] }, /has a \/models of its own, models\/evil\.py: use one without/],
    ['a link where the model will be', { layers: [{ './models': { linkTo: '/etc' } }] }, /has a \/models of its own, \.\/models: use one without/],
    ['a layer that is no archive', { bend: (manifest: any) => Object.assign(manifest.layers[0], layout().put('text')) }, /sha256:\w+ of base image .* can't be read by tar: /],
    ['a layer that is no tar by its type', { layerType: 'application/vnd.cncf.model.weight.v1.raw' }, /has a layer of type application\/vnd\.cncf/],
    ['no layers, as an artifact', { layers: [] }, /has no layers: is it an image, and not an artifact\?/],
    ['a layer without a diff_id', { bend: (_, config: any) => { config.rootfs.diff_ids = []; } }, /has a layer without a diff_id/],
  ])('is refused with %s', (_, base, says) => {
    expect(fetch(layout().putBase(base))).toEqual({ status: 65, stdout: '', stderr: expect.stringMatching(says) });
  });

  run('is refused where a registry sends other bytes than its digest says', () => {
    const base = layout().putBase();
    const { layers: [{ digest }] } = layout().json(layout().json(base.split('@')[1]).manifests[0].digest);
    writeFileSync(join(layout().folder, 'blobs', 'sha256', digest.slice(7)), 'other');
    expect(fetch(base)).toEqual({ status: 65, stdout: '', stderr: expect.stringMatching(`${digest} of base image .* came as sha256:`) });
  });

  run('has no name that leads to the model, however it is spelled', () => {
    const first = (names: string[]) => {
      writeFileSync(join(folder, 'names'), names.map(name => `${name}\n`).join(''));
      return callProgram(dash, folder, 'first_of_models "$work/names"').stdout.trim();
    };
    for (const name of ['models', 'models/', '/models', './models/a b', '//models', 'usr/../models/a', '../models', 'usr/./../../models']) expect(first(['bin/sh', name, 'etc'])).toBe(name);
    expect(first(['bin/models', 'models2/a', '.models', 'models/..', 'models/../etc', './', '/'])).toBe('');
  });
});
