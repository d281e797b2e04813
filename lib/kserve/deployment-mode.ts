import { Duration } from 'aws-cdk-lib';
import { PodWarning } from '../delivery/pod-parts';

/** What KServe makes of an `InferenceService`. */
export enum DeploymentMode {
  /** A Deployment, a Service and an autoscaler of Kubernetes: KServe called it `RawDeployment` before. */
  STANDARD = 'Standard',

  /** A service of Knative, which scales to nothing and splits traffic: KServe called it `Serverless` before. */
  KNATIVE = 'Knative',
}

/** @internal */
export const DEPLOYMENT_MODE = 'serving.kserve.io/deploymentMode';

/**
 * How long Knative lets a revision become ready: 600 s where nothing is said (https://knative.dev/docs/serving/configuration/deployment/).
 * @internal
 */
export const PROGRESS_DEADLINE = 'serving.knative.dev/progress-deadline';

/**
 * Fields of a pod that Knative refuses unless a flag lets them pass, all off as it comes
 * (https://knative.dev/docs/serving/configuration/feature-flags/).
 */
const FLAGS: Record<string, (spec: any) => boolean> = {
  'kubernetes.podspec-init-containers': ({ initContainers = [] }) => initContainers.length > 0,
  'kubernetes.podspec-nodeselector': ({ nodeSelector }) => nodeSelector !== undefined,
  'kubernetes.podspec-persistent-volume-claim': ({ volumes = [] }) => volumes.some(({ persistentVolumeClaim }: any) => persistentVolumeClaim !== undefined),
  'kubernetes.podspec-priorityclassname': ({ priorityClassName }) => priorityClassName !== undefined,
  'kubernetes.podspec-securitycontext': ({ securityContext }) => securityContext !== undefined,
  'kubernetes.podspec-shareprocessnamespace': ({ shareProcessNamespace }) => shareProcessNamespace === true,
  'kubernetes.podspec-tolerations': ({ tolerations }) => tolerations !== undefined,
  'kubernetes.podspec-volumes-image': ({ volumes = [] }) => volumes.some(({ image }: any) => image !== undefined),
};

/**
 * What a service of Knative needs that an ordinary Deployment does not.
 *
 * @param spec of the pod, with what KServe adds to it as far as that is known
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
