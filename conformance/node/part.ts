import * as fs from 'node:fs';
import * as path from 'node:path';
import { checkCovered } from './covered';
import { containerCgroups, removeCgroups } from './leftovers';
import { ROOT } from '../examples';
import { Part } from '../part';
import { Outcome } from '../report';
import { APPLICATION, BUSYBOX, CONTAINERD, KUBERNETES, POD_IDENTITY_WEBHOOK, RUNC, S5CMD, SCIKIT_LEARN, VERSITYGW } from '../tools/catalogue';
import { CACHE } from '../tools/tool';
import { INFERENCE_IMAGE } from './surroundings/inference-image';

/** What comes from inside. */
export type Message = { readonly outcome: Outcome } | { readonly say: string } | { readonly ended: string | undefined };

/** Runs what the examples make on a real node, in namespaces that go with it. */
export const NODE: Part = {
  name: 'node',
  needs: ['root', 'namespaces'],
  programs: ['ip', 'ldd', 'mount', 'nsenter', 'sync', 'unshare'],
  tools: [KUBERNETES, CONTAINERD, RUNC, BUSYBOX, S5CMD, VERSITYGW, POD_IDENTITY_WEBHOOK, APPLICATION, SCIKIT_LEARN, INFERENCE_IMAGE],
  async run({ folder, processes, record, say }) {
    checkCovered({ 'the project': ROOT, 'the cache': CACHE, 'the folder of the run': folder });
    const cgroups = containerCgroups();
    const inside = processes.start('inside', 'unshare', [
      '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', process.execPath, '--import', 'tsx', path.join(__dirname, 'inside.ts'), folder,
    ], { channel: true, cwd: ROOT });
    let end: Extract<Message, { ended: unknown }> | undefined;
    inside.child.on('message', (message: Message) => {
      if ('outcome' in message) record(message.outcome);
      else if ('say' in message) say(message.say);
      else end = message;
    });
    await Promise.all([
      new Promise(resolve => inside.child.once('exit', resolve)).then(() => removeCgroups(cgroups)), // before an interrupted run is at its end
      new Promise(resolve => inside.child.once('close', resolve)), // all that was told has come
    ]);
    if (end === undefined) throw new Error(`what runs in the namespaces ended before its time: ${fs.readFileSync(inside.log, 'utf8').slice(-2000)}`);
    if (end.ended !== undefined) throw new Error(end.ended);
  },
};
