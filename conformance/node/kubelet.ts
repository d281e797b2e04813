import * as fs from 'node:fs';
import * as path from 'node:path';
import { Processes, Started, succeed } from '../processes';
import { NODE_ADDRESS } from './network';
import { KUBERNETES } from '../tools/catalogue';

/** The name of the one node. */
export const NODE_NAME = 'node';

/** The kubelet sets these for the whole machine, unless they are so (pkg/kubelet/cm/container_manager_linux.go): it is shown files of its own in their place. */
const KERNEL_SETTINGS = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

export interface KubeletProps {
  readonly kubeconfig: string;
  /** The socket of containerd. */
  readonly runtime: string;
  /** Who answers the DNS of pods. */
  readonly nameServer: string;
  /** What charts select nodes by. */
  readonly labels: Record<string, string>;
}

/** Starts a real kubelet, which registers the node. It runs in a mount namespace of its own. */
export async function startKubelet(processes: Processes, folder: string, props: KubeletProps): Promise<Started> {
  const file = (name: string) => path.join(folder, name);
  fs.mkdirSync(file('settings'), { recursive: true });
  await hideKernelSettings(file('settings'));
  fs.writeFileSync(file('resolv.conf'), `nameserver ${props.nameServer}\n`);
  fs.writeFileSync(file('config.json'), JSON.stringify(configuration(file, props)));
  return processes.start('kubelet', KUBERNETES.file('kubelet'), [
    `--config=${file('config.json')}`, `--kubeconfig=${props.kubeconfig}`, `--root-dir=${file('root')}`, `--cert-dir=${file('certificates')}`,
    `--hostname-override=${NODE_NAME}`, `--node-ip=${NODE_ADDRESS}`, `--node-labels=${Object.entries(props.labels).map(label => label.join('=')).join(',')}`,
  ]);
}

async function hideKernelSettings(folder: string): Promise<void> {
  for (const [name, value] of Object.entries(KERNEL_SETTINGS)) {
    const file = path.join(folder, path.basename(name));
    fs.writeFileSync(file, `${value}\n`);
    await succeed('mount', ['--bind', file, `/proc/sys/${name}`]);
  }
}

function configuration(file: (name: string) => string, { runtime, nameServer }: KubeletProps): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: NODE_ADDRESS, // the API server asks it there for logs and to run commands
    healthzBindAddress: '127.0.0.1',
    readOnlyPort: 0,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${runtime}`,
    clusterDNS: [nameServer],
    clusterDomain: 'cluster.local',
    resolvConf: file('resolv.conf'),
    podLogsDir: file('logs'),
    registerNode: true,
    // The machine's cgroups stay as they are but for those of containers.
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    // A machine with little left shall not evict what is looked at.
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  };
}
