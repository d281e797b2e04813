import { literal } from '../private/literal';

/** What keeps pods of a namespace from doing: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export enum PodSecurity {
  /** Nothing is refused. */
  PRIVILEGED = 'privileged',

  /** What is known to escalate is refused. */
  BASELINE = 'baseline',

  /** Whatever is not hardened is refused. */
  RESTRICTED = 'restricted',
}

/** What is known of the cluster and of the application, for a choice among the ways to bring an image's model to a pod. */
export interface ClusterFacts {
  /**
   * Version of the control plane, such as `1.35`.
   *
   * @default - not known: one that EKS supports is assumed, which has native sidecars
   */
  readonly kubernetesVersion?: string;

  /**
   * Version of the oldest kubelet that pods may come to, such as `1.34`: say it, as nodes are upgraded after the control plane.
   *
   * @default - that of the control plane
   */
  readonly nodeVersion?: string;

  /**
   * Feature gates that are on, on control plane and nodes, beyond the defaults of the versions: `SidecarContainers` on Kubernetes 1.28, `ImageVolume`
   * on 1.33 and 1.34. On EKS none can be set.
   *
   * @default - none
   */
  readonly featureGates?: string[];

  /**
   * Version of the oldest containerd that pods may come to, such as `2.2`: AL2023 has 2.2 since AMI release v20260318, Bottlerocket since 2026-06-27
   * (https://github.com/awslabs/amazon-eks-ami/blob/main/CHANGELOG.md, https://github.com/bottlerocket-os/bottlerocket/pull/4869).
   *
   * @default - not known
   */
  readonly containerdVersion?: string;

  /**
   * Which pods the namespace takes.
   *
   * @default PodSecurity.RESTRICTED
   */
  readonly podSecurity?: PodSecurity;

  /**
   * Version of KServe, such as `0.20`. Only for an `InferenceService`.
   *
   * @default - not known
   */
  readonly kserveVersion?: string;

  /**
   * Whether the application reads a model through a symbolic link into another container. ONNX with external data does not
   * (https://github.com/microsoft/onnxruntime/issues/27374).
   *
   * @default true
   */
  readonly followsSymlinks?: boolean;
}

const EXAMPLES: Record<string, string> = { containerdVersion: '2.2', kserveVersion: '0.20' };

/** Nothing older is in use, and '1.3' is rather 1.30 that lost its zero. */
const OLDEST_MINOR = 20;

/** Those that something here depends on: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/ */
const GATES = ['SidecarContainers', 'ImageVolume'];

/** @internal */
export interface Version {
  readonly major: number;
  readonly minor: number;
}

/**
 * @param what it is of, for errors
 * @throws where it is none
 * @internal
 */
export function versionOf(what: string, version: string): Version {
  literal(version, what, 'manifests are written by it; pass a literal string');
  const match = /^(?:v|containerd:\/\/)?(\d{1,3})\.(\d{1,3})([^\d].*)?$/.exec(version);
  if (!match) throw new Error(`${what} is '${version}': give major and minor, such as '${EXAMPLES[what] ?? '1.35'}'`);
  return { major: Number(match[1]), minor: Number(match[2]) };
}

/**
 * Undefined where the version is not known.
 * @internal
 */
export function isAtLeast(what: string, version: string | undefined, { major, minor }: Version): boolean | undefined {
  if (version === undefined) return undefined;
  const found = versionOf(what, version);
  return found.major > major || (found.major === major && found.minor >= minor);
}

/**
 * The minor of the nodes, or where that is not said of the control plane; undefined where neither is known.
 *
 * @throws where nodes are newer than the control plane
 * @internal
 */
export function kubernetesMinor({ kubernetesVersion, nodeVersion }: ClusterFacts): number | undefined {
  const [plane, node] = [minorOf('kubernetesVersion', kubernetesVersion), minorOf('nodeVersion', nodeVersion)];
  // https://kubernetes.io/releases/version-skew-policy/#kubelet
  if (plane !== undefined && node !== undefined && node > plane) throw new Error(`nodeVersion '${nodeVersion}' is newer than kubernetesVersion '${kubernetesVersion}', which no cluster can be: give that of the oldest node`);
  return node ?? plane;
}

/** Undefined where the version is not known. */
function minorOf(what: string, version: string | undefined): number | undefined {
  if (version === undefined) return undefined;
  const { major, minor } = versionOf(what, version);
  if (major !== 1) throw new Error(`${what} is '${version}', and every Kubernetes so far is 1.something: give its version, such as '1.35'`);
  if (minor < OLDEST_MINOR) throw new Error(`${what} is '${version}', which nobody runs any more: where that was 1.${minor}0, as a number, give it as text, '1.${minor}0'`);
  return minor;
}

/** Whether a feature gate is said to be on. */
function isOn(gate: string, { featureGates = [] }: ClusterFacts): boolean {
  for (const each of featureGates) {
    literal(each, 'a feature gate', 'manifests are written by it; pass a literal string');
    if (!GATES.includes(each)) throw new Error(`feature gate '${each}' is not known here: name those of ${GATES.join(' and ')} that are on, without a value`);
  }
  return featureGates.includes(gate);
}

/**
 * On by default since 1.29: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/. EKS supports no older version.
 * @internal
 */
export function hasNativeSidecars(facts: ClusterFacts): boolean {
  const minor = kubernetesMinor(facts) ?? 29;
  return (isOn('SidecarContainers', facts) && minor === 28) || minor >= 29;
}

/**
 * On by default since 1.35, where they are taken from 1.33 on by a gate: https://kubernetes.io/docs/concepts/storage/volumes/#image
 * @internal
 */
export function hasImageVolumes(facts: ClusterFacts): boolean {
  const minor = kubernetesMinor(facts) ?? 0;
  return (isOn('ImageVolume', facts) && minor >= 33) || minor >= 35;
}

/**
 * Whether some nodes may have Kubernetes 1.35: they are between the oldest of them and the control plane, which is upgraded first.
 * @internal
 */
export function mayBe35({ kubernetesVersion, nodeVersion }: ClusterFacts): boolean {
  const newest = minorOf('kubernetesVersion', kubernetesVersion) ?? 35;
  const oldest = minorOf('nodeVersion', nodeVersion) ?? Math.min(newest, 35);
  return oldest <= 35 && newest >= 35;
}

/**
 * Whether containerd mounts a folder of an image alone: since 2.2. Undefined where its version is not known.
 * @internal
 */
export function mountsImageFolders({ containerdVersion }: ClusterFacts): boolean | undefined {
  return isAtLeast('containerdVersion', containerdVersion, { major: 2, minor: 2 });
}

/**
 * Whether containerd mounts images at all: since 2.1. Undefined where its version is not known.
 * @internal
 */
export function mountsImages({ containerdVersion }: ClusterFacts): boolean | undefined {
  return isAtLeast('containerdVersion', containerdVersion, { major: 2, minor: 1 });
}
