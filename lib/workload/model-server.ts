import { Size, Token } from 'aws-cdk-lib';
import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';
import { Engine } from './engine';
import type { ChartWithFile } from './rendered-manifests';
import { SERVER_CONTAINER, serverContainer, startupWindow } from './server-pod';
import { ServiceAccount } from './service-account';
import { Toleration } from './toleration';
import { WorkloadIdentity } from '../access';
import { isPinned } from '../delivery/images';
import { bindModels, DeliveredModel, totalWindow } from '../delivery/model-delivery';
import { PodFacts } from '../delivery/pod-parts';
import { mergePodParts } from '../delivery/pod-template';
import { checkWorkloadName } from '../model/names';
import { warn } from '../private/warn';

/** What a container asks for and is held to: resource names and quantities, spelled as in a pod. */
export interface ResourceRequirements {
  /**
   * What the scheduler sets aside, such as `{ cpu: '4', memory: '32Gi' }`.
   *
   * @default - nothing
   */
  readonly requests?: { [name: string]: string };

  /**
   * What the container may not exceed. Extended resources, such as `vpc.amazonaws.com/efa` or `aws.amazon.com/neuron`, are given here.
   *
   * @default - no limit
   */
  readonly limits?: { [name: string]: string };
}

/** Properties of a model server. */
export interface ModelServerProps {
  /** Who the pods are: their namespace and service account. */
  readonly identity: WorkloadIdentity;

  /** The models, and how they reach the pods. The engine is started on the first. */
  readonly models: DeliveredModel[];

  /** Image of the server, by digest: `repository:tag@sha256:…`. */
  readonly image: string;

  /**
   * The engine in the image, which knows how to hand over the model.
   *
   * @default - none: `args` or `env` mention the model's path, and `port` is given
   */
  readonly engine?: Engine;

  /**
   * The command; replaces the entry point of the image.
   *
   * @default - the engine's, or that of the image
   */
  readonly command?: string[];

  /**
   * Arguments; they follow the engine's.
   *
   * @default - those of the engine alone
   */
  readonly args?: string[];

  /**
   * Environment variables with literal values.
   *
   * @default - none of yours
   */
  readonly env?: { [name: string]: string };

  /**
   * Port that the server listens on.
   *
   * @default - the engine's
   */
  readonly port?: number;

  /**
   * How many NVIDIA GPUs each pod has (`nvidia.com/gpu`). Others are `resources.limits`.
   *
   * @default 0
   */
  readonly gpus?: number;

  /**
   * How many pods.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * CPU, memory and extended resources.
   *
   * @default - nothing asked for and no limits, but the GPUs
   */
  readonly resources?: ResourceRequirements;

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
   * The user and group, other than root, that the server runs as.
   *
   * @default 1000
   */
  readonly runAsUser?: number;

  /**
   * Shared memory at `/dev/shm`, which counts as the pod's memory as far as it is used. The processes of one engine meet there.
   *
   * @default Size.gibibytes(2) as vLLM's own manifests have it
   */
  readonly sharedMemory?: Size;

  /**
   * Size of the writable disk at `/tmp`, which is also HOME, on an otherwise read-only root.
   *
   * @default Size.gibibytes(10)
   */
  readonly scratch?: Size;

  /**
   * JSON patches of the Deployment, applied last, whatever they change and whatever Kubernetes version the fields are of.
   *
   * @default - none
   */
  readonly patches?: JsonPatch[];
}

/**
 * A Deployment that serves models, with its Service, in a file of its own. Its pods hold Pod Security `restricted`, and no container of them
 * starts before every byte of every model was checked.
 */
export class ModelServer extends Chart implements ChartWithFile {
  /** The Deployment. */
  public readonly deployment: ApiObject;

  /** The Service. */
  public readonly service: ApiObject;

  /** @internal */
  public readonly _manifestFile: string;

