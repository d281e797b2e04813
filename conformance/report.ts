/** What came of one check. */
export interface Outcome {
  readonly part: string;
  /** The real part that said so, with its version: `kube-apiserver 1.35.8`. */
  readonly by: string;
  /** What was checked, the same for all checks that share a row of the table. */
  readonly what: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Which check, and why it failed or was skipped. */
  readonly detail?: string;
}

/** Takes what came of each check. */
export type Recorder = (outcome: Outcome) => void;

/** Checks that share a row of the table. */
export class Checks {
  constructor(private readonly recorder: Recorder, private readonly part: string, private readonly by: string, private readonly what: string) {}

  /** Passes if `work` comes to its end. */
  async check(name: string, work: () => unknown): Promise<void> {
    try {
      await work();
      this.record('passed');
    } catch (error) {
      this.record('failed', `${name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** As `check`, but coming to its end shows nothing by itself: only a failure counts. Whether it came there. */
  async unless(name: string, work: () => unknown): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.record('failed', `${name}: ${error instanceof Error ? error.message : error}`);
      return false;
    }
  }

  /** A check that this machine can't run, by name and with the reason. */
  skip(name: string, why: string): void {
    this.record('skipped', `${name}: ${why}`);
  }

  private record(result: Outcome['result'], detail?: string) {
    this.recorder({ part: this.part, by: this.by, what: this.what, result, detail });
  }
}

/** What came of all checks: failures as they come, a table and a count at the end. */
export class Report {
  private readonly outcomes: Outcome[] = [];

  constructor(private readonly out: { write(text: string): unknown }) {}

  readonly record: Recorder = outcome => {
    this.outcomes.push(outcome);
    if (outcome.result !== 'passed') this.out.write(`${outcome.result === 'failed' ? 'FAILED ' : 'skipped'} ${outcome.part}: ${outcome.what}: ${outcome.detail}\n`);
  };

  /** Whether a part has checked anything so far. */
  checked(part: string): boolean {
    return this.outcomes.some(outcome => outcome.part === part);
  }

  get failed(): boolean {
    return this.outcomes.length === 0 || this.count('failed') > 0;
  }

  /** The table, one row for each thing that was checked, those of a part together, and the closing line. */
  close(): void {
    const rows = new Map<string, Outcome[]>();
    for (const outcome of this.outcomes) {
      const key = [outcome.part, outcome.by, outcome.what].join('\n');
      rows.set(key, [...rows.get(key) ?? [], outcome]);
    }
    const parts = this.outcomes.map(({ part }) => part);
    const inOrder = [...rows.values()].sort(([a], [b]) => parts.indexOf(a.part) - parts.indexOf(b.part)); // parts run beside each other
    const cells = inOrder.map(outcomes => [
      outcomes[0].part, outcomes[0].by, outcomes[0].what,
      ...(['passed', 'failed', 'skipped'] as const).map(result => String(outcomes.filter(outcome => outcome.result === result).length)),
      [...new Set(outcomes.filter(({ result }) => result === 'skipped').map(({ detail }) => detail))].join('; '),
    ]);
    this.out.write(`\n${table(['part', 'by', 'what', 'passed', 'failed', 'skipped', 'why skipped'], cells)}\n`);
    this.out.write(`${this.count('passed')} passed, ${this.count('failed')} failed, ${this.count('skipped')} skipped\n`);
  }

  private count(result: Outcome['result']): number {
    return this.outcomes.filter(outcome => outcome.result === result).length;
  }
}

/** Columns as wide as their widest cell. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column].length)));
  return [head, ...rows].map(row => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd() + '\n').join('');
}
