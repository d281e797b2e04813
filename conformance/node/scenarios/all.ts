import * as fs from 'node:fs';
import { damagedObject } from './damaged-object';
import { deliveredModel } from './delivered-model';
import { heldDownload } from './held-download';
import { lateAssociation } from './late-association';
import { modelImages } from './model-images';
import { previousRevision } from './previous-revision';
import { NAMESPACE, Stage } from './stage';
import { successor } from './successor';
import { throughput } from './throughput';
import { Run } from '../../part';
import { S5CMD } from '../../tools/catalogue';
import { Node } from '../node';
import { PublishedModels } from '../published-models';
import { INFERENCE_IMAGE } from '../surroundings/inference-image';

/** What is seen on the node beside the examples, in this order. */
const SCENARIOS = [deliveredModel, damagedObject, heldDownload, lateAssociation, successor, previousRevision, modelImages];

/** Measures, so nothing else may run. */
const ALONE = [throughput];

/**
 * Plays every scenario on a node.
 * @param meanwhile what else runs there
 */
export async function playScenarios(
  node: Node, models: PublishedModels, folder: string, run: Pick<Run, 'checks' | 'say'>, meanwhile: Promise<void>,
): Promise<void> {
  fs.mkdirSync(folder, { recursive: true });
  const stage = new Stage(node, models, folder, run);
  await node.plane.namespaces([NAMESPACE], { 'pod-security.kubernetes.io/enforce': 'restricted' });
  await node.containerd.import(INFERENCE_IMAGE.file('image.tar'));
  const play = async (scenario: (stage: Stage) => Promise<void>) => {
    const started = Date.now();
    await scenario(stage);
    run.say(`${scenario.name}: ${Math.round((Date.now() - started) / 1000)} s`);
  };
  for (const scenario of SCENARIOS) await play(scenario);
  await meanwhile;
  for (const scenario of ALONE) await play(scenario);
  await run.checks(S5CMD.title, 'no download lists a bucket, writes to it, or asks for an object without credentials').check('requests', () => {
    const { list, write, refused } = node.surroundings.front.counts;
    if (list + write + refused > 0) throw new Error(`${list} lists, ${write} writes, ${refused} refusals`);
  });
}
