import * as fs from 'node:fs';
import * as path from 'node:path';

/** Files of the two versions of cgroups. Of version 1, memory has a hierarchy of its own. */
const VERSIONS = [
  { root: '/sys/fs/cgroup/memory/k8s.io', limit: 'memory.limit_in_bytes', whole: 'memory.max_usage_in_bytes', own: 'total_rss' },
  { root: '/sys/fs/cgroup/k8s.io', limit: 'memory.max', whole: 'memory.peak', own: 'anon' },
];

/** The memory of a container, as its cgroup counts it: looked at five times a second until the container ends. */
export class ContainerMemory {
  /** @param containerId as the kubelet names it: `containerd://<id>` */
  static watch(containerId: string): ContainerMemory {
    const id = containerId.split('://')[1];
    const version = VERSIONS.find(({ root }) => fs.existsSync(path.join(root, id)));
    if (version === undefined) throw new Error(`container ${id} has no cgroup: it ended before it was looked at`);
    return new ContainerMemory(path.join(version.root, id), version);
  }

  /** Most bytes that its processes held. */
  own = 0;
  /** Most bytes that were counted, files that the kernel kept for it included: not every kernel tells. */
  whole?: number;
  limit = 0;
  private readonly timer = setInterval(() => this.look(), 200);

  private constructor(private readonly folder: string, private readonly version: typeof VERSIONS[number]) {
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    try {
      const read = (name: string) => fs.readFileSync(path.join(this.folder, name), 'utf8');
      const { limit, whole, own } = this.version;
      this.limit = Number(read(limit));
      this.own = Math.max(this.own, Number(new RegExp(`^${own} (\\d+)$`, 'm').exec(read('memory.stat'))![1]));
      if (fs.existsSync(path.join(this.folder, whole))) this.whole = Number(read(whole));
    } catch (error) {
      if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code!)) throw error; // it goes with the container
      this.stop();
    }
  }
}
