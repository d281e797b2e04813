import { runsOnWindows } from './pod-os';
import { isInside } from '../private/mount-path';

/** Volumes that are mounted read-only, whatever the mount says: https://kubernetes.io/docs/concepts/storage/volumes/ */
const READ_ONLY_VOLUMES = ['configMap', 'secret', 'downwardAPI', 'projected', 'image'];

/** https://istio.io/latest/docs/setup/additional-setup/cni/#compatibility-with-application-init-containers */
const ISTIO_EXCLUSIONS = ['traffic.sidecar.istio.io/excludeOutboundPorts', 'traffic.sidecar.istio.io/excludeOutboundIPRanges'];

/**
 * What of a delivery meets what a pod has.
 * @internal
 */
export interface Meeting {
  /** The template before. */
  readonly template: any;
  /** The object that it is of. */
  readonly object: any;
  /** Containers that read models. */
  readonly readers: string[];
  /** Init containers of the delivery. */
  readonly initContainers: any[];
  /** Other containers of the delivery. */
  readonly containers: any[];
  /** Names of all init containers, in the order in which they start. */
  readonly order: string[];
  /** Volumes of the delivery. */
  readonly volumes: any[];
  /** Paths of models. */
  readonly mountPaths: string[];
}

/**
 * Refuses what could not start, and warns of what might not.
 *
 * @throws where a name or a path is taken
 * @internal
 */
export function checkClashes(meeting: Meeting, warn: (id: string, text: string) => void): void {
  const { template: { spec }, object, readers, initContainers, containers, volumes, mountPaths } = meeting;
  if (runsOnWindows(spec)) {
    throw new Error('the pods run on Windows, and the downloader is a program for Linux: attach models to pods for Linux');
  }
  const names = [...spec.initContainers ?? [], ...spec.containers].map(({ name }: any) => name);
  const taken = [...initContainers, ...containers].find(({ name }) => names.includes(name));
  if (taken) throw new Error(`container '${taken.name}' is in the pod already, and the model's delivery needs one of that name: rename yours, or attach to the manifests as they were before`);
  const claims: any[] = object.spec?.volumeClaimTemplates ?? object.spec?.leaderWorkerTemplate?.volumeClaimTemplates ?? [];
  const claim = claims.find(({ metadata }) => volumes.some(({ name }) => name === metadata?.name));
  if (claim) throw new Error(`volume '${claim.metadata.name}' of the model's delivery has the name of a claim in volumeClaimTemplates, which would take its place: rename the claim, or deliver the model to another path`);
  for (const container of spec.containers.filter(({ name }: any) => readers.includes(name))) {
    for (const mount of container.volumeMounts ?? []) {
      for (const path of mountPaths) checkNested(container.name, mount, path, spec.volumes ?? [], warn);
    }
  }
  warnOfIstio(meeting, warn);
}

/** A mount point inside another volume is made in that volume: https://github.com/opencontainers/runtime-spec/blob/main/config.md#mounts */
function checkNested(container: string, mount: any, path: string, volumes: any[], warn: (id: string, text: string) => void) {
  const what = `container '${container}' mounts volume '${mount.name}' at '${mount.mountPath}'`;
  if (isInside(mount.mountPath, path)) {
    throw new Error(`${what}, inside the model at '${path}', where nothing can be mounted as it is read-only: mount it elsewhere, or deliver the model to another path`);
  }
  if (!isInside(path, mount.mountPath)) return;
  const volume = volumes.find(({ name }) => name === mount.name) ?? {};
  const sources = Object.entries<any>(volume).filter(([, source]) => source !== null);
  if (mount.readOnly === true || sources.some(([type, { readOnly }]) => readOnly === true || READ_ONLY_VOLUMES.includes(type))) {
    throw new Error(`${what}, read-only, and the model at '${path}' would be inside it, where no folder can be made for it: deliver the model to another path`);
  }
  warn('mountInsideVolume', `${what}, and the model at '${path}' is mounted inside it: an empty folder of that path is made in the volume, and what it holds there is hidden; deliver the model to a path outside`);
}

/** Before an ordinary proxy runs, what Istio redirects to it goes nowhere; its injector puts `istio-init`, which redirects, last, and the CNI plugin can't. */
function warnOfIstio({ template: { metadata, spec }, initContainers, order }: Meeting, warn: (id: string, text: string) => void) {
  const native = (spec.initContainers ?? []).some(({ name, restartPolicy }: any) => name === 'istio-proxy' && restartPolicy === 'Always');
  const first = initContainers.find(({ name }) => name.startsWith('download-'))?.name; // nothing else of a delivery calls anybody
  if (first === undefined || native || order.indexOf(first) < order.indexOf('istio-init')) return;
  if (ISTIO_EXCLUSIONS.some(key => metadata?.annotations?.[key] !== undefined)) return;
  const key = 'sidecar.istio.io/inject';
  const asked = ['labels', 'annotations'].filter(where => String(metadata?.[where]?.[key]) === 'true').map(where => `${where.slice(0, -1)} '${key}'`);
  const present = spec.containers.filter(({ name }: any) => name === 'istio-proxy').map(() => "container 'istio-proxy'");
  const [sign] = [...asked, ...present];
  if (sign === undefined) return;
  warn('istioWithoutNativeSidecars', `the pods have Istio's proxy (${sign}), and init container '${first}' needs the network before an ordinary proxy runs: where Istio redirects traffic before that, as its CNI plugin does, the download never arrives; `
    + `turn native sidecars on (ENABLE_NATIVE_SIDECARS of istiod), or keep the download out of the mesh by annotation ${ISTIO_EXCLUSIONS[0]}: '80,443'`);
}
