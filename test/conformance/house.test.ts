import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { EXAMPLE_LIST } from '../../conformance/examples';
import { Checks, Report } from '../../conformance/report';
import { Tool } from '../../conformance/tools/tool';
import { NAMES } from '../examples/fixture';

test('every example has its line, so that the real parts see it', () => {
  expect(EXAMPLE_LIST.map(({ name }) => name)).toEqual([...NAMES].sort());
});

describe('the report', () => {
  const written: string[] = [];
  const report = new Report({ write: text => written.push(text) });
  const checks = (what: string) => new Checks(report.record, 'static', 'kube-apiserver 1.35', what);

  test('is red before anything was checked, and green with one check', async () => {
    expect(report.failed).toBe(true);
    await checks('manifests').check('a.yaml', () => undefined);
    expect(report.failed).toBe(false);
  });

  test('does not count what shows nothing by coming to its end', async () => {
    const idle = new Checks(report.record, 'node', 'the suite', 'the part');
    expect(await idle.unless('node', () => undefined)).toBe(true);
    expect([report.checked('static'), report.checked('node')]).toEqual([true, false]);
  });

  test('names what was skipped and what failed, with the reason, as it comes', async () => {
    checks('pods').skip('b.yaml', 'needs root');
    await new Checks(report.record, 'node', 'kubelet 1.35', 'pods').check('d.yaml', () => undefined);
    await checks('manifests').check('c.yaml', () => { throw new Error('an unknown field'); });
    expect(written).toEqual(['skipped static: pods: b.yaml: needs root\n', 'FAILED  static: manifests: c.yaml: an unknown field\n']);
    expect(report.failed).toBe(true);
  });

  test('ends with a row for each thing that was checked, and the count alone on the last line', () => {
    report.close();
    const lines = written.join('').trim().split('\n');
    expect(lines.slice(-5).map(line => line.split(/ {2,}/))).toEqual([
      ['static', 'kube-apiserver 1.35', 'manifests', '1', '1', '0'],
      ['static', 'kube-apiserver 1.35', 'pods', '0', '0', '1', 'b.yaml: needs root'],
      ['node', 'kubelet 1.35', 'pods', '1', '0', '0'],
      [''],
      ['2 passed, 1 failed, 1 skipped'],
    ]);
  });
});

describe('a tool', () => {
  const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'cache-'));
  const tool = (inputs: string[], make: (folder: string) => Promise<void> = async () => undefined) => new Tool({ name: 'tool', version: '1', inputs, make, cache });
  const binary = async (folder: string) => fs.writeFileSync(path.join(folder, 'binary'), 'whole');
  afterAll(() => fs.rmSync(cache, { recursive: true, force: true }));

  test('has a folder that tells what it was made of', () => {
    expect(tool(['a']).folder).toBe(tool(['a']).folder);
    expect(tool(['a']).folder).not.toBe(tool(['b']).folder);
    expect(tool(['a', 'b']).folder).not.toBe(tool(['ab']).folder);
  });

  test('whose making failed leaves nothing, and is made anew', async () => {
    const failing = tool(['a'], async folder => { fs.writeFileSync(path.join(folder, 'binary'), 'half'); throw new Error('no compiler'); });
    await expect(failing.ensure()).rejects.toThrow('no compiler');
    expect(fs.readdirSync(path.join(cache, 'tools'))).toEqual([]);
    await tool(['a'], binary).ensure();
    expect(fs.readFileSync(tool(['a']).file('binary'), 'utf8')).toBe('whole');
  });

  test('is made once', async () => {
    await tool(['b'], binary).ensure();
    await tool(['b'], async () => { throw new Error('made twice'); }).ensure();
  });
});
