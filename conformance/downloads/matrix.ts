import { Run } from '../part';
import { Bed } from './bed';
import { FAULTS, Injection, injections } from './faults';
import { Entry } from './images';
import { judge, Verdict } from './judge';

const SEED = process.env.CONFORMANCE_SEED ?? 'conformance';
/** Of every contender. The fewest have each fault once. */
const COUNT = Math.max(FAULTS.length, Number(process.env.CONFORMANCE_INJECTIONS) || 0);

/** Every contender under every injection: no wrong byte with exit code 0, no hang, and what can be healed is. */
export async function runMatrix({ checks, say }: Run, entries: Entry[], bed: Bed): Promise<void> {
  const all = injections(SEED, COUNT, bed.model);
  for (const { contender, atOnce, seconds } of entries) {
    const started = Date.now();
    const row = checks(`${contender.name} ${contender.version}`, `${FAULTS.length} faults on the way from a real S3 server`);
    const counts = { 'ok': 0, 'refused': 0, 'let through': 0, 'hang': 0 };
    const left = [...all];
    const work = async () => {
      for (let injection = left.shift(); injection !== undefined; injection = left.shift()) {
        const injected = injection;
        await row.check(injected.says, async () => {
          const verdict = await judge(contender, injected, bed, seconds);
          counts[verdict.result]++;
          expectRight(injected, verdict);
        });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    say(`${contender.name}: ${all.length} injections: ${Object.entries(counts).map(([result, count]) => `${count} ${result}`).join(', ')}; ${Math.round((Date.now() - started) / 1000)} s`);
  }
}

function expectRight(injection: Injection, verdict: Verdict): void {
  const { result, detail, left, struck, broken, lists, survivors, said } = verdict;
  const faults = [
    ...result === 'let through' || result === 'hang' ? [result] : [],
    ...injection.outcome === 'heals' && result === 'refused' ? ['refused, though it can be healed'] : [],
    ...injection.outcome === 'refuses' && result === 'ok' ? ['the fault did nothing, or what it changed is not noticed'] : [],
    ...left.length > 0 ? [`at the model's path: ${left.join(', ')}`] : [],
    ...lists > 0 ? [`${lists} lists`] : [],
    ...struck === 0 && !injection.listing && !injection.unreachable ? ['the fault never struck'] : [],
    ...broken.length > 0 ? [`the fault was another one: ${broken.join(', ')}`] : [],
    ...survivors > 0 ? [`${survivors} processes outlive it`] : [],
  ];
  if (faults.length > 0) throw new Error(`${faults.join('; ')} (${detail}): ${said.split('\n').slice(-3).join(' | ')}`);
}
