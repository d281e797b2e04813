/**
 * `npm run bench:data` measures downloads beside other tools, against a real S3 server, and prints; `npm run bench:data -- faults` only the suite of that
 * name. `--write` puts the results into docs/benchmarks.md. It ends with 1 where this library lets a fault through or hangs.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import { onBed } from './data/bed';
import { ENTRANTS, Entrant, OURS_AWS } from './data/contenders';
import { faultTable, FEWEST_INJECTIONS, isBroken, tally, Tally } from './data/faults';
import { lacksLink, raceOnLinks } from './data/link';
import { race, raceTable, sizesOf } from './data/rounds';
import { conditions, writeSection } from './report';
import { VERSITYGW } from '../conformance/tools/catalogue';

const NUMBERS = {
  'rounds': 3, 'large-files': 4, 'large-mib': 256, 'small-files': 1000, 'small-bytes': 10_000, 'injections': FEWEST_INJECTIONS, 'limit': 90, 'at-once': 4,
};
const SUITES: Record<string, (entrants: readonly Entrant[]) => Promise<string>> = { downloads, faults, link };

const args = process.argv.slice(2);
const names = args.filter(arg => !arg.startsWith('--'));
const flags = new Map(args.filter(arg => arg.startsWith('--')).map(arg => [arg.slice(2).split('=')[0], arg.split('=')[1]]));
const numbers = Object.fromEntries(Object.entries(NUMBERS).map(([name, value]) => [name, Number(flags.get(name) ?? value)])) as typeof NUMBERS;
const known = [...Object.keys(NUMBERS), 'write', 'seed', 'only'];
const unknown = [...names.filter(name => !(name in SUITES)), ...[...flags.keys()].filter(flag => !known.includes(flag))];
if (unknown.length > 0 || Object.values(numbers).some(value => !Number.isInteger(value) || value < 1)) {
  const options = [...Object.entries(NUMBERS).map(([name, value]) => `--${name}=${value}`), '--seed=bench', '--only=<part of a name>', '--write'];
  throw new Error(`usage: npm run bench:data -- [${Object.keys(SUITES).join('|')}] ${options.map(option => `[${option}]`).join(' ')}`);
}

const SEED = flags.get('seed') ?? 'bench';

/** Memory, so that no disk is measured. */
const FOLDER = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
const skipped: string[] = [];

/** Those whose tool can be had. */
async function entrantsHere(): Promise<Entrant[]> {
  await VERSITYGW.ensure();
  const missing = new Set<Entrant>();
  for (const entrant of ENTRANTS) {
    await entrant.tool.ensure().catch((error: Error) => {
      missing.add(entrant);
      skipped.push(`${entrant.name} ${entrant.version}: ${error.message.split('\n')[0]}`);
    });
  }
  return ENTRANTS.filter(entrant => !missing.has(entrant) && entrant.name.includes(flags.get('only') ?? ''));
}

async function downloads(entrants: readonly Entrant[]): Promise<string> {
  const models: Array<[number, number, string, Entrant[]]> = [
    [numbers['large-files'], numbers['large-mib'] * 2 ** 20, `${numbers['large-mib']} MiB`, []],
    [numbers['small-files'], numbers['small-bytes'], `${numbers['small-bytes'].toLocaleString('en')} bytes`, [OURS_AWS]], // a process for each file
  ];
  const tables: string[] = [];
  for (const [count, bytesEach, size, slow] of models) {
    const laps = await onBed(FOLDER, sizesOf(count, bytesEach), bed => race(bed, entrants, numbers.rounds, slow));
    tables.push(`${count.toLocaleString('en')} files of ${size}:\n\n${raceTable(laps, count * bytesEach)}`);
    process.stderr.write(`${tables.at(-1)}\n`); // the next takes minutes
  }
  return tables.join('\n\n');
}

async function faults(entrants: readonly Entrant[]): Promise<string> {
  const tallies: Tally[] = [];
  const options = { injections: numbers.injections, limit: numbers.limit, atOnce: numbers['at-once'], seed: SEED };
  await onBed(FOLDER, undefined, async bed => {
    for (const entrant of entrants) tallies.push(await tally(bed, entrant, options));
  });
  if (tallies.some(isBroken)) process.exitCode = 1;
  return faultTable(tallies);
}

async function link(): Promise<string> {
  const reason = lacksLink();
  if (reason === undefined) return raceOnLinks(FOLDER, numbers['large-files'], numbers['large-mib'] * 2 ** 20, numbers.rounds);
  skipped.push(`link: ${reason}`);
  return `Skipped: ${reason}.`;
}

async function main() {
  const entrants = await entrantsHere();
  const versions = [VERSITYGW.title, ...new Set(entrants.map(({ tool }) => tool.title))];
  for (const name of names.length > 0 ? names : Object.keys(SUITES)) {
    const extent = name === 'faults' ? `seed ${SEED}, a hang after ${numbers.limit} s` : `${numbers.rounds} rounds`;
    const text = `${conditions(extent, versions)}\n\n${await SUITES[name](entrants)}`;
    process.stdout.write(`${text}\n\n`);
    if (flags.has('write')) writeSection(`data ${name}`, text);
  }
  for (const each of skipped) process.stdout.write(`skipped ${each}\n`);
  process.stdout.write(`${skipped.length} skipped\n`);
}

main().catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
