import { checkWhole } from '../private/numbers';

/** How pods are replaced in their places. */
export interface ReplaceRolloutOptions {
  /**
   * How many pods may be down at once.
   *
   * @default 1
   */
  readonly maxUnavailable?: number;
}

/** How pods are replaced beside the old ones. */
export interface SurgeRolloutOptions {
  /**
   * How many pods there may be beyond `replicas`.
   *
   * @default 1
   */
  readonly maxSurge?: number;
}

/**
 * How new pods take the place of old ones: the strategy of a Deployment.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
 */
export class Rollout {
  /**
   * An old pod goes, a new one takes its place (`maxSurge: 0`): what suits GPUs that are all in use. A surge pod would wait for one that only the
   * old pod can free, the old pod would wait for the surge pod, and the rollout would hang until its deadline. One replica is not there from the
   * moment its old pod stops until the new one has its models and has loaded them.
   *
   * @throws where the number is not whole, or below 1
   */
  public static replace(options: ReplaceRolloutOptions = {}): Rollout {
    const maxUnavailable = checkWhole('maxUnavailable of a rollout', options.maxUnavailable ?? 1, 1);
    return new Rollout({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable } });
  }

  /**
   * A new pod comes first, and an old one goes once it is ready (`maxUnavailable: 0`): nothing is ever missing, one replica included. The nodes
   * need room, and GPUs, for the pods that come on top, or bring them up.
   *
   * @throws where the number is not whole, or below 1
   */
  public static surge(options: SurgeRolloutOptions = {}): Rollout {
    const maxSurge = checkWhole('maxSurge of a rollout', options.maxSurge ?? 1, 1);
    return new Rollout({ type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: 0 } });
  }

  /** All old pods go before the first new one comes, so that two releases never run at once. Nothing is served meanwhile. */
  public static recreate(): Rollout {
    return new Rollout({ type: 'Recreate' });
  }

  private constructor(
    /**
     * The strategy as a Deployment spells it.
     * @internal
     */
    public readonly _strategy: { type: string; rollingUpdate?: { maxSurge: number; maxUnavailable: number } },
  ) {}
}
