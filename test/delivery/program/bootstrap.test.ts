import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { BOOTSTRAP, inlineProgram, transferProgram } from '../../../lib/delivery/program';

/** Kubernetes' expansion of `command` and `args`, byte by byte as its Go code works. */
function kubernetesExpand(text: string, variables: Record<string, string>): string {
  const input = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0; at < input.length; at++) {
    if (input[at] !== 0x24 || at + 1 === input.length) {
      out.push(input.subarray(at, at + 1));
      continue;
    }
    const next = input[++at];
    if (next === 0x24) {
      out.push(Buffer.from('$'));
    } else if (next === 0x28) {
      const close = input.indexOf(0x29, at);
      if (close < 0) {
        out.push(Buffer.from('$('));
        continue;
      }
      const name = input.toString('utf8', at + 1, close);
      out.push(Buffer.from(variables[name] ?? `$(${name})`));
      at = close;
    } else {
      // Go's string(byte) is the rune of that number, so a byte of a longer character becomes another character.
      out.push(Buffer.from(`$${String.fromCodePoint(next)}`));
    }
  }
  return Buffer.concat(out).toString();
}

const variables = { 'a': 'EXPANDED', '': 'EMPTY', 'ab': 'TOO', 'id': 'ID' };

describe('the inlined program', () => {
  test.each(['s5cmd', 'aws'] as const)('%s reaches the process as it is', (fetcher) => {
    const program = transferProgram(fetcher);
    expect(kubernetesExpand(inlineProgram(program), { ...variables, 'od -An -N4 -tu4 /dev/urandom': 'x' })).toBe(program);
    expect(kubernetesExpand(program, {})).not.toBe(program); // so the escape is needed
    expect(Buffer.byteLength(inlineProgram(program))).toBeLessThan(100_000); // the kernel takes 128 KiB an argument
  });

  test.each([
    ['$(a)', '$$(a)'], ['$a', '$a'], ['${a}', '${a}'], ['$', '$'], ['$$', '$$$$'], ['$$(a)', '$$$$(a)'], ['$((1 + 1))', '$$((1 + 1))'],
    ['a$$$b', 'a$$$$$$b'], ['"$@"', '"$@"'], ['$ü', '$$ü'],
  ])('%s is written %s', (text, inlined) => {
    expect(inlineProgram(text)).toBe(inlined);
    expect(kubernetesExpand(inlined, variables)).toBe(text);
  });

  test('any text over the characters that matter survives', () => {
    const text = fc.array(fc.constantFrom(...'$(){}ab '), { maxLength: 40 }).map((characters) => characters.join(''));
    fc.assert(fc.property(text, (any) => kubernetesExpand(inlineProgram(any), variables) === any), { numRuns: 3000 });
  });

  test('any text at all survives', () => {
    const unit = fc.oneof(fc.constantFrom('$', '$(', ')'), fc.string({ unit: 'grapheme' }));
    fc.assert(fc.property(fc.array(unit), (any) => kubernetesExpand(inlineProgram(any.join('')), variables) === any.join('')), { numRuns: 1000 });
  });
});

describe('the bootstrap', () => {
  const start = (program: string, args: string[], folder: string, shell = 'sh') =>
    execFileSync(shell, ['-c', kubernetesExpand(inlineProgram(BOOTSTRAP), variables), program, ...args], { env: { ...process.env, TMPDIR: folder } }).toString();

  test('writes the program to TMPDIR and becomes it with its arguments', () => {
    const folder = mkdtempSync(join(tmpdir(), 'boot strap-'));
    try {
      const program = 'printf "%s|" "$@"; printf %s "$0"; exit 0 # \'"\\n$(id)`id`%s';
      expect(start(program, ['a b', '*', '', '$HOME'], folder)).toBe(`a b|*||$HOME|${folder}/model-transfer.sh`);
      expect(readFileSync(join(folder, 'model-transfer.sh'), 'utf8')).toBe(`${program}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('passes the exit code on', () => {
    expect(() => start('exit 66', [], tmpdir())).toThrow(expect.objectContaining({ status: 66 }));
  });

  test('is one line', () => expect(BOOTSTRAP).not.toContain('\n'));
});

describe('the programs', () => {
  const folder = join(__dirname, '../../../lib/delivery');
  const parts = readdirSync(folder).filter((file) => /^(transfer.*|fetch-.*|pod-identity|credentials|s3-source)\.sh$/.test(file));

  test('every part is in a program', () => {
    const all = transferProgram('s5cmd') + transferProgram('aws') + transferProgram('cp');
    for (const part of parts) expect(all).toContain(readFileSync(join(folder, part), 'utf8'));
  });

  test('a part is short enough to be read', () => {
    for (const part of parts) expect([part, readFileSync(join(folder, part), 'utf8').split('\n').length < 300]).toEqual([part, true]);
  });

  test.each(['s5cmd', 'aws'] as const)('S3-03 S3-04 %s neither synchronises, lists nor deletes', (fetcher) => {
    const code = transferProgram(fetcher).split('\n').map((line) => line.replace(/(^|\s)#.*/, '')).join('\n');
    expect(code).not.toMatch(/\bsync\b|--delete|--recursive|--size-only|--profile|--credentials-file|--exit-on-error|\bls s3|\beval\b|\bfind\b|\bxargs\b/);
  });
});
