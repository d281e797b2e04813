/**
 * Runs what the library makes on the real parts: `npm run conformance`, or `npm run conformance -- <part>...` for some.
 * What a part needs is built into a cache folder first (`CONFORMANCE_CACHE`).
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { lacks, missing } from './machine';
import { Part } from './part';
import { PARTS } from './parts';
import { Processes } from './processes';
import { Checks, Report } from './report';

const say = (text: string) => void process.stdout.write(`${text}\n`);
const seconds = (since: number) => `${Math.round((Date.now() - since) / 1000)} s`;

/** What every part needs of a machine, or what makes its tools does. */
const PROGRAMS = ['apt-get', 'bash', 'dpkg-deb', 'git', 'go', 'openssl', 'python3', 'sh', 'tar'];

/** How many parts run at once: most of a node's time is waiting, most of a download's is not. */
const LANES = 2;

/** End and remove what the parts that run have made; asked twice, they answer the same. */
const cleanUps = new Set<() => Promise<void>>();
let interrupted = false;

/** A part, and where it says whether it comes to its end. */
interface Entry {
  readonly part: Part;
  readonly whole: Checks;
}

/** Makes what a part needs, before any part runs: compilers leave nothing of a machine to others. Whether it can run. */
async function prepare({ part, whole }: Entry): Promise<boolean> {
  const reason = lacks(part.needs);
  if (reason !== undefined) whole.skip(part.name, reason);
  return reason === undefined && whole.unless(part.name, async () => {
    for (const tool of part.tools.filter(({ made }) => !made && !interrupted)) {
      const started = Date.now();
      say(`making ${tool.title} ...`);
      await tool.ensure();
      say(`made ${tool.title} in ${seconds(started)}`);
    }
  });
}

async function runPart({ part, whole }: Entry, report: Report) {
  const started = Date.now();
  await whole.unless(part.name, async () => {
    await runIn(part, report);
    if (!report.checked(part.name)) throw new Error('it checked nothing');
  });
  say(`${part.name}: ${seconds(started)}`);
}

async function runIn(part: Part, report: Report) {
  // On a disk, which /tmp often is not: servers keep extended attributes there, and models weigh a gigabyte.
  const folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/var/tmp', `conformance-${part.name}-`));
  const processes = new Processes(folder);
  let cleaned: Promise<void> | undefined;
  const cleanUp = () => cleaned ??= processes.stopAll().then(() => fs.rmSync(folder, { recursive: true, force: true }));
  cleanUps.add(cleanUp);
  try {
    await part.run({ folder, processes, record: report.record, checks: (by, what) => new Checks(report.record, part.name, by, what), say });
  } finally {
    await cleanUp();
    cleanUps.delete(cleanUp);
  }
}

async function main() {
  const names = process.argv.slice(2);
  const unknown = names.find(name => !PARTS.some(part => part.name === name));
  if (unknown !== undefined) throw new Error(`there is no part '${unknown}': name some of ${PARTS.map(({ name }) => name).join(', ')}`);
  const parts = PARTS.filter(({ name }) => names.length === 0 || names.includes(name));
  const lacking = missing([...PROGRAMS, ...new Set(parts.flatMap(({ programs }) => programs ?? []))]);
  if (lacking.length > 0) throw new Error(`this machine lacks ${lacking.join(', ')}: install what docs/verification.md names`);
  const report = new Report(process.stdout);
  const left: Entry[] = [];
  for (const part of parts) {
    const entry = { part, whole: new Checks(report.record, part.name, 'the suite', 'the part comes to its end') };
    if (await prepare(entry)) left.push(entry);
  }
  await Promise.all(Array.from({ length: LANES }, async () => {
    for (let next = left.shift(); next !== undefined && !interrupted; next = left.shift()) await runPart(next, report);
  }));
  report.close();
  process.exitCode = report.failed ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true;
    void Promise.allSettled([...cleanUps].map(cleanUp => cleanUp())).finally(() => process.exit(1));
  });
}
main().catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
