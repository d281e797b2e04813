import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { partOfBuild } from '../../lib/oci/model-image-builder-program';
import { findShell } from '../delivery/program/bench';

const MIB = 1024 * 1024;
const LIMIT = 52_000 * MIB;

const [dash, busybox] = [findShell('dash'), findShell('busybox')];
const shells = [dash, busybox].filter(shell => shell !== undefined);
const run = dash ? test : test.skip;
const folder = mkdtempSync(join(tmpdir(), 'plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type File = readonly [path: string, size: number];

/** The layers, each with its files; or why there are none. */
function plan(files: File[], { most = 60, limit = LIMIT, shell = dash! } = {}): string[][] | string {
  const list = join(folder, 'files');
  writeFileSync(list, files.map(([path, size]) => `${size}\t${path}\n`).join(''));
  const { status, stdout, stderr } = spawnSync(shell.sh, ['-c', `${partOfBuild('layer-plan.sh')}\nlayer_plan "$1" "$2" "$3"`, 'sh', list, String(most), String(limit)], { encoding: 'utf8', env: { PATH: shell.path } });
  if (status !== 0) return stderr.trim();
  const layers: string[][] = [];
  for (const line of stdout.split('\n').filter(each => each !== '')) {
    const [layer, path] = line.split('\t');
    (layers[Number(layer) - 1] ??= []).push(path);
  }
  return layers;
}

/** An upper bound of what tar makes of files. */
const tarBytes = (files: File[]) => 1024 + files.reduce((sum, [path, size]) => sum + Math.ceil(size / 512) * 512 + (path.split('/').length + 1) * 512 * (path.length > 80 ? 4 : 1), 0);

describe.each(shells)('the plan of layers under $name', shell => {
  test('OCI-14 gives each large file a layer of its own, largest first, and bundles the small ones', () => {
    const files: File[] = [
      ['model.json', 40], ['b.safetensors', 5_000 * MIB], ['config.json', 900], ['a.safetensors', 4_000 * MIB], ['c.safetensors', 5_000 * MIB], ['manifest.sha256', 400],
      ['least.bin', 64 * MIB], ['most.bin', 64 * MIB - 1], // the least that has a layer of its own, and the most that has none
    ];
    expect(plan(files, { shell })).toEqual([['b.safetensors'], ['c.safetensors'], ['a.safetensors'], ['config.json', 'manifest.sha256', 'model.json', 'most.bin'], ['least.bin']]);
  });

  test('OCI-14 puts large files together where there are more than an image may have layers, none left out', () => {
    const files: File[] = [...Array.from({ length: 200 }, (_, index): File => [`shard-${String(index).padStart(3, '0')}`, 1_000 * MIB]), ['model.json', 40]];
    const layers = plan(files, { shell }) as string[][];
    expect(layers).toHaveLength(60);
    expect(layers.flat().sort()).toEqual(files.map(([path]) => path).sort());
    expect(new Set(layers.map(layer => layer.filter(path => path !== 'model.json').length))).toEqual(new Set([3, 4]));
  });

  test('OCI-14 refuses a file that no layer holds, and says what to do', () => {
    expect(plan([['model.json', 40], ['huge model.gguf', LIMIT]], { shell }))
      .toBe('huge model.gguf has 54525952000 bytes, and a layer at most 54525952000 with what tar adds: split the file into shards, and publish them as a new version');
    expect(plan([['model.json', 40], ['huge model.gguf', LIMIT - 2048]], { shell })).toEqual([['huge model.gguf'], ['model.json']]);
  });

  test('OCI-14 bundles small files up to a GiB', () => {
    const layers = plan([...Array.from({ length: 40 }, (_, index): File => [`f${index}`, 60 * MIB]), ['model.json', 40]], { shell }) as string[][];
    expect(layers.map(layer => layer.filter(path => path !== 'model.json').length)).toEqual([17, 17, 6]);
  });

  test('refuses a model that does not fit', () => {
    expect(plan([['a', 40_000 * MIB], ['b', 40_000 * MIB], ['c', 40_000 * MIB]], { most: 2, shell })).toMatch(/^the model does not fit into 2 layers of at most 54525952000 bytes: split/);
  });
});

const path = fc.array(fc.stringMatching(/^[-a-z0-9 _.@'"$()*é]{1,40}$/).filter(part => !/^\.{1,2}$/.test(part)), { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'));
const between = (min: number, max: number) => fc.integer({ min, max });
const size = fc.oneof(between(0, 2 * MIB), between(60 * MIB, 70 * MIB), between(MIB, 60_000 * MIB));
const model = fc.uniqueArray(fc.tuple(path, size), { minLength: 1, maxLength: 90, selector: ([name]) => name });

run('OCI-14 whatever the files: every one in one layer, at most so many layers, none too large, the same in any order', () => {
  fc.assert(fc.property(model, fc.integer({ min: 1, max: 59 }), (files, most) => {
    const layers = plan(files, { most });
    expect(plan([...files].reverse(), { most })).toEqual(layers);
    const sizes = new Map(files);
    if (typeof layers === 'string') {
      const tooLarge = files.some(one => tarBytes([one]) > LIMIT);
      const tooMany = tarBytes(files) > most * LIMIT / 2; // half full is what the emptiest layer is at least, where something fits into none
      return expect(tooLarge || tooMany).toBe(true);
    }
    expect(layers.flat().sort()).toEqual(files.map(([name]) => name).sort());
    expect(layers.length).toBeLessThanOrEqual(most);
    for (const layer of layers) {
      expect(layer.reduce((sum, name) => sum + sizes.get(name)!, 0)).toBeLessThan(LIMIT);
      // Small files are not spread: beside a large one there are none, unless layers ran out.
      if (layers.length < most) expect(layer.length === 1 || layer.every(name => sizes.get(name)! < 64 * MIB)).toBe(true);
    }
  }), { numRuns: 25 });
});
