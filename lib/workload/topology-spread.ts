import { checkLabelKey } from '../private/kubernetes-names';
import { checkWhole } from '../private/numbers';

/** What becomes of a pod that no node would take without a larger skew. */
export enum WhenUnsatisfiable {
  /** It goes where the skew is least. */
  SCHEDULE_ANYWAY = 'ScheduleAnyway',

  /** It stays Pending. */
  DO_NOT_SCHEDULE = 'DoNotSchedule',
}

/** How evenly pods are spread. */
export interface TopologySpreadOptions {
  /**
   * How many more pods than the emptiest domain any other may have.
   *
   * @default 1
   */
  readonly maxSkew?: number;

  /**
   * What becomes of a pod that would make the skew larger.
   *
   * @default WhenUnsatisfiable.SCHEDULE_ANYWAY as a model that is served from the wrong zone beats one that waits for a GPU in the right one
   */
  readonly whenUnsatisfiable?: WhenUnsatisfiable;
}

/**
 * That the pods of a server are spread over zones, nodes or whatever a label of nodes tells apart.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
 */
export class TopologySpread {
  /** Over availability zones (`topology.kubernetes.io/zone`). */
  public static zones(options: TopologySpreadOptions = {}): TopologySpread {
    return TopologySpread.of('topology.kubernetes.io/zone', options);
  }

  /** Over nodes (`kubernetes.io/hostname`). */
  public static hosts(options: TopologySpreadOptions = {}): TopologySpread {
    return TopologySpread.of('kubernetes.io/hostname', options);
  }

  /**
   * Over the values of a label of nodes.
   *
   * @param key such as `topology.k8s.aws/network-node-layer-3`
   * @param options how evenly
   * @throws where the label is not valid, or maxSkew not whole or below 1
   */
  public static of(key: string, options: TopologySpreadOptions = {}): TopologySpread {
    checkLabelKey('label of a node', key);
    return new TopologySpread(key, checkWhole('maxSkew', options.maxSkew ?? 1, 1), options.whenUnsatisfiable ?? WhenUnsatisfiable.SCHEDULE_ANYWAY);
  }

  private constructor(private readonly key: string, private readonly maxSkew: number, private readonly whenUnsatisfiable: WhenUnsatisfiable) {}

  /**
   * The API server refuses two constraints with the same of both.
   * @internal
   */
  public get _identity(): string {
    return `${this.key} ${this.whenUnsatisfiable}`;
  }

  /**
   * The constraint as a pod spells it.
   * @internal
   */
  public _constraint(selector: Record<string, string>): any {
    return { maxSkew: this.maxSkew, topologyKey: this.key, whenUnsatisfiable: this.whenUnsatisfiable, labelSelector: { matchLabels: selector } };
  }
}

/** @internal */
export function spreadConstraints(spreads: TopologySpread[] | undefined, selector: Record<string, string>): any[] | undefined {
  for (const [index, spread] of (spreads ?? []).entries()) {
    if (spreads!.slice(0, index).some(earlier => earlier._identity === spread._identity)) {
      throw new Error(`two topology spreads are both over '${spread._identity.replace(' ', "' with ")}, and the API server takes one: remove one of them`);
    }
  }
  return spreads?.length ? spreads.map(spread => spread._constraint(selector)) : undefined;
}
