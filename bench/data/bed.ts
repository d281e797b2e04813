import * as fs from 'node:fs';
import * as path from 'node:path';
import { endDescendants } from './usage';
import { Bed } from '../../conformance/downloads/bed';
import { Sizes } from '../../conformance/downloads/model';
import { Processes } from '../../conformance/processes';

/** Gives a model in a real S3 server to `work`, and takes all of it away afterwards, also where the benchmark is interrupted. */
export async function onBed<T>(folder: string, sizes: Sizes | undefined, work: (bed: Bed) => Promise<T>): Promise<T> {
  const own = fs.mkdtempSync(path.join(folder, 'bench-data-'));
  const processes = new Processes(own);
  const cleanup = async () => {
    await processes.stopAll();
    fs.rmSync(own, { recursive: true, force: true });
  };
  const interrupted = () => {
    endDescendants();
    void cleanup().finally(() => process.exit(1));
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, interrupted);
  try {
    const bed = await Bed.start(processes, own, sizes);
    try {
      return await work(bed);
    } finally {
      bed.stop();
    }
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    await cleanup();
  }
}
