import { checkWhole } from '../private/numbers';

/** How many pods of a server may be evicted at once, as when nodes are drained: a PodDisruptionBudget. */
export class DisruptionBudget {
  /**
   * So many pods may be missing at once: at least one, so that a drain comes to its end even where there is one replica alone.
   *
   * Pods that run and are not ready, as while they load a model, may be evicted all the same (`unhealthyPodEvictionPolicy: AlwaysAllow`, on by
   * default since Kubernetes 1.27 and stable since 1.31), else one that never gets ready would hold its node. Pods in Init are Pending, which no
   * budget protects. https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
   *
   * @param pods how many
   * @throws where the number is not whole, or below 1
   */
  public static maxUnavailable(pods: number): DisruptionBudget {
    return new DisruptionBudget(checkWhole('maxUnavailable of a disruption budget', pods, 1));
  }

  /** No PodDisruptionBudget: all pods may be evicted at once. */
  public static none(): DisruptionBudget {
    return new DisruptionBudget();
  }

  private constructor(
    /** @internal */
    public readonly _maxUnavailable?: number,
  ) {}
}
