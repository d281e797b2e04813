import { Part } from '../part';
import { Bed } from './bed';
import { OUR_TOOLS, ours } from './images';
import { runMatrix } from './matrix';
import { runScenarios } from './scenarios';
import { VERSITYGW } from '../tools/catalogue';

/**
 * The shipped program pulls with the real downloaders: from the stand-in of S3 that its own tests have, and from a real S3 server through faults.
 * Credentials come as from the agent of EKS Pod Identity. A web identity (IRSA) is exchanged at AWS STS, which can't be had here: that stays modelled, in
 * `test/delivery/program/sources.test.ts`.
 */
export const DOWNLOADS: Part = {
  name: 'downloads',
  tools: [...OUR_TOOLS, VERSITYGW],
  async run(run) {
    const bed = await Bed.start(run.processes, run.folder);
    try {
      await runMatrix(run, ours(run.folder), bed);
    } finally {
      bed.stop();
    }
    await runScenarios(run);
  },
};
