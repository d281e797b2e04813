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

/** Ends and removes what the part that runs has made; asked twice, it answers the same. */
let cleanUp: () => Promise<void> = async () => undefined;
let interrupted = false;

async function ensureTools({ tools }: Part) {
  for (const tool of tools.filter(({ made }) => !made)) {
    const started = Date.now();
    say(`making ${tool.title} ...`);
    await tool.ensure();
    say(`made ${tool.title} in ${seconds(started)}`);
  }
}

async function runPart(part: Part, report: Report) {
  const started = Date.now();
  const whole = new Checks(report.record, part.name, 'the suite', 'the part comes to its end');
  const reason = lacks(part.needs);
  if (reason !== undefined) return whole.skip(part.name, reason);
  await whole.unless(part.name, async () => {
    await ensureTools(part);
    const before = report.size;
    await runIn(part, report);
    if (report.size === before) throw new Error('it checked nothing');
  });
  say(`${part.name}: ${seconds(started)}`);
}

async function runIn(part: Part, report: Report) {
  // On a disk, which /tmp often is not: servers keep extended attributes there, and models weigh a gigabyte.
  const folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/var/tmp', `conformance-${part.name}-`));
  const processes = new Processes(folder);
  let cleaned: Promise<void> | undefined;
  cleanUp = () => cleaned ??= processes.stopAll().then(() => fs.rmSync(folder, { recursive: true, force: true }));
  try {
    await part.run({ folder, processes, record: report.record, checks: (by, what) => new Checks(report.record, part.name, by, what), say });
  } finally {
    await cleanUp();
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
  for (const part of parts) if (!interrupted) await runPart(part, report);
  report.close();
  process.exitCode = report.failed ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true;
    void cleanUp().finally(() => process.exit(1));
  });
}
main().catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
