import { Toleration } from './toleration';
import { TopologySpread } from './topology-spread';

/** Where the pods of a server run, and what may move them. */
export interface PlacementProps {
  /**
   * Taints that the pods tolerate.
   *
   * @default - none
   */
  readonly tolerations?: Toleration[];

  /**
   * Labels that a node must have.
   *
   * @default - any node
   */
  readonly nodeSelector?: { [label: string]: string };

  /**
   * Name of a PriorityClass.
   *
   * @default - the cluster's default
   */
  readonly priorityClassName?: string;

  /**
   * How pods are spread over zones and nodes.
   *
   * @default - as the scheduler does by itself
   */
  readonly topologySpread?: TopologySpread[];

  /**
   * Whether Karpenter and Cluster Autoscaler leave the nodes of the pods alone, which spares a long start when they would only save a node. It holds
   * up upgrades of nodes just so: they wait until the pods go for other reasons, or their Karpenter NodePool's `terminationGracePeriod` is over.
   * https://karpenter.sh/docs/concepts/disruption/#pod-level-controls
   *
   * @default false
   */
  readonly doNotDisrupt?: boolean;
}
