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
   * Version of the oldest kubelet that pods may come to, such as `1.34`.
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
  const match = /^v?(\d{1,3})\.(\d{1,3})([^\d].*)?$/.exec(version);
  if (!match) throw new Error(`${what} is '${version}': give major and minor, such as '1.35'`);
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
 * The lower minor of control plane and nodes; undefined where neither is known.
 * @internal
 */
export function kubernetesMinor({ kubernetesVersion, nodeVersion }: ClusterFacts): number | undefined {
  const minors = [minorOf('kubernetesVersion', kubernetesVersion), minorOf('nodeVersion', nodeVersion)].filter(minor => minor !== undefined);
  return minors.length > 0 ? Math.min(...minors) : undefined;
}

/** Undefined where the version is not known. */
function minorOf(what: string, version: string | undefined): number | undefined {
  if (version === undefined) return undefined;
  const { major, minor } = versionOf(what, version);
  if (major !== 1) throw new Error(`${what} is '${version}', and every Kubernetes so far is 1.something: give its version, such as '1.35'`);
  return minor;
}

/**
 * On by default since 1.29: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/. EKS supports no older version.
 * @internal
 */
export function hasNativeSidecars(facts: ClusterFacts): boolean {
  const minor = kubernetesMinor(facts) ?? 29;
  return minor >= 29 || (minor === 28 && (facts.featureGates ?? []).includes('SidecarContainers'));
}

/**
 * On by default since 1.35, where they are taken from 1.33 on by a gate: https://kubernetes.io/docs/concepts/storage/volumes/#image
 * @internal
 */
export function hasImageVolumes(facts: ClusterFacts): boolean {
  const minor = kubernetesMinor(facts) ?? 0;
  return minor >= 35 || (minor >= 33 && (facts.featureGates ?? []).includes('ImageVolume'));
}

/**
 * Whether some nodes may have Kubernetes 1.35, as far as is known: they are between the oldest of them and the control plane.
 * @internal
 */
export function mayBe35({ kubernetesVersion, nodeVersion }: ClusterFacts): boolean {
  const newest = minorOf('kubernetesVersion', kubernetesVersion) ?? 35;
  const oldest = minorOf('nodeVersion', nodeVersion) ?? newest;
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
