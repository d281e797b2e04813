import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findShell, withBench } from './bench';
import { FLOOR_RATE, STALL_TIMEOUT } from '../../../lib/delivery/limits';

const ROOT = join(__dirname, '..', '..', '..');
const program = (name: string) => readFileSync(join(ROOT, 'lib', 'delivery', name), 'utf8');

const DEFAULTS = Object.fromEntries([...program('transfer-settings.sh').matchAll(/\$\{(MODEL_TRANSFER_\w+):-([^}]*)\}/g)].map(([, name, value]) => [name, value]));

test('the documentation has the settings of the program, with their defaults', () => {
  const documented = [...readFileSync(join(ROOT, 'docs', 'downloader.md'), 'utf8').matchAll(/^\| `(MODEL_TRANSFER_\w+)` \| `?([^`|]+?)`? \|/gm)];
  expect(Object.fromEntries(documented.map(([, name, value]) => [name, value]))).toEqual(DEFAULTS);
});

test('the program and the library have the same limits', () => {
  expect(Number(DEFAULTS.MODEL_TRANSFER_STALL)).toBe(STALL_TIMEOUT.toSeconds());
  expect(Number(DEFAULTS.MODEL_TRANSFER_FLOOR)).toBe(FLOOR_RATE.toBytes());
});

test('S3-14 waits are spread over the whole of a window that doubles, up to a cap', () => {
  const waits = (attempt: number) => execFileSync('sh', ['-c', `${program('transfer-process.sh')}
    backoff_cap_ms=30000
    nap() { echo "$1"; }
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do back_off ${attempt}; done`], { encoding: 'utf8' })
    .trim().split('\n').map(Number);
  for (const [attempt, ceiling] of [[1, 2000], [3, 8000], [9, 30000]]) {
    const found = waits(attempt);
    expect(new Set(found).size).toBeGreaterThan(10);
    expect(Math.max(...found)).toBeLessThanOrEqual(ceiling);
    expect(Math.min(...found)).toBeLessThan(ceiling / 2); // of thirty, none in the lower half: once in a billion
    expect(Math.max(...found)).toBeGreaterThan(ceiling / 2);
  }
});

test('large files come in parts of 128 MiB with either downloader', () => {
  expect(program('fetch-s5cmd.sh')).toMatch(/^fetch_options='.*--part-size 128'$/m); // in MiB
  // https://docs.aws.amazon.com/cli/latest/topic/s3-config.html: MB is 1024 x 1024 bytes there
  for (const setting of ['multipart_threshold', 'multipart_chunksize']) expect(program('fetch-aws.sh')).toContain(`'  ${setting} = 128MB'`);
  expect(program('fetch-aws.sh')).toContain('\'  io_chunksize = 64KB\''); // four of them, 1000 chunks each, stay below 1 GiB
});

const dash = findShell('dash');
const run = dash ? test : test.skip;
const good = ['--model=m', '--source=s3://b/p/', '--region=r', '--max-bytes=5', '--destination=/nonexistent/d'];
const replaced = (flag: string, value: string) => good.map(word => word.startsWith(`${flag}=`) ? `${flag}=${value}` : word);
run.each<[string, string[], RegExp, Record<string, string>]>([
  ['nothing', [], /expected --model/, {}],
  ['a flag before --model', good.slice(1), /expected --model/, {}],
  ['an unknown flag', [...good, '--verbose=x'], /unknown flag, or one without a value: --verbose=x/, {}],
  ['a flag without a value', [...good, '--digest'], /one without a value: --digest/, {}],
  ['a source without a closing slash', replaced('--source', 's3://b/p'), /slash at its end/, {}],
  ['a source that is not S3', replaced('--source', '/etc/'), /s3:/, {}],
  ['no region', good.filter(word => word !== '--region=r'), /--region is missing/, {}],
  ['two sources without a digest', [...good, '--source=s3://c/p/', '--region=r'], /several sources need --digest/, {}],
  ['a further source without a region', [...good, `--digest=sha256:${'a'.repeat(64)}`, '--source=s3://c/p/'], /--region is missing after --source=s3:\/\/c\/p\//, {}],
  ['two sources and one region', ['--model=m', '--source=s3://c/p/', ...good.slice(1)], /--region is missing after --source=s3:\/\/c\/p\//, {}],
  ['a region without a source', [...good, '--region=r2', `--digest=sha256:${'a'.repeat(64)}`], /before its --region, not missing/, {}],
  ['a region of two words', replaced('--region', 'r x'), /name of a region, not r x/, {}],
  ['neither source nor region', good.filter(word => !/source|region/.test(word)), /--source and --region are missing/, {}],
  ['a size in words', replaced('--max-bytes', '5GB'), /--max-bytes/, {}],
  ['a size with a leading zero', replaced('--max-bytes', '010'), /--max-bytes/, {}],
  ['a relative destination', replaced('--destination', 'd'), /absolute path/, {}],
  ['a short digest', [...good, '--digest=sha256:abc'], /--digest must be/, {}],
  ['a digest in capitals', [...good, `--digest=sha256:${'A'.repeat(64)}`], /--digest must be/, {}],
  ['one destination for two models', [...good, ...good], /two models have the destination/, {}],
  ['a newline in a value', replaced('--source', 's3://b/p\nq/'), /holds a newline/, {}],
  ['a setting that is no number', good, /whole number/, { MODEL_TRANSFER_JOBS: '$(id)' }],
  ['a setting of zero', good, /whole number/, { MODEL_TRANSFER_STALL: '0' }],
  ['a jitter with a fraction', good, /whole number/, { MODEL_TRANSFER_JITTER: '1.5' }],
  ['a back-off in words', good, /number of seconds/, { MODEL_TRANSFER_BACKOFF_CAP: '1m' }],
])('settings are refused: %s', (_, args, says, env) => withBench(dash!, 's5cmd', async (b) => {
  b.env = env;
  const outcome = await b.run(args);
  expect([outcome.code, outcome.termination]).toEqual([64, expect.stringMatching(says)]);
  expect(b.s3.requests).toEqual([]);
}));
