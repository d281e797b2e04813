import { Duration } from 'aws-cdk-lib';
import { DeploymentMode } from './deployment-mode';
import type { InferenceServiceProps } from './inference-service-props';
import { knativeWarnings, PROGRESS_DEADLINE, refuseOnKnative, seenByKnative } from './knative';
import type { KserveStorage } from './kserve-storage';
import { refuseUnmentioned } from './model-path';
import { ModelPlan, planOf } from './model-plan';
import { checkVersion, storageUris } from './storage-rules';
import { bindModels, totalWindow } from '../delivery/bind-models';
import { ClusterFacts } from '../delivery/cluster-facts';
import { totalSize } from '../delivery/limits';
import { modelsAnnotation } from '../delivery/models-annotation';
import { PodFacts, PodParts, PodWarning } from '../delivery/pod-parts';
import { mergePodParts, SKIP_CONTAINERS } from '../delivery/pod-template';
import { effectiveRequests, resourcesPlus, totalRequests } from '../private/container-resources';

/**
 * The container of a predictor, whatever its runtime: KServe merges what `model` says into that.
 * @internal
 */
export const KSERVE_CONTAINER = 'kserve-container';

/**
 * KServe adds no container of its own where an init container of this name is there, and reads why a model did not arrive from the one that is
 * (https://github.com/kserve/kserve/blob/v0.20.0/pkg/webhook/admission/pod/storage_initializer_injector.go).
 */
const INITIALIZER = 'storage-initializer';

/** Room for the runtime to load what has arrived. */
const LOADING = Duration.minutes(10);

/** @internal */
export interface Predictor {
  /** `spec.predictor`. */
  readonly spec: any;
  /** What is known of the cluster, by the service and by its deliveries. */
  readonly facts: ClusterFacts;
  readonly warnings: PodWarning[];
  /** What can be known only once every grant is: why the pods can't read their models. */
  readonly refusals: () => string[];
}

/**
 * @throws where the pods could not start
 * @internal
 */
export function predictorOf(name: string, props: InferenceServiceProps): Predictor {
  const { identity, models, storage: given, storageUris: mounts } = props;
  const sources = Object.entries({ models, storage: given, storageUris: mounts })
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  if (sources.length !== 1) throw new Error(`service '${name}' has ${sources.length === 0 ? 'no model' : sources.map(([key]) => key).join(' and ')}: give one of models, storage and storageUris`);
  const plan = planOf(props);
  const { facts } = plan;
  const storage = given ?? plan.storage;
  if (props.modelPath !== undefined && plan.delivered.length === 0) throw new Error(`service '${name}' has modelPath '${props.modelPath}', and KServe brings its model to a path of its own: leave modelPath out, or use storageUris, each with its mountPath`);
  const storages = [...storage ? [storage] : [], ...(mounts ?? []).map(mount => mount.storage)];
  for (const each of storages) checkVersion(each, facts);

  const [first] = plan.delivered;
  if (first) refuseUnmentioned(name, first, props);

  const container = containerOf(props);
  const securityContext = podSecurityOf(props, storages);
  const pod: PodFacts = {
    identity,
    containers: [KSERVE_CONTAINER],
    requests: totalRequests([container]),
    spec: { securityContext, containers: [container] },
  };
  const parts = bindModels(plan.delivered, pod);
  const template = {
    metadata: { annotations: { ...models ? modelsAnnotation(models) : {}, ...plan.annotations } },
    spec: {
      serviceAccountName: identity.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      priorityClassName: props.priorityClassName,
      nodeSelector: props.nodeSelector,
      tolerations: props.tolerations?.map(toleration => toleration._spec),
      containers: [withRoom(container, parts, name)],
      securityContext,
    },
  };
  const merged = asInitializer(name, parts.reduce((result, part) => mergePodParts(result, part, [KSERVE_CONTAINER]), template), plan);
  const deadline = props.progressDeadline ?? (plan.delivered.length > 0 ? totalWindow(parts).plus(LOADING) : undefined);
  const onKnative = props.deploymentMode === DeploymentMode.KNATIVE;
  const seen = seenByKnative(merged.spec, (mounts ?? []).map(mount => mount.storage._scheme));
  if (onKnative) refuseOnKnative(name, seen);
  return {
    facts,
    spec: predictorSpec(props, merged, {
      onKnative,
      deadline,
      storageUri: storage?.uri ?? hereUri(plan),
      storageUris: mounts && storageUris(mounts, facts),
    }),
    warnings: [
      ...plan.warnings,
      ...parts.flatMap(({ warnings = [] }) => warnings),
      ...storages.flatMap(each => each._warnings(facts, props.modelFormat.name)),
      ...storages.filter(each => each !== plan.storage).flatMap(each => each._tenantWarnings()), // those of the plan have them
      ...onKnative ? knativeWarnings(name, seen, deadline) : [],
    ],
    refusals: () => [
      ...plan.delivered.flatMap(({ delivery, model }) => delivery.strategy.refusal(model, pod) ?? []),
      ...storages.flatMap(each => each._refusal(identity) ?? []),
    ],
  };
}

