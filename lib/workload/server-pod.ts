import { Duration, Size } from 'aws-cdk-lib';
import { additionalContainers } from './additional-container';
import { checkDisk, checkNames, checkPort, checkUser } from './model-server-input';
import type { ModelServerProps } from './model-server-props';
import { serverArguments } from './server-arguments';
import { CONTAINER_SECURITY, SERVER_CONTAINER, serverContainer, startupWindow } from './server-container';
import { serverResources } from './server-resources';
import { spreadConstraints } from './topology-spread';
import { bindModels, totalWindow } from '../delivery/bind-models';
import { DeliveredModel } from '../delivery/model-delivery';
import { modelsAnnotation } from '../delivery/models-annotation';
import { PodFacts, PodWarning } from '../delivery/pod-parts';
import { mergePodParts } from '../delivery/pod-template';
import { totalRequests } from '../private/container-resources';

/** https://karpenter.sh/docs/concepts/disruption/#pod-level-controls and the FAQ of Cluster Autoscaler */
const DO_NOT_DISRUPT = { 'karpenter.sh/do-not-disrupt': 'true', 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' };

/**
 * The pod of a server.
 * @internal
 */
export interface ServerPod {
  /** The pod template. */
  readonly template: any;
  /** Port that the server listens on. */
  readonly port: number;
  /** Every model in the pod: those that are served, and adapters. */
  readonly models: DeliveredModel[];
  /** What deliveries know of the pod. */
  readonly facts: PodFacts;
  /** How long delivery and start may take together. */
  readonly window: Duration;
  /** What somebody should know before the pod is deployed. */
  readonly warnings: PodWarning[];
}

/**
 * @throws where the pod could not start
 * @internal
 */
export function serverPod(name: string, props: ModelServerProps, selector: Record<string, string>): ServerPod {
  checkNames(props, name);
  if (props.models.length === 0) throw new Error(`server '${name}' has no model: pass models, such as [delivery.deliver(model)]`);
  const models = [...props.models, ...props.adapters ?? []];
  const port = checkPort(props, name);
  const scratch = checkDisk('scratch', props.scratch ?? Size.gibibytes(10), name);
  const additional = additionalContainers(props.containers ?? [], name);
  const user = checkUser(props.runAsUser ?? 1000, name);
  const securityContext = { runAsNonRoot: true, runAsUser: user, runAsGroup: user, seccompProfile: { type: 'RuntimeDefault' } };
  const facts: PodFacts = {
    readers: [SERVER_CONTAINER, ...additional.readers],
    spec: { securityContext, containers: [{ name: SERVER_CONTAINER, securityContext: CONTAINER_SECURITY }, ...additional.containers] },
    containers: [SERVER_CONTAINER, ...additional.containers.map(({ name: other }) => other)],
    identity: props.identity,
    requests: totalRequests([{ resources: props.resources }, ...additional.containers]),
    withholdCredentials: props.withholdCredentials,
  };
  const parts = bindModels(models, facts);
  const { command, args } = serverArguments(props, name, port);
  const { container, volumes } = serverContainer({
    models,
    engine: props.engine,
    image: props.image,
    command,
    args,
    env: props.env ?? {},
    port,
    ...serverResources(props, name, scratch, parts),
    sharedMemory: checkDisk('sharedMemory', props.sharedMemory ?? Size.gibibytes(2), name),
    scratch,
  });
  const template = {
    metadata: {
      labels: selector,
      annotations: {
        ...modelsAnnotation(models),
        ...props.doNotDisrupt ? DO_NOT_DISRUPT : {},
      },
    },
    spec: {
      serviceAccountName: props.identity.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      priorityClassName: props.priorityClassName,
      nodeSelector: props.nodeSelector,
      tolerations: props.tolerations?.map(toleration => toleration._spec),
      topologySpreadConstraints: spreadConstraints(props.topologySpread, selector),
      containers: [container, ...additional.containers],
      securityContext,
      volumes,
    },
  };
  const merged = parts.reduce((result, part) => mergePodParts(result, part, facts.readers!), template);
  return {
    template: withSidecars(merged, additional.sidecars),
    port,
    models,
    facts,
    window: totalWindow(parts).plus(startupWindow(models)),
    warnings: parts.flatMap(part => part.warnings ?? []),
  };
}

/** Sidecars are init containers that go on; they come after the downloads, as a folder of models is not there before. */
function withSidecars(template: any, names: string[]): any {
  if (names.length === 0) return template;
  const { initContainers = [], containers, ...spec } = template.spec;
  const isSidecar = ({ name }: any) => names.includes(name);
  return {
    ...template,
    spec: {
      ...spec,
      initContainers: [...initContainers, ...containers.filter(isSidecar)],
      containers: containers.filter((container: any) => !isSidecar(container)),
    },
  };
}
