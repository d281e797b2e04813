import * as fs from 'node:fs';
import * as path from 'node:path';
import { Containerd, PAUSE_IMAGE } from './containerd';
import { COVERED } from './covered';
import { NODE_NAME, startKubelet } from './kubelet';
import { NODE_ADDRESS, setUpNetwork } from './network';
import { isReady } from './pods';
import { writeApplicationImage } from './surroundings/application-image';
import { addBusybox, writeDownloaderImage } from './surroundings/downloader-image';
import { writeImage } from './surroundings/images';
import { AGENT_ADDRESS } from './surroundings/pod-identity-agent';
import { Surroundings } from './surroundings/surroundings';
import { IdentityWebhook } from './webhook';
import { ControlPlane } from '../cluster/control-plane';
import { Processes, succeed, until } from '../processes';

/** Where the node is, as everything around it takes for granted. */
export const REGION = 'eu-west-1';

/** Images that are made here, to which names of charts are given. */
export const IMAGES = { downloader: 'localhost/downloader:1', application: 'localhost/application:1', busybox: 'localhost/busybox:1' } as const;

/** What the examples' charts take for granted of a node. GPUs are advertised, as the device plugin would: none is used. */
const [LABELS, GPUS] = [{ 'karpenter.sh/nodepool': 'gpu' }, { 'nvidia.com/gpu': '8' }];

/** A cluster of one node with what stands around it. Runs in network, mount and process namespaces of its own, with which it goes. */
export class Node {
  static async start(processes: Processes, folder: string): Promise<Node> {
    for (const covered of COVERED) await succeed('mount', ['-t', 'tmpfs', 'tmpfs', covered]);
    await setUpNetwork([AGENT_ADDRESS]);
    const [plane, containerd] = await Promise.all([
      ControlPlane.start(processes, path.join(folder, 'control-plane'), { controllers: true, flags: ['--kubelet-preferred-address-types=InternalIP'] }),
      Containerd.start(processes, path.join(folder, 'containerd')),
    ]);
    await startKubelet(processes, path.join(folder, 'kubelet'), {
      kubeconfig: plane.kubeconfig, runtime: containerd.socket, nameServer: NODE_ADDRESS, labels: LABELS,
    });
    const surroundings = await Surroundings.start({ processes, folder: path.join(folder, 'surroundings'), address: NODE_ADDRESS, region: REGION });
    const webhook = await IdentityWebhook.start({ processes, folder: path.join(folder, 'webhook'), plane, authority: surroundings.authority, region: REGION });
    const node = new Node(plane, containerd, surroundings, webhook);
    await node.bringImages(path.join(folder, 'images'));
    await node.ready();
    return node;
  }

  private constructor(
    readonly plane: ControlPlane,
    readonly containerd: Containerd,
    readonly surroundings: Surroundings,
    readonly webhook: IdentityWebhook,
  ) {}

  private async bringImages(folder: string): Promise<void> {
    fs.mkdirSync(folder);
    const archive = (name: string) => path.join(folder, `${name}.tar`);
    const busybox = path.join(folder, 'busybox');
    await addBusybox(busybox);
    const shell = path.join(busybox, 'bin', 'sh');
    fs.rmSync(shell); // a container of the user's own waits for what the node hasn't: here its shell does nothing, well
    fs.writeFileSync(shell, '#!/bin/busybox true\n', { mode: 0o755 });
    const entrypoint = ['/bin/sleep', '2147483647'];
    await writeImage({ rootFolder: busybox, archive: archive('pause'), references: [PAUSE_IMAGE], entrypoint });
    await writeImage({ rootFolder: busybox, archive: archive('busybox'), references: [IMAGES.busybox] });
    await writeDownloaderImage({ folder, archive: archive('downloader'), references: [IMAGES.downloader], authority: this.surroundings.authority.certificate });
    await writeApplicationImage({ folder, archive: archive('application'), references: [IMAGES.application] });
    for (const name of ['pause', 'busybox', 'downloader', 'application']) await this.containerd.import(archive(name));
  }

  private async ready(): Promise<void> {
    await until(async () => {
      const { body } = await this.plane.request('GET', `/api/v1/nodes/${NODE_NAME}`);
      return isReady(body);
    }, 60);
    await this.plane.request('PATCH', `/api/v1/nodes/${NODE_NAME}/status`, JSON.stringify({ status: { capacity: GPUS } }), 'application/merge-patch+json');
  }
}
