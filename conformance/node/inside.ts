/** Runs in the namespaces, as their first process: what it starts ends with it. `inside.ts <folder>`. */
import * as path from 'node:path';
import { ExamplesRun } from './examples-run';
import { Node, REGION } from './node';
import { Message } from './part';
import { PublishedModels } from './published-models';
import { Processes } from '../processes';
import { Checks } from '../report';
import { playScenarios } from './scenarios/all';

const tell = (message: Message) => new Promise(resolve => process.send!(message, resolve));

async function work(folder: string): Promise<void> {
  const started = Date.now();
  const say = (text: string) => void tell({ say: text });
  const checks = (by: string, what: string) => new Checks(outcome => void tell({ outcome }), 'node', by, what);
  const node = await Node.start(new Processes(folder), folder);
  say(`the node is Ready ${((Date.now() - started) / 1000).toFixed(1)} s after nothing`);
  const models = new PublishedModels(path.join(folder, 'models'), node.surroundings.gateway, REGION);
  const examples = new ExamplesRun(node, models, path.join(folder, 'examples'), { checks, say }).all();
  await Promise.all([examples, playScenarios(node, models, path.join(folder, 'scenarios'), { checks, say }, examples)]); // most of the time both wait for probes
}

process.on('disconnect', () => process.exit(1)); // nobody waits for it any more
void work(process.argv[2]).then(() => undefined, error => error instanceof Error ? error.message : String(error)).then(async ended => {
  await tell({ ended });
  process.exit(0);
});
