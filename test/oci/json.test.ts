import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { partOfBuild } from '../../lib/oci/model-image-builder-program';
import { findShell } from '../delivery/program/bench';

const [dash, busybox] = [findShell('dash'), findShell('busybox')];
const shells = [dash, busybox].filter(shell => shell !== undefined);
const folder = mkdtempSync(join(tmpdir(), 'json-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The scalars by their paths; undefined where it says that it is no JSON. */
function valuesOf(text: string, shell = dash!): string[] | undefined {
  const file = join(folder, 'file.json');
  writeFileSync(file, text);
  const { status, stdout } = spawnSync(shell.sh, ['-c', `${partOfBuild('json.sh')}\njson_values "$1"`, 'sh', file], { encoding: 'utf8', env: { PATH: shell.path }, maxBuffer: 100_000_000, timeout: 12_000 });
  return status === 0 ? stdout.split('\n').slice(0, -1) : undefined;
}

function scalars(value: any, path = ''): string[] {
  if (value === null || typeof value !== 'object') return [`${path}\t${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, each]) => scalars(each, `${path}/${Array.isArray(value) ? key : JSON.stringify(key).slice(1, -1)}`));
}

describe.each(shells)('JSON under $name', shell => {
  test('is read whatever it holds and however it is set', () => {
    const texts = fc.tuple(fc.jsonValue({ depthSize: 'medium', maxDepth: 4 }), fc.constantFrom(undefined, 1, '\t')).map(([value, space]) => [JSON.stringify(value, null, space), value] as const);
    fc.assert(fc.property(fc.array(texts, { minLength: 5, maxLength: 5 }), all => {
      // Together, as starting awk takes longer than reading does.
      expect(valuesOf(`[${all.map(([text]) => text).join(' ,\r\n')}]\n`, shell)).toEqual(scalars(all.map(([, value]) => value)));
    }), { numRuns: 20 });
  });

  test.each(['{"a":tru}', '{"a":01}', '{"a":1.}', '{"a":+1}', '{"a":1e}', '{"a":1 2}', '{"a" "b"}', '{"a":}', '{"a":1,}', '[1,]', '[,]', '{"a":1', '{"a":1}}', '[1}', '"a', '"a\nb"', '"a\tb"', '"\\x"', '"\\u12g4"', '{a:1}', '\'a\'', 'x{"a":1}', '{"a":1}x', '{"a"x:1}', '', ' \n'])('%j is none', text => {
    expect(() => JSON.parse(text)).toThrow();
    expect(valuesOf(text, shell)).toBeUndefined();
  });
});

(dash ? test : test.skip)('JSON of megabytes is read in seconds', () => {
  const files = Array.from({ length: 25_000 }, (_, index) => ({ path: `weights/model-${index}.safetensors`, sha256: 'a'.repeat(64), size: index }));
  expect(valuesOf(JSON.stringify({ files }))).toHaveLength(75_000);
});
