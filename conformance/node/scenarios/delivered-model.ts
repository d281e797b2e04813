import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { FixtureVersion, NAMESPACE, Stage } from './stage';
import { KubernetesObject } from '../../static/manifest';
import { S5CMD, SCIKIT_LEARN } from '../../tools/catalogue';
import { IMAGES } from '../node';
import { ask } from '../pods';
import { INFERENCE_REFERENCE } from '../surroundings/inference-image';
import { trainModel, TrainedModel } from '../surroundings/model';
import { PARTS_OF_NODE } from '../titles';

/** Where the engine of the fixture finds its model. */
const MODEL = '/mnt/classifier/models';

/** Files that would tell an application the downloader's identity, or one of its own. */
const TOKENS = [
  '/var/run/secrets/model-download/pod-identity-token',
  '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
  '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  '/var/run/secrets/kubernetes.io/serviceaccount/token',
];

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
      await stage.apply(server, version);
      await checkBytes(await stage.ready(server, version), trained.folder);
    });
  }
  const pod = await stage.pod(server, one);
  if (pod !== undefined) await withheld(stage, pod);
  await stage.remove(server);
}

async function infers(stage: Stage, version: FixtureVersion, { probe }: TrainedModel): Promise<void> {
  const server = { name: 'inference', image: INFERENCE_REFERENCE };
  await stage.associate({ namespace: NAMESPACE, serviceAccount: server.name });
  await stage.apply(server, version);
  const pod = await stage.ready(server, version);
  const response = await fetch(`http://${pod.status.podIP}:8000/predict`, { method: 'POST', body: JSON.stringify(probe.rows) });
  const predictions = await response.json() as number[];
  if (JSON.stringify(predictions) !== JSON.stringify(probe.predictions)) throw new Error(`predicts ${predictions}, expected ${probe.predictions}`);
  await stage.remove(server);
}

async function checkBytes(pod: KubernetesObject, folder: string): Promise<void> {
  const files = await ask<Array<{ path: string; sha256: string; mode: string }>>(pod, `/files?under=${MODEL}`);
  for (const name of fs.readdirSync(folder)) {
    const published = createHash('sha256').update(fs.readFileSync(path.join(folder, name))).digest('hex');
    const found = files.find(file => file.path === name);
    if (found?.sha256 !== published) throw new Error(`${name} is ${found?.sha256 ?? 'missing'}, published was ${published}`);
  }
}

async function withheld({ run: { checks } }: Stage, pod: KubernetesObject): Promise<void> {
  const read = checks(PARTS_OF_NODE, 'the application reads no credentials');
  for (const token of TOKENS) {
    await read.check(token, async () => refused(await ask(pod, `/try?read=${token}`), /no such file/));
  }
  await read.check('environment', async () => {
    const names = (await ask<string[]>(pod, '/env')).filter(name => name.startsWith('AWS_'));
    if (names.length > 0) throw new Error(`the application has ${names.join(', ')}`);
  });
  const written = checks(PARTS_OF_NODE, 'the application writes nothing to the model');
  // Of a file that is there, the kernel says first that it belongs to somebody else.
  const attempts = { 'classifier.joblib': /permission denied|read-only file system/, 'manifest.sha256': /permission denied|read-only file system/, 'new': /read-only file system/ };
  for (const [name, expected] of Object.entries(attempts)) {
    const file = `${MODEL}/${name}`;
    await written.check(file, async () => refused(await ask(pod, `/try?write=${file}`), expected));
  }
}

function refused({ done, error }: { done: boolean; error: string }, expected: RegExp): void {
  if (done || !expected.test(error)) throw new Error(done ? 'it is possible' : error);
}
