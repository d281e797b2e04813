/**
 * `npm run bench` measures and prints; `npm run bench -- synth` only the suite of that name; `--rounds=5` more often than three times; and
 * `--write` puts the results into docs/benchmarks.md.
 */
import { publishSuite } from './publish';
import { conditions, writeSection } from './report';
import { synthSuite } from './synth';

/** What can be measured: each returns Markdown, and throws where a promise is broken. */
const SUITES: Record<string, (rounds: number) => string | Promise<string>> = { synth: synthSuite, publish: publishSuite };

const args = process.argv.slice(2);
const rounds = Number(args.find(arg => arg.startsWith('--rounds='))?.split('=')[1] ?? 3);
const names = args.filter(arg => !arg.startsWith('--'));
const unknown = names.find(name => !(name in SUITES));
if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
  throw new Error(`usage: npm run bench -- [${Object.keys(SUITES).join('|')}] [--rounds=3] [--write]`);
}

async function main() {
  for (const name of names.length > 0 ? names : Object.keys(SUITES)) {
    const text = `${conditions(`${rounds} rounds`)}\n\n${await SUITES[name](rounds)}`;
    process.stdout.write(`${text}\n`);
    if (args.includes('--write')) writeSection(name, text);
  }
}

void main();
