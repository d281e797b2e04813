import { IConstruct } from 'constructs';
import { attachTarget, AttachTarget } from './attach-target';
import { withModels } from './attached-workload';
import { bindModels } from './bind-models';
import { deliveryWarnings } from './delivery-warnings';
import { InitContainerPosition } from './init-container-position';
import type { DeliveredModel } from './model-delivery';
import { modelsAnnotation } from './models-annotation';
import { PodFacts } from './pod-parts';
import { refuseOtherRole } from './service-account-clash';
import { WorkloadIdentity } from '../access';
import { warn } from '../private/warn';
import { ServiceAccount } from '../workload/service-account';

/** How a model is attached to a workload. All models of one workload have the same: what a later call leaves out is as the first call gave it. */
export interface AttachOptions {
  /**
   * Who the pods are: a workload without a service account gets that of the identity, and one with another is refused.
   *
   * @default - nobody in particular; deliveries that need credentials refuse
   */
  readonly identity?: WorkloadIdentity;

  /**
   * Names of the containers that read the model.
   *
   * @default - every container, but for init containers
   */
  readonly containers?: string[];

  /**
   * Whether these containers are kept from the credentials of the pod, so that only a downloader holds them.
   *
   * @default false
   */
  readonly withholdCredentials?: boolean;

  /**
   * Where the init containers that bring models come among those of the workload.
   *
   * @default - first, but after restartable ones (sidecars)
   */
  readonly initContainerPosition?: InitContainerPosition;
}

/** Warnings of a way that `auto` may still leave, once it sees the pod. */
const OF_WAYS = ['modelImageHidesFolder', 'modelcarMayComeLate'];

/** The models of one workload. */
class Attachment {
  private readonly models: DeliveredModel[] = [];
  private readonly warned = new Set<string>();

  constructor(private readonly workload: IConstruct, private readonly target: AttachTarget, private readonly options: AttachOptions) {}

  public add(delivered: DeliveredModel, options: AttachOptions) {
    const { label: path } = this.target;
    const { identity, containers, withholdCredentials = false, initContainerPosition: position = InitContainerPosition._DEFAULT } = this.options;
    refuseOther(path, 'identity', identity && nameOf(identity), options.identity && nameOf(options.identity));
    refuseOther(path, 'containers', containers?.join(', '), options.containers?.join(', '));
    refuseOther(path, 'withholdCredentials', withholdCredentials, options.withholdCredentials);
    refuseOther(path, 'initContainerPosition', position._label, options.initContainerPosition?._label);
    if (this.models.includes(delivered)) throw new Error(`model ${delivered.model.displayName} is attached to ${path} already: attach it once, naming all containers that read it`);
    // What can be known before the workload is complete is refused where it is written.
    const parts = bindModels([...this.models, delivered], this.facts(containers ?? []));
    for (const { id, text } of deliveryWarnings(parts)) if (!OF_WAYS.includes(id)) this.warn(id, text);
    this.models.push(delivered);
  }

  public install() {
    this.target.change(object => this.withModels(object));
    this.workload.node.addValidation({
      validate: () => this.models.flatMap(({ delivery, model }) => delivery.strategy.refusal(model, this.facts([])) ?? []),
    });
  }

  private withModels(object: any): any {
    const { templates, recorded, label } = this.target;
    const { identity, containers, initContainerPosition: position } = this.options;
    try {
      if (identity) refuseOtherRole(this.workload, identity, (id, text) => this.warn(id, text));
      return withModels(object, {
        templates,
        recorded,
        identity,
        containers,
        position,
        warn: (id, text) => this.warn(id, text),
        bind: (...pod) => {
          const parts = bindModels(this.models, this.facts(...pod));
          for (const { id, text } of deliveryWarnings(parts)) this.warn(id, text);
          return [...parts, { annotations: modelsAnnotation(this.models) }];
        },
      });
    } catch (error) {
      throw new Error(`${label}: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** An object is rendered more than once. */
  private warn(id: string, text: string) {
    if (this.warned.has(text)) return;
    this.warned.add(text);
    warn(this.workload, id, text);
  }

  private facts(containers: string[], requests?: Record<string, string>, spec?: any): PodFacts {
    const { identity, withholdCredentials = false } = this.options;
    return { identity, containers, withholdCredentials, requests, spec };
  }
}

const attachments = new WeakMap<object, Attachment>();

/** @internal */
export function attachModel(delivered: DeliveredModel, workload: IConstruct, options: AttachOptions) {
  const target = attachTarget(workload);
  const present = attachments.get(target.key);
  const attachment = present ?? new Attachment(workload, target, options);
  attachment.add(delivered, options);
  if (present) return;
  if (options.identity && !target.bringsServiceAccount()) ServiceAccount.ensure(workload, options.identity);
  attachment.install();
  attachments.set(target.key, attachment);
}

function refuseOther(path: string, option: string, first: unknown, later: unknown) {
  if (later !== undefined && later !== first) {
    throw new Error(`${option} of ${path} is '${later}' for this model and '${first ?? 'left out'}' for the one that was attached first: give all models of a workload the same, or leave it out here`);
  }
}

function nameOf({ namespace, serviceAccount }: WorkloadIdentity): string {
  return `${namespace}/${serviceAccount}`;
}
