import { ClusterFacts, isAtLeast, kubernetesMinor, mountsImageFolders, PodSecurity } from '../delivery/cluster-facts';
import { PodWarning } from '../delivery/pod-parts';
import { ModelImage } from '../oci/model-image';

/** When what a tag stands for is looked up, by scheme. */
const LOOKED_UP: Record<string, string> = {
  'oci': 'KServe leaves it to Kubernetes when it is looked up: for a tag other than latest, never again once a node has it',
  'oci+native': 'what a node has once, KServe never looks up again, also for a tag that changed',
  'oci+fetch': 'KServe looks it up anew for each pod',
};

/** @internal */
export function pinWarnings(scheme: string, { reference, pinned }: ModelImage): PodWarning[] {
  if (pinned) return [];
  return [{ id: 'imageNotPinned', text: `model image '${reference}' is not pinned by digest: ${LOOKED_UP[scheme]}, so replicas may serve different models; use repository@sha256:…` }];
}

/** @internal */
export function modelcarWarnings(uri: string, facts: ClusterFacts, modelFormat: string): PodWarning[] {
  const { podSecurity = PodSecurity.RESTRICTED, kserveVersion, followsSymlinks } = facts;
  return [
    ...podSecurity !== PodSecurity.RESTRICTED ? [] : [{
      id: 'kserveModelcarNotRestricted',
      text: `'${uri}' makes KServe add containers that Pod Security 'restricted' refuses, so in such a namespace no pod is made (https://github.com/kserve/kserve/issues/5373): deliver the image with ModelDelivery.auto or ociCopy, or say podSecurity in facts`,
    }],
    ...isAtLeast('kserveVersion', kserveVersion, { major: 0, minor: 14 }) !== false ? [] : [{
      id: 'kserveModelcarNotPrefetched',
      text: `KServe ${kserveVersion} does not pull the image of '${uri}' before the runtime starts, as 0.14 and later do: it fails and is started again until the model is there`,
    }],
    ...followsSymlinks !== false && !(followsSymlinks === undefined && modelFormat === 'onnx') ? [] : [{
      id: 'kserveModelcarSymlink',
      text: `'${uri}' is read through a symbolic link, which runtimes of ONNX refuse for external data (https://github.com/microsoft/onnxruntime/issues/27374): use KserveStorage.ociNative, or deliver the image with ModelDelivery.auto, or say followsSymlinks in facts`,
    }],
  ];
}

/** @internal */
export function nativeWarnings(uri: string, facts: ClusterFacts): PodWarning[] {
  const unknown = [
    ...facts.kserveVersion === undefined ? ['KServe 0.20'] : [],
    ...kubernetesMinor(facts) === undefined ? ['Kubernetes 1.35'] : [],
    ...mountsImageFolders(facts) === undefined ? ['containerd 2.2'] : [],
  ];
  return unknown.length === 0 ? [] : [{
    id: 'kserveNativeUnproven',
    text: `'${uri}' needs ${unknown.join(', ')} or later, of which facts say nothing: an older KServe refuses it, an older Kubernetes drops the volume, and an older containerd mounts the whole image, in which the runtime finds no model; say the versions in facts`,
  }];
}

/**
 * No version that has it was released when this was written: https://github.com/kserve/kserve/pull/5739
 * @internal
 */
export function fetchWarnings(uri: string, { kserveVersion }: ClusterFacts): PodWarning[] {
  return [{
    id: 'kserveFetchUnchecked',
    text: `'${uri}' is fetched by an init container of KServe ${kserveVersion}, which has not been read: as it was merged, it compares no layer with its digest, takes a password out of the first imagePullSecret alone, `
      + 'and says nothing of its security, so Pod Security \'restricted\' refuses it; use KserveStorage.oci or ociNative, or give models with ModelDelivery.ociCopy for a copy that is verified',
  }];
}

/** @internal */
export function stockS3Warnings(uri: string): PodWarning[] {
  return [{
    id: 'kserveStockS3',
    text: `'${uri}' is downloaded by KServe's initializer, which takes what a listing names and checks nothing: a pod may start with files that are missing, cut short or of another version. `
      + 'It lists the whole bucket, which takes s3:ListBucket beside the grants of the model (KserveStorage.grantListing), takes the region from the cluster, and breaks Pod Security \'restricted\' unless the ClusterStorageContainer says otherwise; give models with ModelDelivery.s3Download for a download that is verified',
  }];
}
