import { execFileSync } from 'node:child_process';
import { Bench, Files, Group, Outcome, Publication, sha256 } from './bench';
import { Rule } from './s3-server';

/** A fault and what has to come of it. Without a `code` the model has to arrive whole in spite of it. */
export interface Scenario {
  readonly name: string;
  readonly code?: number;
  /** What the termination message has to name. */
  readonly says?: RegExp[];
  readonly files?: Files;
  readonly publish?: Parameters<Bench['publish']>[1];
  readonly rules?: Rule[];
  readonly group?: Group;
  readonly env?: Record<string, string | undefined>;
  readonly prepare?: (bench: Bench, publication: Publication) => void | Promise<void>;
  readonly check?: (bench: Bench, outcome: Outcome, publication: Publication) => void;
  /** Fewer seconds than this, where waiting is the fault. */
  readonly within?: number;
  /** Not for this downloader: the reason is in the fault itself. */
  readonly only?: 's5cmd' | 'aws';
}

/** Everything that has to hold of a run, whatever the fault. */
export async function play(bench: Bench, scenario: Scenario): Promise<void> {
  const publication = bench.publish(scenario.files, scenario.publish);
  bench.s3.rules = scenario.rules ?? [];
  bench.env = { ...scenario.env };
  await scenario.prepare?.(bench, publication);
  const group = (publication as any).pinned ? { ...scenario.group, digest: publication.digest } : scenario.group;
  const outcome = await bench.run(bench.arguments(publication, group));
  const told = `${outcome.termination}\n${outcome.stderr}\n${outcome.stdout}`;

  if (scenario.code === undefined) {
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(Object.keys(bench.files()).sort()).toEqual(Object.keys(publication.files).sort());
    for (const [name, content] of Object.entries(publication.files)) expect([name, sha256(bench.files()[name])]).toEqual([name, sha256(content)]);
    expect(bench.leftovers()).toEqual(['.ready']);
    expect(JSON.parse(outcome.termination)).toMatchObject({ v: 1, model: 'llama', digest: publication.digest, bytes: publication.totalBytes });
    expect(outcome.events.at(-1)).toMatchObject({ v: 1, event: 'ready', digest: publication.digest });
  } else {
    expect([outcome.code, outcome.termination]).toEqual([scenario.code, expect.stringMatching(new RegExp(`\\(exit ${scenario.code}\\)\n$`))]);
    for (const pattern of scenario.says ?? []) expect(outcome.termination).toMatch(pattern);
    expect(outcome.termination).toMatch(/^model llama: [^\n]*\n$/);
    expect(Buffer.byteLength(outcome.termination)).toBeLessThanOrEqual(4096);
    expect(outcome.stderr).toBe(outcome.termination);
    expect(outcome.events.at(-1)).toMatchObject({ v: 1, event: 'error', exit: scenario.code });
    expect(bench.leftovers().filter((name) => !/^\.verified(\/|$)/.test(name))).toEqual([]);
    expect(Object.keys(bench.files())).toEqual([]);
  }
  if (scenario.within !== undefined) expect(outcome.seconds).toBeLessThan(scenario.within);
  scenario.check?.(bench, outcome, publication);
  expect(bench.s3.requests.filter((request) => request.operation === 'list')).toEqual([]);
  expect(told).not.toContain(bench.agent.secret);
  expect(told).not.toMatch(/session-\d|service-account-token/);
  await expectNoProcesses(bench);
}

/** Busybox's timeout leaves a watcher that looks once a second whether it is still needed. */
export async function expectNoProcesses(bench: Bench): Promise<void> {
  for (let wait = 0; wait < 30 && bench.shell.name === 'busybox' && bench.processes().length > 0; wait++) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(bench.processes().map((pid) => execFileSync('ps', ['-o', 'pid,ppid,stat,etimes,args', '-p', String(pid)], { encoding: 'utf8' }))).toEqual([]);
}
