import * as fs from 'node:fs';
import * as path from 'node:path';
import { finish, Processes, succeed } from '../processes';
import { storedName } from './surroundings/images';
import { CONTAINERD, RUNC } from '../tools/catalogue';

/** The image of the container that holds a pod's network. */
export const PAUSE_IMAGE = 'localhost/pause:1';

/** A real containerd with runc, whose images come from archives only: there is no registry. */
export class Containerd {
  static async start(processes: Processes, folder: string): Promise<Containerd> {
    fs.mkdirSync(folder, { recursive: true });
    const containerd = new Containerd(folder);
    const configuration = path.join(folder, 'config.toml');
    fs.writeFileSync(configuration, containerd.configuration());
    fs.writeFileSync(path.join(folder, 'pods.conflist'), JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'pod-network' }] }));
    const started = processes.start('containerd', CONTAINERD.file('containerd'), ['--config', configuration], {
      env: { ...process.env, PATH: `${CONTAINERD.folder}:${process.env.PATH}` }, // where it finds its shim
    });
    await processes.ready(started, async () => (await containerd.ctr(['version'])).code === 0);
    return containerd;
  }

  private constructor(private readonly folder: string) {}

  get socket(): string {
    return path.join(this.folder, 'containerd.sock');
  }

  /** Brings the images of an OCI archive, under the names that it gives. */
  async import(archive: string): Promise<void> {
    await this.ctrOk(['images', 'import', '--local', archive]);
  }

  /** Gives an image another name, as a chart has it. */
  async tag(image: string, reference: string): Promise<void> {
    await this.ctrOk(['images', 'tag', '--local', '--force', image, storedName(reference)]);
  }

  private ctr(args: string[]) {
    return finish(CONTAINERD.file('ctr'), this.ctrArgs(args));
  }

  private ctrOk(args: string[]) {
    return succeed(CONTAINERD.file('ctr'), this.ctrArgs(args));
  }

  private ctrArgs(args: string[]): string[] {
    return ['--address', this.socket, '--namespace', 'k8s.io', ...args];
  }

  private configuration(): string {
    const text = (value: string) => JSON.stringify(value);
    return `version = 3
root = ${text(path.join(this.folder, 'root'))}
state = ${text(path.join(this.folder, 'state'))}
[grpc]
  address = ${text(this.socket)}
[ttrpc]
  address = ${text(`${this.socket}.ttrpc`)}
[plugins."io.containerd.internal.v1.opt"]
  path = ${text(path.join(this.folder, 'opt'))}
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = ${text(PAUSE_IMAGE)}
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true # as root of a machine that may not lower it
  netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = [${text(path.join(__dirname, 'cni'))}]
  conf_dir = ${text(this.folder)}
  use_internal_loopback = true
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = ${text(RUNC.file('usr/sbin/runc'))}
  SystemdCgroup = false
`;
  }
}
