import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { DeploymentMode, modeAnnotation } from './deployment-mode';
import { InferenceServiceProps } from './inference-service-props';
import { predictorOf } from './predictor';
import { unpinnedImages } from '../delivery/delivery-warnings';
import { checkLabelKey, checkLabelValue, checkQuantity, checkSubdomain, checkVariable, checkWorkloadName } from '../private/kubernetes-names';
import { literal } from '../private/literal';
import { checkWhole } from '../private/numbers';
import { warn } from '../private/warn';
import { refuseStack } from '../workload/model-server-input';
import { ChartWithFile } from '../workload/rendered-manifests';
import { ServiceAccount } from '../workload/service-account';

/** KServe's names end in `-predictor`, and a DNS label has room for 63 characters. */
const MAX_NAME = 63 - '-predictor'.length;

/**
 * An `InferenceService` of KServe, `serving.kserve.io/v1beta1`, in a file of its own. Its models come as into any other pod, each checked as its delivery
 * promises, and KServe, which then adds nothing, finds them where its runtimes look. Or KServe brings the model, by request: `storage` and `storageUris`.
 * A model of `ModelDelivery.auto` comes by either, and an annotation of the pods says why. What is said of security holds Pod Security `restricted`, as
 * far as it depends on this: the runtime's own container says the rest.
 */
export class InferenceService extends Chart implements ChartWithFile {
  /** The InferenceService. */
  public readonly service: ApiObject;

  /** @internal */
  public readonly _manifestFile: string;

  /**
   * @param scope a `ModelManifests`, or any cdk8s app or chart
   * @param id of the construct, and by default the name of the InferenceService and the file
   * @param props what is served
   * @throws where KServe would refuse the service, or take it and start pods without their model
   */
  constructor(scope: Construct, id: string, props: InferenceServiceProps) {
    super(scope, props.name === undefined ? checkWorkloadName(id) : id);
    const name = checkWorkloadName(props.name ?? id);
    refuseStack(scope, name, 'service');
    if (name.length > MAX_NAME) throw new Error(`service '${name}' has a name of ${name.length} characters: at most ${MAX_NAME} leave room for what KServe adds, shorten it`);
    checkProps(name, props);
    const { identity } = props;
    const predictor = predictorOf(name, props);
    this.service = new ApiObject(this, 'Service', {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: {
        name,
        namespace: identity.namespace,
        labels: { 'app.kubernetes.io/name': 'inference-service', 'app.kubernetes.io/instance': name },
        // As KServe is shipped, it makes services of Knative where nothing is said.
        annotations: modeAnnotation(props.deploymentMode ?? DeploymentMode.STANDARD, predictor.facts.kserveVersion),
      },
      spec: { predictor: predictor.spec },
    });
    this.service.addJsonPatch(...props.patches ?? []);
    this._manifestFile = `${identity.namespace}.${name}.inferenceservice.yaml`;
    ServiceAccount.ensure(this, identity);
    this.node.addValidation({ validate: predictor.refusals });
    for (const { id: warning, text } of [...predictor.warnings, ...unpinnedImages(predictor.spec)]) warn(this, warning, text);
  }
}

function checkProps(name: string, props: InferenceServiceProps) {
  const { modelFormat, deploymentMode, minReplicas, maxReplicas, canaryTrafficPercent: canary, progressDeadline } = props;
  const onKnative = deploymentMode === DeploymentMode.KNATIVE;
  literal(modelFormat.name, `modelFormat of service '${name}'`, 'manifests have it; pass a literal string');
  if (!/^[a-z0-9][-a-z0-9_.]*$/i.test(modelFormat.name)) throw new Error(`modelFormat '${modelFormat.name}' of service '${name}' is not valid: give the name that runtimes have, such as 'sklearn'`);
  if (props.runtime !== undefined) checkSubdomain('name of a runtime', props.runtime);
  if (props.priorityClassName !== undefined) checkSubdomain('name of a priority class', props.priorityClassName);
  Object.keys(props.env ?? {}).forEach(checkVariable);
  // Its webhook refuses it: https://github.com/kserve/kserve/blob/v0.20.0/pkg/validation/env_policy.go
  if (props.env?.PYTHONPATH !== undefined) throw new Error(`env of service '${name}' has PYTHONPATH, which KServe refuses: leave it out, and build an image that finds its modules`);
  for (const [key, value] of Object.entries(props.nodeSelector ?? {})) {
    checkLabelKey('label of a node', key);
    checkLabelValue(`value of the label '${key}' of a node`, value);
  }
  for (const [resource, quantity] of [...Object.entries(props.resources?.requests ?? {}), ...Object.entries(props.resources?.limits ?? {})]) {
    checkLabelKey('name of a resource', resource);
    checkQuantity(`quantity of ${resource}`, quantity);
  }
  if (minReplicas !== undefined) checkWhole(`minReplicas of service '${name}'`, minReplicas, onKnative ? 0 : 1);
  if (maxReplicas !== undefined) checkWhole(`maxReplicas of service '${name}'`, maxReplicas, Math.max(1, minReplicas ?? 1));
  for (const [key, value] of Object.entries({ canaryTrafficPercent: canary, progressDeadline })) {
    if (value !== undefined && !onKnative) throw new Error(`service '${name}' has ${key}, which does nothing but on Knative: use DeploymentMode.KNATIVE, or leave it out`);
  }
  for (const [what, value] of Object.entries(props.runAs ?? {})) checkWhole(`${what} of runAs of service '${name}'`, value, 0);
  if (canary !== undefined) checkWhole(`canaryTrafficPercent of service '${name}'`, canary, 0, 100);
  if (progressDeadline?.isUnresolved() || progressDeadline?.toMilliseconds() === 0) throw new Error(`progressDeadline of service '${name}' must be known at synth, and more than nothing: pass Duration.minutes(30)`);
}
