import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Break } from './mutant';

const ROOT = path.join(__dirname, '..', '..');

/** A copy of the project in a folder of its own, with the same dependencies, in which lines can be broken. */
export function copyProject(): string {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'mutants-'));
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  for (const file of files.filter(name => name !== '' && fs.existsSync(path.join(ROOT, name)))) {
    fs.mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
    fs.copyFileSync(path.join(ROOT, file), path.join(copy, file));
  }
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

/** Breaks a line of the copy. Answers what mends it. */
export function breakLine(copy: string, { file, replace, by, what }: Break): () => void {
  const target = path.join(copy, file);
  const text = fs.readFileSync(target, 'utf8');
  if (text.split(replace).length !== 2) {
    throw new Error(`mutant '${what}': ${file} holds the text to replace ${text.split(replace).length - 1} times, expected once: ${replace}`);
  }
  fs.writeFileSync(target, text.replace(replace, () => by));
  return () => fs.writeFileSync(target, text);
}
