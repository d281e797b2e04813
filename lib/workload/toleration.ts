import { checkLabelValue, isQualifiedName } from '../private/kubernetes-names';
import { literal } from '../private/literal';

/** What a taint does to pods that don't tolerate it. */
export enum TaintEffect {
  /** They are not scheduled onto the node. */
  NO_SCHEDULE = 'NoSchedule',

  /** They are scheduled elsewhere if possible. */
  PREFER_NO_SCHEDULE = 'PreferNoSchedule',

  /** They are not scheduled onto the node, and leave it if they run there. */
  NO_EXECUTE = 'NoExecute',
}

/** A taint that pods put up with. */
export class Toleration {
  /**
   * Taints with this key, whatever their value.
   *
   * @param key such as `nvidia.com/gpu`
   * @param effect every effect where it is left out
   */
  public static exists(key: string, effect?: TaintEffect): Toleration {
    return new Toleration({ key: checkKey(key), operator: 'Exists', effect });
  }

  /**
   * Taints with this key and this value.
   *
   * @param key such as `team`
   * @param value such as `research`
   * @param effect every effect where it is left out
   */
  public static equal(key: string, value: string, effect?: TaintEffect): Toleration {
    checkLabelValue('taint value', literal(value, 'taint value', 'manifests mention it; pass a literal string'));
    return new Toleration({ key: checkKey(key), operator: 'Equal', value, effect });
  }

  private constructor(
    /**
     * The toleration as a pod spells it.
     * @internal
     */
    public readonly _spec: { key: string; operator: string; value?: string; effect?: string },
  ) {}
}

function checkKey(key: string): string {
  if (!isQualifiedName(key)) {
    throw new Error(`taint key '${key}' is not valid: use a name such as 'team' or 'nvidia.com/gpu'`);
  }
  return key;
}
