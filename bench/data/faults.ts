import { Entrant } from './contenders';
import { Bed } from '../../conformance/downloads/bed';
import { FAULTS, injections } from '../../conformance/downloads/faults';
import { judge, Verdict } from '../../conformance/downloads/judge';
import { table } from '../report';

/** So that every fault is injected once. */
export const FEWEST_INJECTIONS = FAULTS.length;

/** What came of one entrant under all injections. */
export interface Tally {
  readonly entrant: Entrant;
  readonly verdicts: ReadonlyArray<{ readonly fault: string; readonly verdict: Verdict }>;
}

/** How faults are injected. */
export interface FaultOptions {
  readonly injections: number;
  readonly seed: string;
  /** Seconds after which a download hangs. */
  readonly limit: number;
  /** Downloads at once: most of a run is waiting. */
  readonly atOnce: number;
}

/** The same injections for each. */
export async function tally(bed: Bed, entrant: Entrant, options: FaultOptions): Promise<Tally> {
  const left = injections(options.seed, options.injections, bed.model);
  const verdicts: Array<{ fault: string; verdict: Verdict }> = [];
  const work = async () => {
    for (let injection = left.shift(); injection !== undefined; injection = left.shift()) {
      const verdict = await judge(entrant, injection, bed, options.limit);
      verdicts.push({ fault: injection.fault, verdict });
      if (entrant.ours && isWrong(verdict)) process.stderr.write(`${entrant.name}: ${injection.says}: ${verdict.result}: ${verdict.detail}: ${verdict.said}\n`);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  const result = { entrant, verdicts };
  process.stderr.write(`${row(result).join(', ')}\n`);
  return result;
}

/** Whether one of ours let a fault through or hung. */
export function isBroken({ entrant, verdicts }: Tally): boolean {
  return entrant.ours && verdicts.some(({ verdict }) => isWrong(verdict));
}

function isWrong({ result }: Verdict): boolean {
  return result === 'let through' || result === 'hang';
}

/** How many injections each lets through, and which faults they are. */
export function faultTable(tallies: readonly Tally[]): string {
  return [
    table(['Tool', 'Injections', 'Right bytes', 'Refused', 'Let through', 'Hangs'], tallies.map(row)),
    'Which faults each lets through at least once:',
    table(['Tool', 'Faults'], tallies.map(({ entrant, verdicts }) => [entrant.name, faultsOf(verdicts, 'let through')])),
    'At which each hangs at least once:',
    table(['Tool', 'Faults'], tallies.map(({ entrant, verdicts }) => [entrant.name, faultsOf(verdicts, 'hang')])),
  ].join('\n\n');
}

function row({ entrant, verdicts }: Tally): string[] {
  const count = (result: Verdict['result']) => verdicts.filter(({ verdict }) => verdict.result === result).length.toLocaleString('en');
  return [`${entrant.name} ${entrant.version}`, verdicts.length.toLocaleString('en'), count('ok'), count('refused'), count('let through'), count('hang')];
}

function faultsOf(verdicts: Tally['verdicts'], result: Verdict['result']): string {
  const names = new Set(verdicts.filter(({ verdict }) => verdict.result === result).map(({ fault }) => fault));
  return [...names].sort().join('; ') || 'none';
}
