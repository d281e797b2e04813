import { Duration } from 'aws-cdk-lib';
import { PodWarning } from '../delivery/pod-parts';

/**
 * How long Knative lets a revision become ready: 600 s where nothing is said (https://knative.dev/docs/serving/configuration/deployment/).
 * @internal
 */
export const PROGRESS_DEADLINE = 'serving.knative.dev/progress-deadline';

const hasVolume = (kind: string) => ({ volumes = [] }: any) => volumes.some((volume: any) => volume[kind] !== undefined);

/**
 * Fields of a pod that Knative refuses unless a flag lets them pass, all off as it comes
 * (https://knative.dev/docs/serving/configuration/feature-flags/).
 */
const FLAGS: Record<string, (spec: any) => boolean> = {
  'kubernetes.podspec-init-containers': ({ initContainers = [] }) => initContainers.length > 0,
  'kubernetes.podspec-nodeselector': ({ nodeSelector }) => nodeSelector !== undefined,
  'kubernetes.podspec-persistent-volume-claim': hasVolume('persistentVolumeClaim'),
  'kubernetes.podspec-persistent-volume-write': ({ volumes = [] }) => volumes.some(({ persistentVolumeClaim: claim }: any) => claim !== undefined && claim.readOnly !== true),
  'kubernetes.podspec-priorityclassname': ({ priorityClassName }) => priorityClassName !== undefined,
  'kubernetes.podspec-securitycontext': ({ securityContext }) => securityContext !== undefined,
  'kubernetes.podspec-shareprocessnamespace': ({ shareProcessNamespace }) => shareProcessNamespace === true,
  'kubernetes.podspec-tolerations': ({ tolerations }) => tolerations !== undefined,
  'kubernetes.podspec-volumes-csi': hasVolume('csi'),
  'kubernetes.podspec-volumes-hostpath': hasVolume('hostPath'),
  'kubernetes.podspec-volumes-image': hasVolume('image'),
};

/** Kinds of volumes that Knative takes, some of them with a flag: https://github.com/knative/serving/blob/v0.48.1/pkg/apis/serving/fieldmask.go */
const VOLUMES = ['configMap', 'csi', 'emptyDir', 'hostPath', 'image', 'persistentVolumeClaim', 'projected', 'secret'];

/**
 * Refuses what no flag lets pass: https://github.com/knative/serving/blob/v0.48.1/pkg/apis/serving/k8s_validation.go
 *
 * @param spec of the pod
 * @throws with the way out
 * @internal
 */
export function refuseOnKnative(name: string, { initContainers = [], containers, volumes = [] }: any): void {
  const sidecar = initContainers.find(({ restartPolicy }: any) => restartPolicy === 'Always');
  if (sidecar !== undefined) {
    throw new Error(`service '${name}' has the native sidecar '${sidecar.name}', and Knative refuses restartPolicy, startupProbe and lifecycle of init containers, whatever its flags: deliver the model with ModelDelivery.ociCopy or imageVolume, or use DeploymentMode.STANDARD`);
  }
  // Runtimes of KServe say none, and of a single container Knative asks for none.
  const beside = containers[1];
  if (beside !== undefined) {
    throw new Error(`service '${name}' has container '${beside.name}' beside that of its runtime, and Knative then refuses pods of which no container has ports, as none of KServe's runtimes has: bring the model with ModelDelivery.ociCopy or imageVolume, or with KserveStorage.ociNative, or use DeploymentMode.STANDARD`);
  }
  for (const { name: volume, ...source } of volumes) {
    const kind = Object.keys(source).find(key => !VOLUMES.includes(key));
    if (kind !== undefined) throw new Error(`service '${name}' has volume '${volume}' of kind ${kind}, which Knative refuses, whatever its flags: use ModelVolume.disk, memory or existingClaim, or DeploymentMode.STANDARD`);
  }
}

/**
 * What a service of Knative needs that an ordinary Deployment does not.
 *
 * @param spec of the pod, with what KServe adds to it before Knative sees it
 * @param deadline undefined where nobody knows how long the model takes to arrive
 * @internal
 */
export function knativeWarnings(name: string, spec: any, deadline: Duration | undefined): PodWarning[] {
  const flags = Object.keys(FLAGS).filter(flag => FLAGS[flag](spec));
  return [
    ...flags.length === 0 ? [] : [{
      id: 'knativeFeatureFlags',
      text: `service '${name}' runs on Knative, which refuses its pods unless ${flags.map(flag => `'${flag}'`).join(', ')} ${flags.length === 1 ? 'is' : 'are'} 'enabled' in ConfigMap config-features of namespace knative-serving: set them, or use DeploymentMode.STANDARD`,
    }],
    ...deadline !== undefined ? [] : [{
      id: 'knativeProgressDeadline',
      text: `service '${name}' runs on Knative, which gives up on a revision that is not ready within 600 s, and how long its model takes to arrive is not known: give progressDeadline`,
    }],
  ];
}

/**
 * The pod as Knative sees it. What `storageUri` brings, a webhook of KServe adds to pods later, which Knative does not look at; what `storageUris` bring, its
 * controller adds to the service of Knative
 * (https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/reconcilers/knative/ksvc_reconciler.go).
 *
 * @param schemes of `storageUris`
 * @internal
 */
export function seenByKnative(spec: any, schemes: string[]): any {
  const bringsContainer = (scheme: string) => !['pvc', 'oci+native'].includes(scheme);
  return {
    ...spec,
    containers: [...spec.containers, ...schemes.includes('oci') ? [{ name: 'modelcar' }] : []],
    initContainers: [...spec.initContainers ?? [], ...schemes.filter(bringsContainer).map(() => ({}))],
    volumes: [
      ...spec.volumes ?? [],
      ...schemes.includes('oci+native') ? [{ image: {} }] : [],
      ...schemes.includes('pvc') ? [{ persistentVolumeClaim: {} }] : [],
    ],
  };
}
