import { ClusterFacts, hasImageVolumes, hasNativeSidecars, isAtLeast, kubernetesMinor, mountsImageFolders, mountsImages, PodSecurity } from './cluster-facts';

/**
 * A way to bring an image's model to a pod, and why it.
 * @internal
 */
export interface OciChoice {
  readonly form: 'imageVolume' | 'modelcar' | 'ociCopy';
  readonly reason: string;
}

/**
 * The first that the cluster has and the application takes: it costs nothing on the node's disk, or little, or the model once more.
 * @internal
 */
export function chooseForPods(facts: ClusterFacts = {}): OciChoice {
  const minor = kubernetesMinor(facts);
  const available = hasImageVolumes(facts);
  if (available && mountsImages(facts) !== false) {
    const assumed = facts.nodeVersion === undefined ? ', and nodes are taken to be as new, as nodeVersion is not said' : '';
    return { form: 'imageVolume', reason: `Kubernetes 1.${minor} mounts images as volumes${assumed}` };
  }
  const without = available ? `containerd ${facts.containerdVersion} mounts no images as volumes`
    : minor === undefined ? 'the version of Kubernetes is not known, so image volumes are not counted on' : `Kubernetes 1.${minor} has no image volumes unless a feature gate is turned on`;
  if (facts.followsSymlinks === false) return { form: 'ociCopy', reason: `${without}, and the application follows no symbolic link to a modelcar` };
  return hasNativeSidecars(facts)
    ? { form: 'modelcar', reason: `${without}; native sidecars let the application wait for a modelcar` }
    : { form: 'modelcar', reason: `${without}, and no native sidecars: the image of the modelcar is pulled first, and an application that starts before it fails and is started again` };
}

/**
 * What an `InferenceService` says to KServe, or that KServe is told nothing and the pod has parts of ours.
 * @internal
 */
export interface KserveChoice {
  readonly scheme?: 'oci' | 'oci+native';
  /** Where `scheme` is undefined. */
  readonly pod?: OciChoice;
  readonly reason: string;
}

/** @internal */
export function chooseForKserve(facts: ClusterFacts): KserveChoice {
  const minor = kubernetesMinor(facts);
  const { podSecurity = PodSecurity.RESTRICTED, kserveVersion, followsSymlinks = true } = facts;
  const kserve = (major: number, other: number) => isAtLeast('kserveVersion', kserveVersion, { major, minor: other });
  if (kserve(0, 20) && minor !== undefined && minor >= 35 && mountsImageFolders(facts)) {
    return { scheme: 'oci+native', reason: `KServe ${kserveVersion} mounts the image as a volume, and containerd ${facts.containerdVersion} the folder of it that it asks for` };
  }
  const own = (why: string): KserveChoice => {
    const pod = chooseForPods(facts);
    return { pod, reason: `${why}; ${pod.reason}` };
  };
  if (podSecurity === PodSecurity.RESTRICTED) return own('KServe\'s own modelcar breaks Pod Security restricted');
  if (minor !== undefined && minor >= 35 && mountsImageFolders(facts) === undefined) return own('the version of containerd is not known, and before 2.2 it mounts the whole image where KServe asks for a folder');
  if (!followsSymlinks) return own('the application follows no symbolic link to KServe\'s modelcar');
  // https://github.com/kserve/kserve/pull/3110
  if (kserve(0, 12) === false) return own(`KServe ${kserveVersion} brings no images`);
  if (kserveVersion === undefined) return own('the version of KServe is not known');
  return { scheme: 'oci', reason: `KServe ${kserveVersion} ${kserve(0, 14) ? 'pulls the image of its modelcar first' : 'adds its modelcar'}` };
}
