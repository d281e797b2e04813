import { Duration, Token } from 'aws-cdk-lib';
import { checkLabelKey, checkLabelValue, checkMetricName, checkQuantity } from '../private/kubernetes-names';
import { checkWhole } from '../private/numbers';

/** The API server takes at most an hour. */
const MAX_STABILIZATION_SECONDS = 3600;

/** A metric from outside the cluster: one value for all pods together. */
export interface ExternalMetricOptions {
  /** Name of the metric, as the metrics adapter serves it. */
  readonly name: string;

  /**
   * Labels that pick the series, such as those of one queue.
   *
   * @default - every series of that name
   */
  readonly labels?: { [label: string]: string };

  /**
   * The value that is aimed at for each pod, a quantity such as `'10'` or `'500m'`: the metric divided by the number of pods.
   *
   * @default - `value` is given
   */
  readonly averageValue?: string;

  /**
   * The value that is aimed at, a quantity, whatever the number of pods.
   *
   * @default - `averageValue` is given
   */
  readonly value?: string;
}

/** A metric that every pod has. */
export interface PodsMetricOptions {
  /** Name of the metric, as the metrics adapter serves it. */
  readonly name: string;

  /**
   * Labels that pick the series.
   *
   * @default - every series of that name
   */
  readonly labels?: { [label: string]: string };

  /** The average over the pods that is aimed at: a quantity such as `'10'` or `'500m'`. */
  readonly averageValue: string;
}

/**
 * What a server is scaled on. Not CPU: that of a server on GPUs says nothing, the length of its queue does. A metrics adapter serves the metric,
 * such as prometheus-adapter or KEDA; it is part of neither Kubernetes nor EKS.
 */
export class ScalingMetric {
  /**
   * A metric from outside the cluster (`external.metrics.k8s.io`), such as the length of a queue.
   *
   * @throws where a name, label or quantity is not valid, or not exactly one of `averageValue` and `value` is given
   */
  public static external(options: ExternalMetricOptions): ScalingMetric {
    const { averageValue, value } = options;
    if ((averageValue === undefined) === (value === undefined)) {
      throw new Error(`metric '${options.name}' has ${value === undefined ? 'neither averageValue nor value' : 'averageValue and value'}: give one of both`);
    }
    const target = averageValue !== undefined ? averageTarget(averageValue) : { type: 'Value', value: positive('value', value!) };
    return new ScalingMetric({ type: 'External', external: { metric: metricOf(options), target } });
  }

  /**
   * A metric of the pods themselves (`custom.metrics.k8s.io`), such as the number of requests that wait in each.
   *
   * @throws where a name, label or quantity is not valid
   */
  public static pods(options: PodsMetricOptions): ScalingMetric {
    return new ScalingMetric({ type: 'Pods', pods: { metric: metricOf(options), target: averageTarget(options.averageValue) } });
  }

  private constructor(
    /**
     * The metric as a HorizontalPodAutoscaler spells it.
     * @internal
     */
    public readonly _metric: any,
  ) {}
}

/** Within which bounds the number of pods follows a metric. */
export interface Autoscaling {
  /**
   * The least number of pods, at least 1: by default Kubernetes scales nothing to zero on a metric.
   *
   * @default 1
   */
  readonly minReplicas?: number;

  /** The largest number of pods. */
  readonly maxReplicas: number;

  /** What the number of pods follows. */
  readonly metric: ScalingMetric;

  /**
   * How long a lower number must have been enough before pods go, in whole seconds up to an hour. A pod that goes too early costs the whole
   * delivery and start of the one that comes back.
   *
   * @default - Kubernetes': 5 minutes
   */
  readonly scaleDownStabilization?: Duration;
}

/** @internal */
export function checkAutoscaling(autoscaling: Autoscaling | undefined, replicas: number | undefined, server: string) {
  if (autoscaling === undefined) return;
  if (replicas !== undefined) {
    throw new Error(`server '${server}' has replicas and autoscaling, and each apply would undo what the autoscaler did: give one of both`);
  }
  const min = checkWhole(`minReplicas of server '${server}'`, autoscaling.minReplicas ?? 1, 1);
  checkWhole(`maxReplicas of server '${server}'`, autoscaling.maxReplicas, 1);
  if (autoscaling.maxReplicas < min) {
    throw new Error(`maxReplicas of server '${server}' is ${autoscaling.maxReplicas} and minReplicas ${min}: give at least as many`);
  }
}

/**
 * The spec of a HorizontalPodAutoscaler.
 * @internal
 */
export function autoscalerSpec({ minReplicas, maxReplicas, metric, scaleDownStabilization }: Autoscaling, deployment: string): any {
  return {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
    minReplicas: minReplicas ?? 1,
    maxReplicas,
    metrics: [metric._metric],
    behavior: scaleDownStabilization && { scaleDown: { stabilizationWindowSeconds: stabilizationSeconds(scaleDownStabilization) } },
  };
}

function stabilizationSeconds(duration: Duration): number {
  const seconds = duration.isUnresolved() ? duration.toString() : duration.toSeconds({ integral: false });
  if (typeof seconds === 'string' || !Number.isInteger(seconds) || seconds > MAX_STABILIZATION_SECONDS) {
    throw new Error(`scaleDownStabilization is ${seconds} seconds: give a Duration of whole seconds up to an hour, known at synth`);
  }
  return seconds;
}

function metricOf({ name, labels = {} }: { name: string; labels?: { [label: string]: string } }): any {
  checkMetricName(name);
  for (const [key, value] of Object.entries(labels)) {
    checkLabelKey(`label of metric '${name}'`, key);
    checkLabelValue(`value of label '${key}' of metric '${name}'`, value);
  }
  return { name, selector: Object.keys(labels).length > 0 ? { matchLabels: labels } : undefined };
}

function averageTarget(averageValue: string): any {
  return { type: 'AverageValue', averageValue: positive('averageValue', averageValue) };
}

function positive(what: string, quantity: string): string {
  checkQuantity(`${what} of a metric`, quantity);
  if (!Token.isUnresolved(quantity) && !/[1-9]/.test(quantity.replace(/[eE].*$/, ''))) {
    throw new Error(`${what} of a metric is '${quantity}': give a quantity above 0`);
  }
  return quantity;
}
