/**
 * Shows that each part can fail: breaks one line of the library in a copy of the project, and runs the part, which must turn red.
 * `npm run conformance:breaks`, or `npm run conformance:breaks -- <part>...` for some.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { finish } from './processes';
import { Break } from '../test/mutants/mutant';
import { breakLine, copyProject } from '../test/mutants/project-copy';

interface PartBreak extends Break {
  /** The part that must turn red. */
  readonly part: string;
  /** What it must say. */
  readonly says: RegExp;
}

const BREAKS: PartBreak[] = [];

async function main() {
  const parts = process.argv.slice(2);
  const copy = copyProject();
  let [passed, failed] = [0, 0];
  try {
    for (const each of BREAKS.filter(({ part }) => parts.length === 0 || parts.includes(part))) {
      const mend = breakLine(copy, each);
      const { code, stdout } = await finish(process.execPath, ['--import', 'tsx', path.join(copy, 'conformance', 'run.ts'), each.part], { cwd: copy });
      mend();
      const told = stdout.split('\n').find(line => line.startsWith('FAILED') && each.says.test(line));
      if (code !== 0 && told) passed++; else failed++;
      process.stdout.write(`${code !== 0 && told ? 'ok    ' : 'FAILED'} ${each.part}: ${each.what}${told ? `\n         ${told.slice(0, 200)}` : `\n${stdout}`}\n`);
    }
  } finally {
    fs.rmSync(copy, { recursive: true, force: true });
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

void main();
