import * as fs from 'node:fs';
import * as path from 'node:path';
import { publishSmall } from './small-model';
import { FixtureVersion, NAMESPACE, Stage } from './stage';
import { sha256 } from '../../bytes';
import { until } from '../../processes';
import { KubernetesObject } from '../../static/manifest';
import type { FixtureServer } from '../fixture-app/stack';
import { IMAGES } from '../node';
import { ask, explain, isReady, podsIn } from '../pods';
import { addBusybox } from '../surroundings/downloader-image';
import { writeImage } from '../surroundings/images';
import { PARTS_OF_NODE } from '../titles';

const DELIVERIES = ['ociCopy', 'modelcar', 'modelcarByHook', 'imageVolume', 'auto'] as const;

/** Where the engine of the fixture finds its model, whatever brings it. */
const folderOf = ({ model }: FixtureVersion) => `/mnt/${model}/models`;

/** A model that comes in an image gets to the application by every form, under `restricted`, and the image of another model by none. */
export async function modelImages(stage: Stage): Promise<void> {
  const version = await publishSmall(stage, 'in-image', '1');
  const image = await imageOf(stage, version);
  const ready = stage.run.checks(PARTS_OF_NODE, 'a model that comes in an image: the pod gets Ready, with the files that were published');
  await withServers(stage, 'image', image, version, async (delivery, server, started) => ready.check(delivery, async () => {
    const pod = await podOf(stage, server, isReady);
    stage.run.say(`${delivery}: Ready ${((Date.now() - started) / 1000).toFixed(1)} s after its manifests`);
    await checkFiles(stage, pod, version);
    const restarts = pod.status.containerStatuses.reduce((sum: number, { restartCount }: { restartCount: number }) => sum + restartCount, 0);
    if (restarts > 0) throw new Error(`its containers were started again ${restarts} times`);
  }));
  const another = await publishSmall(stage, 'in-image', '2');
  const refused = stage.run.checks(PARTS_OF_NODE, 'the image of another version keeps the pod in Init, with the reason');
  await withServers(stage, 'wrong', image, another, async (delivery, server) => refused.check(delivery, async () => {
    const pod = await podOf(stage, server, each => endOf(each) !== undefined);
    const { exitCode, message = '' } = endOf(pod)!;
    if (exitCode !== 65 || !message.includes(another.digest) || pod.status.phase !== 'Pending') throw new Error(`${pod.status.phase}, exit code ${exitCode}: ${message}`);
  }));
}

/** A server by each form at once, as most of a start is waiting. */
async function withServers(
  stage: Stage, prefix: string, modelImage: string, version: FixtureVersion, check: (delivery: string, server: Pick<FixtureServer, 'name'>, started: number) => Promise<unknown>,
): Promise<void> {
  const servers = DELIVERIES.map(delivery => ({ name: `${prefix}-${delivery.toLowerCase()}`, image: IMAGES.application, delivery, modelImage }));
  await stage.apply(servers, version);
  const started = Date.now();
  await Promise.all(servers.map(server => check(server.delivery, server, started)));
  for (const server of servers) await stage.remove(server);
}

/** The image of a version, as a Dockerfile on busybox would make it, under a name that pins it. */
async function imageOf(stage: Stage, version: FixtureVersion): Promise<string> {
  const rootFolder = path.join(stage.folder, 'model-image');
  await addBusybox(rootFolder);
  fs.cpSync(path.dirname(stage.objectFile(version, 'model.json')), path.join(rootFolder, 'models'), { recursive: true });
  for (const name of fs.readdirSync(path.join(rootFolder, 'models'))) fs.chmodSync(path.join(rootFolder, 'models', name), 0o444);
  const archive = path.join(stage.folder, 'model-image.tar');
  const reference = `localhost/models/${version.model}@${version.digest}`; // a part of the name alone
  await writeImage({ rootFolder, archive, references: [reference] });
  await stage.node.containerd.import(archive);
  return reference;
}

async function podOf({ node }: Stage, { name }: Pick<FixtureServer, 'name'>, wanted: (pod: KubernetesObject) => boolean): Promise<KubernetesObject> {
  let found: KubernetesObject | undefined;
  try {
    await until(async () => {
      found = (await podsIn(node.plane, [NAMESPACE])).find(({ spec }) => spec.serviceAccountName === name);
      return found !== undefined && wanted(found);
    }, 120);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await explain(node.plane, [NAMESPACE])}`);
  }
  return found!;
}

/** How the first of the delivery's containers ended that failed. */
function endOf({ status }: KubernetesObject): { exitCode: number; message?: string } | undefined {
  const ends = (status.initContainerStatuses ?? []).map(({ state, lastState }: KubernetesObject) => state.terminated ?? lastState?.terminated);
  return ends.find((end: { exitCode: number } | undefined) => end !== undefined && end.exitCode !== 0);
}

async function checkFiles(stage: Stage, pod: KubernetesObject, version: FixtureVersion): Promise<void> {
  const published = path.dirname(stage.objectFile(version, 'model.json'));
  const files = await ask<Array<{ path: string; sha256: string }>>(pod, `/files?under=${folderOf(version)}/`); // a link is followed
  for (const name of fs.readdirSync(published)) {
    const [expected, found] = [sha256(fs.readFileSync(path.join(published, name))), files.find(file => file.path === name)?.sha256];
    if (found !== expected) throw new Error(`${name} is ${found ?? 'missing'}, published was ${expected}`);
  }
}
