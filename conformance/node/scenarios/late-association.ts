import * as fs from 'node:fs';
import * as path from 'node:path';
import { downloaderOf, NAMESPACE, Stage, uidOf } from './stage';
import { until } from '../../processes';
import { S5CMD } from '../../tools/catalogue';
import { IMAGES } from '../node';

/** A pod that is there before its service account has a role starts once it has, and nobody deletes it. */
export async function lateAssociation(stage: Stage): Promise<void> {
  const server = { name: 'late', image: IMAGES.application };
  const folder = path.join(stage.folder, 'late');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'weights.bin'), Buffer.alloc(1_000_000, 'late'));
  const version = await stage.publish(folder, 'late', '1');
  const { agent } = stage.node.surroundings;
  await stage.run.checks(S5CMD.title, 'an association that comes late heals the pod').check('late', async () => {
    const before = agent.answers.length;
    await stage.apply([server], version);
    await until(() => agent.answers.slice(before).includes(404), 60);
    const waiting = await stage.until(server, version, pod => downloaderOf(pod).state.running !== undefined);
    agent.associate({ namespace: NAMESPACE, serviceAccount: server.name });
    const pod = await stage.ready(server, version);
    if (uidOf(pod) !== uidOf(waiting)) throw new Error('another pod is Ready');
    if (downloaderOf(pod).restartCount !== 0) throw new Error(`the download was started ${downloaderOf(pod).restartCount} times more`);
  });
  await stage.remove(server);
}
