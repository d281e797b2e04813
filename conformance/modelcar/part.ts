import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ROOT } from '../examples';
import { Part } from '../part';
import { Outcome } from '../report';

/** What comes from inside. */
export type Message = { readonly outcome: Outcome } | { readonly say: string } | { readonly ended: string | undefined };

/** The real part: who may look into whose files is the kernel's to say. */
export function linux(): string {
  return `Linux ${os.release().split('-')[0]}, ${execFileSync('setpriv', ['--version'], { encoding: 'utf8' }).trim().replace(' from', ' of')}`;
}

/** The link of a modelcar, the look through it, and what starts when, as processes of one namespace with root file systems, users and capabilities of their own. */
export const MODELCAR: Part = {
  name: 'modelcar',
  needs: ['root', 'namespaces'],
  programs: ['chroot', 'mount', 'setpriv', 'unshare'],
  tools: [],
  async run({ folder, processes, record, say }) {
    const inside = processes.start('inside', 'unshare', [
      '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', process.execPath, '--import', 'tsx', path.join(__dirname, 'inside.ts'), folder,
    ], { channel: true, cwd: ROOT });
    let end: Extract<Message, { ended: unknown }> | undefined;
    inside.child.on('message', (message: Message) => {
      if ('outcome' in message) record(message.outcome);
      else if ('say' in message) say(message.say);
      else end = message;
    });
    await new Promise(resolve => inside.child.once('close', resolve));
    if (end === undefined) throw new Error(`what runs in the namespaces ended before its time: ${fs.readFileSync(inside.log, 'utf8').slice(-2000)}`);
    if (end.ended !== undefined) throw new Error(end.ended);
  },
};
