import * as fs from 'node:fs';
import * as path from 'node:path';
import { FixtureVersion, NAMESPACE, Stage } from './stage';
import { sha256 } from '../../bytes';
import { KubernetesObject } from '../../static/manifest';
import { S5CMD, SCIKIT_LEARN } from '../../tools/catalogue';
import { downloadsOf } from '../example-pods';
import { IMAGES } from '../node';
import { addressOf, ask } from '../pods';
import { INFERENCE_REFERENCE } from '../surroundings/inference-image';
import { trainModel, TrainedModel } from '../surroundings/model';
import { PARTS_OF_NODE } from '../titles';
import { checkReading, checkWriting } from '../withheld';

/** Where the engine of the fixture finds its model. */
const MODEL = '/mnt/classifier/models';

/** Two versions of a real model: bytes, predictions, what the application may not do, and the way back to the first version. */
export async function deliveredModel(stage: Stage): Promise<void> {
  const { checks, say } = stage.run;
  const [first, second] = [await trainModel(path.join(stage.folder, 'classifier-1'), 1), await trainModel(path.join(stage.folder, 'classifier-2'), 3)];
  const [one, two] = [await stage.publish(first.folder, 'classifier', '1'), await stage.publish(second.folder, 'classifier', '2')];
  say(`a model of ${SCIKIT_LEARN.title} was trained and published twice: ${one.bytes} and ${two.bytes} bytes`);

  await checks(SCIKIT_LEARN.title, 'a real model is loaded in the container, and infers what it did where it was trained')
    .check('classifier', () => infers(stage, one, first));
  const server = { name: 'application', image: IMAGES.application };
  await stage.associate({ namespace: NAMESPACE, serviceAccount: server.name });
  const bytes = checks(S5CMD.title, 'a rollback serves the bytes of the version that it names');
  for (const [title, version, trained] of [['first', one, first], ['second', two, second], ['back to the first', one, first]] as const) {
    await bytes.check(title, async () => {
      await stage.apply([server], version);
      await checkBytes(await stage.ready(server, version), trained.folder);
    });
  }
  const served = async () => {
    const pod = await stage.pod(server, one);
    if (pod === undefined) throw new Error('there is no pod to look at');
    return pod;
  };
  await checks(PARTS_OF_NODE, 'the application reads no credentials').check('application', async () => checkReading(await served()));
  await checks(PARTS_OF_NODE, 'the application writes nothing to the model').check('application', async () => {
    const pod = await served();
    await checkWriting(pod, downloadsOf(pod.spec));
  });
  await stage.remove(server);
}

async function infers(stage: Stage, version: FixtureVersion, { probe }: TrainedModel): Promise<void> {
  const server = { name: 'inference', image: INFERENCE_REFERENCE };
  await stage.associate({ namespace: NAMESPACE, serviceAccount: server.name });
  await stage.apply([server], version);
  const pod = await stage.ready(server, version);
  const response = await fetch(`${addressOf(pod)}/predict`, { method: 'POST', body: JSON.stringify(probe.rows) });
  const predictions = await response.json() as number[];
  if (JSON.stringify(predictions) !== JSON.stringify(probe.predictions)) throw new Error(`predicts ${predictions}, expected ${probe.predictions}`);
  await stage.remove(server);
}

async function checkBytes(pod: KubernetesObject, folder: string): Promise<void> {
  const files = await ask<Array<{ path: string; sha256: string; mode: string }>>(pod, `/files?under=${MODEL}`);
  for (const name of fs.readdirSync(folder)) {
    const published = sha256(fs.readFileSync(path.join(folder, name)));
    const found = files.find(file => file.path === name);
    if (found?.sha256 !== published) throw new Error(`${name} is ${found?.sha256 ?? 'missing'}, published was ${published}`);
  }
}