  /**
   * @param scope a `ModelManifests`, or any cdk8s app or chart
   * @param id name of the Deployment and the Service, and of the file: at most 63 lowercase letters, digits and `-`, starting with a letter
   * @param props what is served
   * @throws where the pod could not start: no model, two models in one path, a model that the engine is never told of, a volume too small
   */
  constructor(scope: Construct, id: string, props: ModelServerProps) {
    super(scope, checkWorkloadName(id));
    const { identity, models } = props;
    if (models.length === 0) throw new Error(`server '${id}' has no model: pass models, such as [delivery.deliver(model)]`);
    const facts: PodFacts = { containers: [SERVER_CONTAINER], identity };
    const parts = bindModels(models, facts);
    const port = checkPort(props, id);
    const args = [...engineArguments(props.engine, models[0], port), ...props.args ?? []];
    const command = props.command ?? props.engine?.options.command;
    refuseUnmentioned(id, models, [...command ?? [], ...args, ...Object.values(props.env ?? {})]);

    const { container, volumes } = serverContainer({
      models,
      engine: props.engine,
      image: props.image,
      command,
      args,
      env: props.env ?? {},
      port,
      requests: props.resources?.requests ?? {},
      limits: limitsOf(props, id),
      sharedMemory: props.sharedMemory ?? Size.gibibytes(2),
      scratch: props.scratch ?? Size.gibibytes(10),
    });
    const selector = { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': id };
    const user = checkUser(props.runAsUser ?? 1000, id);
    const pod = parts.reduce((template, part) => mergePodParts(template, part, facts.containers), {
      metadata: {
        labels: selector,
        annotations: { [MODELS_ANNOTATION]: models.map(({ model }) => [model.displayName, model.digest].filter(Boolean).join(' ')).join(', ') },
      },
      spec: {
        serviceAccountName: identity.serviceAccount,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        priorityClassName: props.priorityClassName,
        nodeSelector: props.nodeSelector,
        tolerations: props.tolerations?.map(toleration => toleration._spec),
        containers: [container],
        securityContext: { runAsNonRoot: true, runAsUser: user, runAsGroup: user, seccompProfile: { type: 'RuntimeDefault' } },
        volumes,
      },
    });
    const metadata = { name: id, namespace: identity.namespace, labels: selector };
    this.deployment = new ApiObject(this, 'Deployment', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: props.replicas ?? 1,
        progressDeadlineSeconds: totalWindow(parts).toSeconds() + startupWindow(models).toSeconds(),
        selector: { matchLabels: selector },
        template: pod,
      },
    });
    this.deployment.addJsonPatch(...props.patches ?? []);
    this.service = new ApiObject(this, 'Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector, ports: [{ name: 'http', port, targetPort: 'http' }] },
    });
    this._manifestFile = `${identity.namespace}.${id}.yaml`;
    ServiceAccount.ensure(this, identity);

    this.node.addValidation({ validate: () => models.flatMap(({ delivery, model }) => delivery.strategy.refusal(model, facts) ?? []) });
    warnOfMissingDigests(this, models, props.image);
  }
}

/** Says which models a pod serves, for people and for inventories. */
const MODELS_ANNOTATION = 'cdk-eks-model-artifacts/models';

function engineArguments(engine: Engine | undefined, { model, path }: DeliveredModel, port: number): string[] {
  const values: Record<string, string> = { '{path}': path, '{name}': model.name, '{port}': String(port) };
  return (engine?.options.args ?? []).map(argument => argument.replace(/\{(path|name|port)\}/g, placeholder => values[placeholder]));
}

function checkPort(props: ModelServerProps, id: string): number {
  const port = props.port ?? props.engine?.options.port;
  if (port === undefined) throw new Error(`server '${id}' has no port: pass port, or an engine, which knows its own`);
  if (Token.isUnresolved(port) || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`port ${port} of server '${id}' is not valid: give a whole number from 1 to 65535, known at synth`);
  }
  return port;
}

function checkUser(user: number, id: string): number {
  if (Token.isUnresolved(user) || !Number.isInteger(user) || user < 1) {
    throw new Error(`runAsUser ${user} of server '${id}' is not valid: give a number above 0, as Pod Security 'restricted' refuses root`);
  }
  return user;
}

function limitsOf({ gpus = 0, resources }: ModelServerProps, id: string): Record<string, string> {
  const limits = resources?.limits ?? {};
  if (Token.isUnresolved(gpus) || !Number.isInteger(gpus) || gpus < 0) {
    throw new Error(`gpus is ${gpus} for server '${id}': give a whole number, known at synth`);
  }
  if (gpus > 0 && limits['nvidia.com/gpu'] !== undefined) {
    throw new Error(`server '${id}' has gpus ${gpus} and limits of nvidia.com/gpu '${limits['nvidia.com/gpu']}': give one of both`);
  }
  return gpus > 0 ? { ...limits, 'nvidia.com/gpu': String(gpus) } : limits;
}

/** An engine that is never told of a model starts on another, or downloads one. */
function refuseUnmentioned(id: string, models: DeliveredModel[], texts: string[]) {
  for (const { model, path } of models) {
    if (!texts.some(text => text.includes(path))) {
      throw new Error(`server '${id}' never mentions '${path}', where model ${model.displayName} is: pass engine, or put the path into args or env (it is \`path\` of the delivered model)`);
    }
  }
}

function warnOfMissingDigests(server: ModelServer, models: DeliveredModel[], image: string) {
  for (const { model } of models.filter(delivered => delivered.model.digest === undefined)) {
    warn(server, 'digestMissing', `model ${model.displayName} has no digest: pods check the files against the manifest in the bucket, and nothing checks that manifest; pin the digest that publishing printed`);
  }
  if (!isPinned(image)) {
    warn(server, 'imageNotPinned', `image '${image}' is not pinned by digest: what it stands for can change under running pods; use repository:tag@sha256:…`);
  }
}
