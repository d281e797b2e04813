import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { autoscalerSpec, checkAutoscaling } from './autoscaling';
import { DisruptionBudget } from './disruption-budget';
import { checkReplicas, refuseStack } from './model-server-input';
import { ModelServerProps } from './model-server-props';
import { NodeRequirements, podRequirements } from './node-requirements';
import { ChartWithFile } from './rendered-manifests';
import { Rollout } from './rollout';
import { serverPod } from './server-pod';
import { hasExtendedResources } from './server-resources';
import { ServiceAccount } from './service-account';
import { unpinnedImages } from '../delivery/delivery-warnings';
import { checkWorkloadName } from '../private/kubernetes-names';
import { warn } from '../private/warn';

/**
 * A Deployment that serves models, with its Service and what else it is given, in a file of its own. Its pods hold Pod Security `restricted`, and
 * the server starts only once its models are there, checked as their deliveries promise.
 */
export class ModelServer extends Chart implements ChartWithFile {
  /** The Deployment. */
  public readonly deployment: ApiObject;

  /** The Service. */
  public readonly service: ApiObject;

  /** The PodDisruptionBudget; undefined where there is none. */
  public readonly disruptionBudget?: ApiObject;

  /** The HorizontalPodAutoscaler; undefined where there is none. */
  public readonly autoscaler?: ApiObject;

  /** The Ingress or HTTPRoute; undefined where there is none. */
  public readonly route?: ApiObject;

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
    checkAutoscaling(props.autoscaling, props.replicas, name);
    const { identity, autoscaling } = props;
    const selector = { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': name };
    const metadata = { name, namespace: identity.namespace, labels: selector };
    const pod = serverPod(name, props, selector);
    const replicas = autoscaling ? undefined : checkReplicas(props.replicas ?? 1, name);
    this.deployment = new ApiObject(this, 'Deployment', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        strategy: (props.rollout ?? rolloutFor(pod.template.spec))?._strategy,
        progressDeadlineSeconds: pod.window.toSeconds(),
        selector: { matchLabels: selector },
        template: pod.template,
      },
    });
    this.deployment.addJsonPatch(...props.patches ?? []);
    this.service = new ApiObject(this, 'Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector, ports: [{ name: 'http', port: pod.port, targetPort: 'http' }] },
    });

    const budget = props.disruptionBudget ?? (replicas === undefined || replicas > 1 ? DisruptionBudget.maxUnavailable(1) : DisruptionBudget.none());
    this.disruptionBudget = budget._maxUnavailable === undefined ? undefined : new ApiObject(this, 'DisruptionBudget', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: budget._maxUnavailable, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selector } },
    });
    this.autoscaler = autoscaling && new ApiObject(this, 'Autoscaler', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: autoscalerSpec(autoscaling, name),
    });
    this.route = props.exposure && new ApiObject(this, 'Route', props.exposure._object(metadata, pod.port));

    this._manifestFile = `${identity.namespace}.${name}.yaml`;
    ServiceAccount.ensure(this, identity);
    this.node.addValidation({ validate: () => pod.models.flatMap(({ delivery, model }) => delivery.strategy.refusal(model, pod.facts) ?? []) });
    for (const warning of [...pod.warnings, ...unpinnedImages(pod.template)]) warn(this, warning.id, warning.text);
  }

  /** What one node must have free for one pod, patches included. */
  public get requirements(): NodeRequirements {
    return podRequirements(this.deployment.toJson().spec.template.spec);
  }
}

/** A pod that is to come beside an old one would wait for a device that only the old one can free. */
function rolloutFor({ containers, initContainers = [] }: any): Rollout | undefined {
  return [...containers, ...initContainers].some(hasExtendedResources) ? Rollout.replace() : undefined;
}
