import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CHECK_CONTEXT } from '../../../bin/check-context/command';
import { run } from '../verify/run';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'context-')); });
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: Buffer | string = '') {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
const check = (...args: string[]) => run(CHECK_CONTEXT, [folder, ...args]);
/** The files that are named, with why. */
const named = async (...args: string[]) => (await check(...args)).said('error').slice(0, -1).map(line => line.replace(`${folder}/`, '').replace(/: [\d.]+ \w+,/, ':'));

const safetensors = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{}'), Buffer.from('weights')]);
const zip = (name: string) => Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), Buffer.alloc(22), Buffer.from([name.length, 0, 0, 0]), Buffer.from(name)]);

test.each([
  ['a.safetensors', 'x', 'safetensors'],
  ['models/llama.Q4.gguf', 'x', 'GGUF'],
  ['last.ckpt', 'x', 'PyTorch checkpoint'],
  ['m/pytorch_model-00001-of-00002.bin', 'x', 'PyTorch checkpoint'],
  ['model.onnx', 'x', 'ONNX'],
  ['state.pkl', 'x', 'pickle'],
  ['by-content', safetensors, 'safetensors'],
  ['weights.bin', Buffer.from('GGUF\u0003\u0000'), 'GGUF'],
  ['weights.dat', Buffer.from([0x80, 4, 0x95, 1, 0]), 'pickle'],
  ['legacy.dat', Buffer.from([0x80, 2, 0x8a, 10, 0x6c]), 'pickle'],
  ['saved', zip('archive/data.pkl'), 'PyTorch checkpoint'],
])('%s is named', async (path, content, kind) => {
  write(path, content);
  write('Dockerfile', 'FROM scratch\nCOPY . /\n');
  const { code, said } = await check();
  expect([code, said('error')]).toEqual([1, [
    expect.stringMatching(`${path.replaceAll('.', '\\.')}: \\d+ bytes, ${kind}$`),
    `1 of 2 files would bring weights into the image: name them in ${join(folder, '.dockerignore')} and publish them instead, or pass --allow`,
  ]]);
});

test.each([
  ['app.py', 'import torch'],
  ['data.bin', 'anything'],
  ['lib.jar', zip('META-INF/MANIFEST.MF')],
  ['binary', Buffer.from([0x80, 2, 0, 0, 0])],
  ['cut', safetensors.subarray(0, 9)],
  ['not-safetensors', Buffer.concat([Buffer.from([255, 255, 0, 0, 0, 0, 0, 0]), Buffer.from('{}')])],
  ['empty', ''],
])('%s is none', async (path, content) => {
  write(path, content);
  const { code, result } = await check();
  expect([code, result]).toMatchObject([0, { files: 1, bytes: content.length }]);
});

test('a large file is named whatever it is', async () => {
  write('corpus.txt');
  truncateSync(join(folder, 'corpus.txt'), 100 * 2 ** 20 + 1);
  expect(await named()).toEqual(['corpus.txt: larger than 100.0 MiB']);
  expect((await check('--max-size', '101MiB')).code).toBe(0);
  expect(await named('--max-size', '1024')).toEqual(['corpus.txt: larger than 1.0 KiB']);
  expect((await check('--max-size', '1 TB')).code).toBe(2);
});

test('what .dockerignore leaves out is not named; its own rules hold', async () => {
  for (const path of ['weights/a.safetensors', 'weights/keep.safetensors', 'B.safetensors', 'sub/b.safetensors', '.cache/huggingface/c.safetensors']) write(path);
  write('.dockerignore', '\ufeff# weights\r\nweights\n!weights/keep.safetensors\nb.safetensors\n');
  // A pattern is of the root unless it has `**`, and letters have their case.
  expect((await named()).sort()).toEqual(['.cache/huggingface/c.safetensors', 'B.safetensors', 'sub/b.safetensors', 'weights/keep.safetensors'].map(path => `${path}: safetensors`));
  write('.dockerignore', '**/*.safetensors\n');
  expect((await check()).code).toBe(0);
});

test("the Dockerfile's own ignore file counts before that of the folder", async () => {
  write('a.safetensors');
  write('.dockerignore', '*.safetensors\n');
  write('build/gpu.Dockerfile');
  write('build/gpu.Dockerfile.dockerignore', '*.md\n');
  const dockerfile = join(folder, 'build/gpu.Dockerfile');
  expect((await check()).code).toBe(0);
  expect(await named('--dockerfile', dockerfile)).toEqual(['a.safetensors: safetensors']);
  const { code, said } = await check('--dockerfile', `${dockerfile}s`);
  expect([code, said('error')]).toEqual([2, [expect.stringContaining(`${dockerfile}s is no file`)]]);
  write('Dockerfile.dockerignore', '');
  expect(await named()).toEqual(['a.safetensors: safetensors']);
});

test('a link is not followed, and what is meant to be sent is allowed', async () => {
  symlinkSync('/dev/zero', join(folder, 'link.safetensors'));
  write('test/tiny.safetensors');
  expect(await named()).toEqual(['test/tiny.safetensors: safetensors']);
  expect((await check('--allow', 'test/**')).code).toBe(0);
});

test.each([[[]], [['a', 'b']], [['/nowhere']]])('called wrongly: %j', async words => {
  expect((await run(CHECK_CONTEXT, words)).code).toBe(2);
});
