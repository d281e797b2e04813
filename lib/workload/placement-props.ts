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
   * Whether Karpenter and Cluster Autoscaler leave the nodes of the pods alone, which spares a long start when they would only save a node. With
   * Karpenter it holds up upgrades of nodes just so: a node that drifted or expired waits until the pods go for other reasons, or the NodePool's
   * `terminationGracePeriod` is over. Managed node groups drain the pods all the same.
   * https://karpenter.sh/docs/concepts/disruption/#pod-level-controls
   *
   * @default false
   */
  readonly doNotDisrupt?: boolean;
}
