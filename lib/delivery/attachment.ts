import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { hasPodTemplate, podSpecOf, withModels, WORKLOADS } from './attached-workload';
import { bindModels } from './bind-models';
import { warnOfMissingDigests } from './digest-warnings';
import type { DeliveredModel } from './model-delivery';
import { modelsAnnotation } from './models-annotation';
import { PodFacts } from './pod-parts';
import { WorkloadIdentity } from '../access';
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
}

/** The models of one workload. */
class Attachment {
  private readonly models: DeliveredModel[] = [];

  constructor(private readonly workload: IConstruct, private readonly options: AttachOptions) {}

  public add(delivered: DeliveredModel, options: AttachOptions) {
    const { path } = this.workload.node;
    const { identity, containers, withholdCredentials = false } = this.options;
    refuseOther(path, 'identity', identity && nameOf(identity), options.identity && nameOf(options.identity));
    refuseOther(path, 'containers', containers?.join(', '), options.containers?.join(', '));
    refuseOther(path, 'withholdCredentials', withholdCredentials, options.withholdCredentials);
    if (this.models.includes(delivered)) throw new Error(`model ${delivered.model.displayName} is attached to ${path} already: attach it once, naming all containers that read it`);
    // What can be known before the workload is complete is refused where it is written.
    const parts = bindModels([...this.models, delivered], this.facts(containers ?? []));
    warnOfMissingDigests(this.workload, [delivered], parts.flatMap(part => part.initContainers ?? []).map(container => container.image));
    this.models.push(delivered);
  }

  /** cdk8s-plus drops fields that it does not know, those of patches too: only what the object has become is safe from it. */
  public install(object: ApiObject) {
    const render = object.toJson.bind(object);
    object.toJson = () => this.withModels(render());
    this.workload.node.addValidation({
      validate: () => this.models.flatMap(({ delivery, model }) => delivery.strategy.refusal(model, this.facts([])) ?? []),
    });
  }

  private withModels(object: any): any {
    const { identity, containers } = this.options;
    try {
      return withModels(object, {
        identity,
        containers,
        bind: (names, requests) => [...bindModels(this.models, this.facts(names, requests)), { annotations: modelsAnnotation(this.models) }],
      });
    } catch (error) {
      throw new Error(`${this.workload.node.path}: ${error instanceof Error ? error.message : error}`);
    }
  }

  private facts(containers: string[], requests?: Record<string, string>): PodFacts {
    const { identity, withholdCredentials = false } = this.options;
    return { identity, containers, withholdCredentials, requests };
  }
}

const attachments = new WeakMap<ApiObject, Attachment>();

/** @internal */
export function attachModel(delivered: DeliveredModel, workload: IConstruct, options: AttachOptions) {
  const object = workloadObject(workload);
  const present = attachments.get(object);
  const attachment = present ?? new Attachment(workload, options);
  attachment.add(delivered, options);
  if (present) return;
  if (options.identity && !hasServiceAccount(workload, object)) ServiceAccount.ensure(workload, options.identity);
  attachment.install(object);
  attachments.set(object, attachment);
}

/** Asked before the attachment fills it in. A workload of cdk8s-plus may have no containers yet, and then renders to nothing. */
function hasServiceAccount(workload: IConstruct, object: ApiObject): boolean {
  if (workload !== object) return (workload as { serviceAccount?: unknown }).serviceAccount !== undefined;
  const { serviceAccountName, serviceAccount } = podSpecOf(object.toJson()) ?? {};
  return (serviceAccountName ?? serviceAccount) !== undefined;
}

function workloadObject(workload: IConstruct): ApiObject {
  let object: IConstruct | undefined = workload;
  while (object && !ApiObject.isApiObject(object)) object = object.node.defaultChild;
  if (!object || !hasPodTemplate(object as ApiObject)) {
    const what = object ? `a ${(object as ApiObject).kind} of ${(object as ApiObject).apiVersion}` : 'no Kubernetes object';
    throw new Error(`${workload.node.path} is ${what}, and models are attached to pods: pass a ${WORKLOADS.join(', ')}, or a construct whose default child is one`);
  }
  return object as ApiObject;
}

function refuseOther(path: string, option: string, first: unknown, later: unknown) {
  if (later !== undefined && later !== first) {
    throw new Error(`${option} of ${path} is '${later}' for this model and '${first ?? 'left out'}' for the one that was attached first: give all models of a workload the same, or leave it out here`);
  }
}

function nameOf({ namespace, serviceAccount }: WorkloadIdentity): string {
  return `${namespace}/${serviceAccount}`;
}