/**
 * A service that names no storage KServe takes for one of many models, and mounts a folder of its own where the model is to be
 * (https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/utils/utils.go): so it is told that the model is there.
 */
function hereUri({ delivered: [first] }: ModelPlan): string | undefined {
  return first && `file://${first.path}`;
}

/** The first init container of ours that comes to an end goes by the name of KServe's, which then adds none: also where it is kept from credentials. */
function asInitializer(name: string, template: any, { delivered: [first] }: ModelPlan): any {
  if (!first) return template;
  const { initContainers = [] } = template.spec;
  const ordinary = initContainers.find(({ restartPolicy }: any) => restartPolicy !== 'Always');
  if (ordinary === undefined) {
    throw new Error(`model ${first.model.displayName} comes to service '${name}' without an init container, and KServe would add its own, which finds nothing: let the delivery check the model, or use KserveStorage.ociNative`);
  }
  const renamed = initContainers.map((each: any) => each === ordinary ? { ...each, name: INITIALIZER } : each);
  const { [SKIP_CONTAINERS]: skipped, ...annotations } = template.metadata.annotations;
  const skip = skipped?.split(',').map((each: string) => each === ordinary.name ? INITIALIZER : each).join(',');
  return {
    metadata: { annotations: { ...annotations, ...skip === undefined ? {} : { [SKIP_CONTAINERS]: skip } } },
    spec: { ...template.spec, initContainers: renamed },
  };
}

interface Told {
  readonly onKnative: boolean;
  readonly deadline?: Duration;
  readonly storageUri?: string;
  readonly storageUris?: { uri: string; mountPath: string }[];
}

/** The pod's fields are the predictor's own, and those of its container are its model's, which has no name. */
function predictorSpec(props: InferenceServiceProps, { metadata, spec }: any, told: Told): any {
  const { containers: [{ name: _name, ...container }, ...beside], ...pod } = spec;
  const { onKnative, deadline } = told;
  const annotations = { ...metadata.annotations, ...onKnative && deadline ? { [PROGRESS_DEADLINE]: `${deadline.toSeconds()}s` } : {} };
  return {
    annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    minReplicas: props.minReplicas,
    maxReplicas: props.maxReplicas,
    canaryTrafficPercent: props.canaryTrafficPercent,
    ...pod,
    containers: beside.length > 0 ? beside : undefined,
    storageUris: told.storageUris,
    model: {
      modelFormat: { name: props.modelFormat.name, version: props.modelFormat.version },
      runtime: props.runtime,
      protocolVersion: props.protocolVersion,
      storageUri: told.storageUri,
      ...container,
    },
  };
}

/**
 * KServe's `modelcar-init` says of no user, so it is the pod's, or the image's, which is root for those that are built here. The runtime's container says
 * for itself that it is not: https://github.com/kserve/kserve/blob/v0.20.0/pkg/utils/storage.go
 */
function podSecurityOf({ runAs }: InferenceServiceProps, storages: KserveStorage[]): any {
  const byModelcar = storages.some(({ _scheme }) => _scheme === 'oci');
  return {
    ...byModelcar && !runAs ? {} : { runAsNonRoot: runAs?.user !== 0 },
    ...runAs ? { runAsUser: runAs.user, runAsGroup: runAs.group } : {},
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/**
 * What is a container's, spelled as in a pod, so that pod parts go into it as into any other. It says whether it may be root in place of its runtime, as
 * those of KServe say that it may not.
 */
function containerOf({ args, env, resources, runAs }: InferenceServiceProps): any {
  return {
    name: KSERVE_CONTAINER,
    args: args && args.length > 0 ? args : undefined,
    env: env && Object.keys(env).length > 0 ? Object.entries(env).map(([name, value]) => ({ name, value })) : undefined,
    resources: resources && { requests: resources.requests, limits: resources.limits },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: runAs?.user !== 0 },
  };
}

/** What models take as long as the pod lives, the runtime asks for. */
function withRoom(container: any, parts: PodParts[], name: string): any {
  const room = { 'ephemeral-storage': totalSize(parts.map(part => part.ephemeralStorage)), 'memory': totalSize(parts.map(part => part.memory)) };
  if (room.memory.toBytes() > 0 && effectiveRequests(container.resources).memory === undefined) {
    throw new Error(`service '${name}' has models in memory and does not say how much its runtime takes, so theirs would be the whole of what it asks for: give resources with memory`);
  }
  const resources = resourcesPlus(container.resources, room);
  return Object.keys(resources).length > 0 ? { ...container, resources } : container;
}
