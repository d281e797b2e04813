/** Where among the init containers of a pod those of a delivery come. */
export class InitContainerPosition {
  /**
   * First, so that other init containers find the model, but after restartable ones, which may bring the network.
   * @internal
   */
  public static readonly _DEFAULT = new InitContainerPosition('left out', (_, present) => present.map(isRestartable).lastIndexOf(true) + 1);

  /** Before all others, restartable ones (sidecars) too: these are not there yet while a model arrives. */
  public static first(): InitContainerPosition {
    return new InitContainerPosition('first', () => 0);
  }

  /**
   * Right before another.
   *
   * @param name of an init container that the pod has
   */
  public static before(name: string): InitContainerPosition {
    return new InitContainerPosition(`before ${name}`, names => indexOf(name, names));
  }

  /**
   * Right after another.
   *
   * @param name of an init container that the pod has
   */
  public static after(name: string): InitContainerPosition {
    return new InitContainerPosition(`after ${name}`, names => indexOf(name, names) + 1);
  }

  private constructor(
    /** @internal */
    public readonly _label: string,
    private readonly index: (names: string[], present: any[]) => number,
  ) {}

  /**
   * @throws where the pod has no init container of the name
   * @internal
   */
  public _inserted(present: any[], added: any[]): any[] {
    const index = this.index(present.map(({ name }) => name), present);
    return [...present.slice(0, index), ...added, ...present.slice(index)];
  }
}

/** A sidecar, as Kubernetes has them: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
function isRestartable({ restartPolicy }: any): boolean {
  return restartPolicy === 'Always';
}

function indexOf(name: string, names: string[]): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  throw new Error(`init container '${name}' is not in the workload, which has ${names.length > 0 ? names.join(', ') : 'none'}: name one of these, or leave the position out`);
}
