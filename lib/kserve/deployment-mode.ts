import { isAtLeast } from '../delivery/cluster-facts';

/** What KServe makes of an `InferenceService`. */
export enum DeploymentMode {
  /** A Deployment, a Service and an autoscaler of Kubernetes: KServe called it `RawDeployment` before 0.16. */
  STANDARD = 'Standard',

  /** A service of Knative, which scales to nothing and splits traffic: KServe called it `Serverless` before 0.16. */
  KNATIVE = 'Knative',
}

const FORMER_NAMES: Record<DeploymentMode, string> = {
  [DeploymentMode.STANDARD]: 'RawDeployment',
  [DeploymentMode.KNATIVE]: 'Serverless',
};

/**
 * The annotation that names the mode. Up to 0.15, KServe takes the former names alone, and where it does not know a name it does as its configuration says,
 * which as shipped is Knative, without a word. Later ones take both (https://github.com/kserve/kserve/pull/4608), but 0.16 then refuses every change of a
 * service that has a former one, with an error: so the former ones are written unless the version is known to be later.
 *
 * @internal
 */
export function modeAnnotation(mode: DeploymentMode, kserveVersion: string | undefined): Record<string, string> {
  const renamed = isAtLeast('kserveVersion', kserveVersion, { major: 0, minor: 16 });
  return { 'serving.kserve.io/deploymentMode': renamed ? mode : FORMER_NAMES[mode] };
}
