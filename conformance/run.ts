/**
 * Runs what the library makes on the real parts: `npm run conformance`, or `npm run conformance -- <part>...` for some.
 * What a part needs is built into a cache folder first (`CONFORMANCE_CACHE`).
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { lacks } from './machine';
import { Part } from './part';
import { PARTS } from './parts';
import { Processes } from './processes';
import { Checks, Report } from './report';

const say = (text: string) => void process.stdout.write(`${text}\n`);
const seconds = (since: number) => `${Math.round((Date.now() - since) / 1000)} s`;

/** What must be ended and removed, also when the run is. */
const cleanups = new Set<() => Promise<void>>();

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
  await whole.check(part.name, async () => {
    await ensureTools(part);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), `conformance-${part.name}-`));
    const processes = new Processes(folder);
    const cleanup = async () => {
      await processes.stopAll();
      fs.rmSync(folder, { recursive: true, force: true });
    };
    cleanups.add(cleanup);
    try {
      await part.run({ folder, processes, record: report.record, checks: (by, what) => new Checks(report.record, part.name, by, what), say });
    } finally {
      cleanups.delete(cleanup);
      await cleanup();
    }
  });
  say(`${part.name}: ${seconds(started)}`);
}

async function main() {
  const names = process.argv.slice(2);
  const unknown = names.find(name => !PARTS.some(part => part.name === name));
  if (unknown !== undefined) throw new Error(`there is no part '${unknown}': name some of ${PARTS.map(({ name }) => name).join(', ')}`);
  const report = new Report(process.stdout);
  for (const part of PARTS.filter(({ name }) => names.length === 0 || names.includes(name))) await runPart(part, report);
  report.close();
  process.exitCode = report.failed ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.all([...cleanups].map(cleanup => cleanup())).finally(() => process.exit(1));
  });
}
main().catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
