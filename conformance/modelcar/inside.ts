/** Runs in the namespaces, as their first process: what it starts, and what it mounts, ends with it. `inside.ts <folder>`. */
import { checkLinks } from './links';
import { linux, Message } from './part';
import { checkPermissions } from './permissions';
import { Site } from './site';
import { checkStartOrder } from './start-order';
import { Checks } from '../report';

const tell = (message: Message) => new Promise(resolve => process.send!(message, resolve));

async function work(folder: string): Promise<void> {
  const by = linux();
  const checks = (what: string) => new Checks(outcome => void tell({ outcome }), 'modelcar', by, what);
  const site = await Site.make(folder);
  await checkPermissions(checks('who reads the model through the link, by user, group and capabilities'), site);
  await checkLinks(checks('a link that is there already: ln -sfn, and what ln -sf does'), site);
  await checkStartOrder(checks('what starts when: without a gate the application misses its model, with one never in 200 starts'), site, text => void tell({ say: text }));
}

process.on('disconnect', () => process.exit(1)); // nobody waits for it any more
void work(process.argv[2]).then(() => undefined, error => error instanceof Error ? error.message : String(error)).then(async ended => {
  await tell({ ended });
  process.exit(0);
});
