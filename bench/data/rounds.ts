import * as fs from 'node:fs';
import * as path from 'node:path';
import { Entrant } from './contenders';
import { measure, Usage } from './usage';
import { Bed } from '../../conformance/downloads/bed';
import { Sizes } from '../../conformance/downloads/model';
import { table, withSpread } from '../report';

/** Seconds, as in a pod: no fault is looked for here, and a busy machine is none. */
const PATIENCE = '300';

/** One download, and how many bytes the server wrote meanwhile. */
interface Lap extends Usage {
  readonly sentBytes: number;
}

/** The laps of one entrant, one in each round. */
export interface Laps {
  readonly name: string;
  readonly laps: readonly Lap[];
}

/** A model of so many files of the same size. */
export function sizesOf(count: number, bytesEach: number): Sizes {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`model-${String(index).padStart(5, '0')}.safetensors`, bytesEach]));
}

/** One entrant after the other in each round, so that what else the machine does meets all of them. Those that are `slow` take part in the first only. */
export async function race(bed: Bed, entrants: readonly Entrant[], rounds: number, slow: readonly Entrant[] = []): Promise<Laps[]> {
  const all = entrants.map(({ name }) => ({ name, laps: [] as Lap[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, entrant] of entrants.entries()) {
      if (round > 0 && slow.includes(entrant)) continue;
      const lap = await download(bed, entrant);
      all[index].laps.push(lap);
      process.stderr.write(`round ${round + 1}: ${entrant.name}: ${lap.seconds.toFixed(2)} s\n`);
    }
  }
  return all;
}

async function download(bed: Bed, entrant: Entrant): Promise<Lap> {
  const folder = fs.mkdtempSync(path.join(bed.folder, 'lap-'));
  const [destination, scratch] = ['destination', 'scratch'].map(name => path.join(folder, name));
  for (const each of [destination, scratch]) fs.mkdirSync(each);
  try {
    const { bucket, prefix, region, agent, model, gateway } = bed;
    const command = entrant.command({ endpoint: gateway.endpoint, bucket, prefix, region, agent, model, destination, scratch });
    const before = written(bed);
    const usage = await measure({ ...command, env: { ...command.env, MODEL_TRANSFER_STALL: PATIENCE } });
    const sentBytes = written(bed) - before;
    if (usage.code !== 0) throw new Error(`${entrant.name} ended with ${usage.code}: ${usage.stderr.trim().slice(-2000)}`);
    checkSizes(bed, path.join(destination, entrant.delivered ?? '.'));
    return { ...usage, sentBytes };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** All that the server ever wrote, as its kernel counts: to its sockets, as downloads write no file of it. Nothing stands between it and its clients. */
function written({ gateway: { started } }: Bed): number {
  return Number(/^wchar: (\d+)$/m.exec(fs.readFileSync(`/proc/${started.child.pid}/io`, 'utf8'))![1]);
}

/** Whether bytes are right is what faults are about. */
function checkSizes({ model }: Bed, folder: string) {
  for (const [name, { length }] of model.objects) {
    const found = fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size;
    if (found !== length) throw new Error(`${path.join(folder, name)} has ${found ?? 'no'} bytes, ${length} were published`);
  }
}

/** The best lap of each, and its time in that of the first entrant, round by round. */
export function raceTable(all: readonly Laps[], bytes: number): string {
  const [first] = all;
  return table(
    ['Tool', 'Wall', `In that of ${first.name}`, 'CPU', 'Memory', 'Sent, in the model\'s bytes'],
    all.map(({ name, laps }) => {
      const best = [...laps].sort((a, b) => a.seconds - b.seconds)[0];
      return [
        name, `${best.seconds.toFixed(2)} s`, withSpread(laps.map(({ seconds }, round) => seconds / first.laps[round].seconds)),
        `${best.cpuSeconds.toFixed(2)} s`, `${Math.round(best.memoryBytes / 2 ** 20)} MiB`, (best.sentBytes / bytes).toFixed(3),
      ];
    }),
  );
}
