import * as fs from 'node:fs';
import * as path from 'node:path';
import { ContainerMemory } from './container-memory';
import { downloaderOf, lastWords, Stage } from './stage';
import { noise, sha256 } from '../../bytes';
import { succeed } from '../../processes';
import { KubernetesObject } from '../../static/manifest';
import { S5CMD } from '../../tools/catalogue';
import { downloadsOf } from '../example-pods';
import { IMAGES } from '../node';
import { ask } from '../pods';

/** A namespace whose containers may have so much memory: what the downloader asks for where its application asks for any. */
const [MEASURED, LIMIT] = ['measured', 256];
const MIB = 1024 * 1024;

/** Files of the model, and MiB of each: four times the limit in all. */
const [FILES, SIZE] = [4, 256];

/** A model several times larger than the memory of its downloader lands on the node's disk, and how fast. */
export async function throughput(stage: Stage): Promise<void> {
  const server = { name: 'large', image: IMAGES.application };
  const folder = path.join(stage.folder, 'large');
  fs.mkdirSync(folder);
  const digests = new Map<string, string>();
  for (let file = 0; file < FILES; file++) {
    const [name, bytes] = [`weights-${file}.bin`, noise(`weights of ${file}`, SIZE * MIB)];
    fs.writeFileSync(path.join(folder, name), bytes);
    digests.set(name, sha256(bytes));
  }
  const version = await stage.publish(folder, 'large', '1', MEASURED);
  await succeed('sync', ['--file-system', folder]); // what was published is not written to the disk while the download is
  await stage.node.plane.namespaces([MEASURED], { 'pod-security.kubernetes.io/enforce': 'restricted' });
  await stage.node.plane.apply(memoryLimit());
  await stage.associate({ namespace: MEASURED, serviceAccount: server.name });
  const checks = stage.run.checks(S5CMD.title, `a model of ${FILES * SIZE} MiB lands on a disk under a memory limit of ${LIMIT} MiB`);
  let memory: ContainerMemory | undefined;
  await checks.check('large', async () => {
    await stage.apply([server], version);
    const running = await stage.until(server, version, each => downloaderOf(each).containerID !== undefined);
    const watched = memory = ContainerMemory.watch(downloaderOf(running).containerID);
    const pod = await stage.until(server, version, each => lastWords(each) !== undefined, 300).finally(() => watched.stop());
    const { exitCode, message } = lastWords(pod)!;
    if (exitCode !== 0 || downloaderOf(pod).restartCount !== 0) throw new Error(`the download ended with ${exitCode}: ${message}`);
    if (memory.limit !== LIMIT * MIB) throw new Error(`its cgroup has a limit of ${memory.limit} bytes`);
    const { bytes, seconds } = JSON.parse(message.trim().split('\n').pop()!);
    const told = `${Math.round(bytes / 1e6 / Math.max(seconds, 1))} MB/s, in ${seconds} s`;
    stage.run.say(`${FILES} files of ${SIZE} MiB through TLS to a disk: ${told}`);
    await checkBytes(await stage.ready(server, version), digests);
  });
  if (memory !== undefined && memory.whole === undefined) checks.skip('memory', 'nothing tells how much memory the container took at most: memory.peak is there from Linux 5.19 on');
  else if (memory !== undefined) await checks.check('memory', () => tellMemory(stage, memory!));
  await stage.remove(server, MEASURED);
  fs.rmSync(folder, { recursive: true });
}

async function checkBytes(pod: KubernetesObject, digests: Map<string, string>): Promise<void> {
  const [{ folder }] = downloadsOf(pod.spec);
  const files = await ask<Array<{ path: string; sha256: string }>>(pod, `/files?under=${folder}`);
  for (const [name, digest] of digests) {
    const found = files.find(file => file.path === name)?.sha256;
    if (found !== digest) throw new Error(`${name} is ${found ?? 'missing'}, published was ${digest}`);
  }
}

function tellMemory({ run }: Stage, { own, whole }: ContainerMemory): void {
  if (own === 0 || !whole) throw new Error(`the container took ${own} bytes, with the page cache ${whole}: nothing was measured`);
  run.say(`its own memory at most ${inMib(own)} MiB, with the page cache ${inMib(whole)} of ${LIMIT}`);
}

/** A limit for every container that has none of its own. */
function memoryLimit(): object {
  const limits = [{ type: 'Container', default: { memory: `${LIMIT}Mi` } }];
  return { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'memory', namespace: MEASURED }, spec: { limits } };
}

function inMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
