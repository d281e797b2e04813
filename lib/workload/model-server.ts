import { Size } from 'aws-cdk-lib';
import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { Engine } from './engine';
import { checkDisk, checkNames, checkPort, checkReplicas, checkUser, limitsOf, refuseStack, refuseUnmentioned, requestsOf } from './model-server-input';
import { ModelServerProps } from './model-server-props';
import { ChartWithFile, imagesIn } from './rendered-manifests';
import { SERVER_CONTAINER, serverContainer, startupWindow } from './server-pod';
import { ServiceAccount } from './service-account';
import { isPinned } from '../delivery/images';
import { bindModels, DeliveredModel, totalWindow } from '../delivery/model-delivery';
import { PodFacts } from '../delivery/pod-parts';
import { mergePodParts } from '../delivery/pod-template';
import { checkWorkloadName } from '../private/kubernetes-names';
import { warn } from '../private/warn';

/**
 * A Deployment that serves models, with its Service, in a file of its own. Its pods hold Pod Security `restricted`, and the server starts only
 * once its models are there, checked as their deliveries promise.
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
   * @param id of the construct, and by default the name of the Deployment, the Service and the file
   * @param props what is served
   * @throws where the pod could not start: no model, two models in one path, a model that the engine is never told of, a volume too small
   */
  constructor(scope: Construct, id: string, props: ModelServerProps) {
    super(scope, props.name === undefined ? checkWorkloadName(id) : id);
    const name = checkWorkloadName(props.name ?? id);
    refuseStack(scope, name);
    const { identity, models } = props;
    if (models.length === 0) throw new Error(`server '${name}' has no model: pass models, such as [delivery.deliver(model)]`);
    checkNames(props, name);
    const facts: PodFacts = { containers: [SERVER_CONTAINER], identity, withholdCredentials: props.withholdCredentials };
    const parts = bindModels(models, facts);
    const port = checkPort(props, name);
    const scratch = checkDisk('scratch', props.scratch ?? Size.gibibytes(10), name);
    const args = [...engineArguments(props.engine, models[0], port, props.gpus ?? 0), ...props.args ?? []];
    const command = props.command ?? props.engine?.options.command;
    refuseUnmentioned(name, models, [...command ?? [], ...args, ...Object.values(props.env ?? {})]);

    const { container, volumes } = serverContainer({
      models,
      engine: props.engine,
      image: props.image,
      command,
      args,
      env: props.env ?? {},
      port,
      requests: requestsOf(props, [scratch, ...parts.flatMap(part => part.ephemeralStorage ?? [])]),
      limits: limitsOf(props, name),
      sharedMemory: checkDisk('sharedMemory', props.sharedMemory ?? Size.gibibytes(2), name),
      scratch,
    });
    const selector = { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': name };
    const user = checkUser(props.runAsUser ?? 1000, name);
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
    const metadata = { name, namespace: identity.namespace, labels: selector };
    this.deployment = new ApiObject(this, 'Deployment', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: checkReplicas(props.replicas ?? 1, name),
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
    this._manifestFile = `${identity.namespace}.${name}.yaml`;
    ServiceAccount.ensure(this, identity);

    this.node.addValidation({ validate: () => models.flatMap(({ delivery, model }) => delivery.strategy.refusal(model, facts) ?? []) });
    warnOfMissingDigests(this, models, imagesIn(pod));
  }
}

/** Says which models a pod serves, for people and for inventories. */
const MODELS_ANNOTATION = 'cdk-eks-model-artifacts/models';

function engineArguments(engine: Engine | undefined, { model, path }: DeliveredModel, port: number, gpus: number): string[] {
  const values: Record<string, string> = { '{path}': path, '{name}': model.name, '{port}': String(port), '{gpus}': String(gpus) };
  const { args = [], multiGpuArgs = [] } = engine?.options ?? {};
  return [...args, ...gpus > 1 ? multiGpuArgs : []].map(argument => argument.replace(/\{(path|name|port|gpus)\}/g, placeholder => values[placeholder]));
}

function warnOfMissingDigests(server: ModelServer, models: DeliveredModel[], images: string[]) {
  for (const { model } of models.filter(delivered => delivered.model.digest === undefined)) {
    warn(server, 'digestMissing', `model ${model.displayName} has no digest: pods check the files against the manifest in the bucket, and nothing checks that manifest; pin the digest that publishing printed`);
  }
  for (const image of images.filter(name => !isPinned(name))) {
    warn(server, 'imageNotPinned', `image '${image}' is not pinned by digest: what it stands for can change under running pods; use repository:tag@sha256:…`);
  }
}
