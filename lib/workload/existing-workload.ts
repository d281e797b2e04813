import { Construct } from 'constructs';

/** Which of several objects, and where its pods are. */
export interface ExistingWorkloadOptions {
  /**
   * Namespace that the object says it is in.
   * @jsii suppress JSII5018
   *
   * @default - the only one of its kind and name is meant
   */
  readonly namespace?: string;

  /**
   * API version that the object says, such as `apps/v1`.
   *
   * @default - the only one of its kind and name is meant
   */
  readonly apiVersion?: string;

  /**
   * Paths to the pod templates of the object: keys with dots between, and `[*]` for every item of a list, such as
   * `spec.workerGroupSpecs[*].template`. Each must lead to one at least.
   *
   * @default - those of a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod, of a Rollout of Argo, a LeaderWorkerSet, and a
   * RayCluster, RayJob or RayService; other kinds need them
   */
  readonly podTemplates?: string[];
}

/** A workload in files that exist already: models are attached to it as to any other. */
export class ExistingWorkload extends Construct {
  /**
   * @param place its file and line, for errors
   * @internal
   */
  public static _of(scope: Construct, id: string, manifest: any, place: string, templates: string[]): ExistingWorkload {
    return new ExistingWorkload(scope, id, manifest, place, templates);
  }

  /** Kind of the object. */
  public readonly kind: string;

  /** Name of the object. */
  public readonly name: string;

  /** API version of the object. */
  public readonly apiVersion: string;

  /**
   * Namespace that the object says it is in; undefined where it leaves that to whoever applies it.
   * @jsii suppress JSII5018
   */
  public readonly namespace?: string;

  private changes: Array<(object: any) => any> = [];

  private constructor(
    scope: Construct,
    id: string,
    manifest: any,
    private readonly place: string,
    /** @internal */
    public readonly _templates: string[],
  ) {
    super(scope, id);
    this.kind = manifest.kind;
    this.apiVersion = manifest.apiVersion;
    this.name = manifest.metadata.name;
    this.namespace = manifest.metadata.namespace || undefined;
  }

  /** @internal */
  public get _label(): string {
    return `${this.place}: ${this.kind} '${this.name}'`;
  }

  /** @internal */
  public _changedBy(change: (object: any) => any) {
    this.changes.push(change);
  }

  /**
   * The object as it is to be.
   * @internal
   */
  public _changed(object: any): any {
    return this.changes.reduce((value, change) => change(value), object);
  }
}
