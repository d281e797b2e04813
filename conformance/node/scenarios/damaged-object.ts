import * as fs from 'node:fs';
import * as path from 'node:path';
import { lastWords, NAMESPACE, Stage, uidOf } from './stage';
import { flipBit } from '../../bytes';
import { S5CMD } from '../../tools/catalogue';
import { IMAGES } from '../node';

/** The file in which a bit is flipped, behind the back of the S3 server. */
const FILE = 'weights.bin';

/** How a download ends that got other bytes than were published, and what it says. */
const [WRONG_BYTES, SAYS] = [65, new RegExp(`${FILE.replace('.', '\\.')} has sha256 \\w+, the manifest says \\w+, twice`)];

/** A damaged object keeps a pod from starting, and says so; once it is whole again, the same pod starts by itself. */
export async function damagedObject(stage: Stage): Promise<void> {
  const server = { name: 'damaged', image: IMAGES.application };
  const folder = path.join(stage.folder, 'damaged');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, FILE), Buffer.alloc(3_000_000, 'weights'));
  const version = await stage.publish(folder, 'damaged', '1');
  const object = stage.objectFile(version, FILE);
  await stage.associate({ namespace: NAMESPACE, serviceAccount: server.name });
  const checks = stage.run.checks(S5CMD.title, 'a flipped bit in the bucket keeps the pod in Init, with the reason, until it is flipped back');
  flipBit(object);
  let uid: string | undefined;
  await checks.check('flipped', async () => {
    await stage.apply([server], version);
    const pod = await stage.until(server, version, each => lastWords(each) !== undefined, 180);
    uid = uidOf(pod);
    const { exitCode, message } = lastWords(pod)!;
    if (exitCode !== WRONG_BYTES || pod.status.phase !== 'Pending') throw new Error(`the download ended with ${exitCode}, the pod is ${pod.status.phase}`);
    if (!SAYS.test(message ?? '')) throw new Error(`the termination message does not say that ${FILE} has another hash: ${message}`);
    stage.run.say(`a flipped bit: exit code ${exitCode}, ${message.trim()}`);
  });
  flipBit(object);
  await checks.check('flipped back', async () => {
    const pod = await stage.ready(server, version);
    if (uidOf(pod) !== uid) throw new Error('another pod is Ready');
  });
  await stage.remove(server);
}
