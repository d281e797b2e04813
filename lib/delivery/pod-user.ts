import { PodFacts, PodUser } from './pod-parts';
import { ModelArtifact } from '../model';
import { MAX_INT } from '../private/numbers';

/**
 * As whom the containers of an application run.
 * @internal
 */
export interface ContainerUser extends PodUser {
  /** As a container has them; undefined for those that the runtime gives. */
  readonly capabilities?: any;
}

/** Nobody: the API server refuses a pod that has it, so one that is made before its user is known starts as no other. */
const UNKNOWN: ContainerUser = { user: -1, group: -1 };

const WHY = 'reads through the processes of its pod, which takes the same user and group';

/**
 * The one user, group and set of capabilities that the containers have which read a model.
 *
 * @param runAs what is given instead of what the pod does not say
 * @throws where nobody says it, or they differ
 * @internal
 */
export function userOf(pod: PodFacts, runAs: PodUser | undefined, { displayName }: ModelArtifact): ContainerUser {
  const { spec, containers, readers = containers } = pod;
  if (spec === undefined) return runAs ?? UNKNOWN; // not known yet: asked again once it is
  const users = (spec.containers as any[]).filter(({ name }) => readers.includes(name)).map(({ name, securityContext }) => {
    const of = (key: string, given?: number) => numberOf(name, key, securityContext?.[key] ?? spec.securityContext?.[key] ?? given, displayName);
    if (securityContext?.seLinuxOptions) {
      throw new Error(`container '${name}' has seLinuxOptions of its own, and model ${displayName} it ${WHY}, and the same label: set them for the whole pod`);
    }
    if (securityContext?.appArmorProfile?.type === 'Localhost') {
      throw new Error(`container '${name}' has an appArmorProfile of its own, and model ${displayName} it ${WHY}, which that may forbid: remove it, or deliver the model with ModelDelivery.ociCopy`);
    }
    return { name, nonRoot: securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot, user: of('runAsUser', runAs?.user), group: of('runAsGroup', runAs?.group), capabilities: securityContext?.capabilities ?? undefined };
  });
  const [first] = users;
  const root = users.find(({ nonRoot, user }) => nonRoot === true && user === 0);
  if (root) throw new Error(`container '${root.name}' has runAsNonRoot: true, and would run as user 0, which the kubelet refuses: give runAs of model ${displayName} the user that its image has, or remove runAsNonRoot`);
  const different = runAs && users.find(({ user, group }) => runAs.user !== user || runAs.group !== group);
  if (different) {
    throw new Error(`container '${different.name}' runs as ${spelled(different)}, and runAs of model ${displayName} says ${spelled(runAs)}: leave runAs out, or give both the same`);
  }
  const other = users.find(({ user, group }) => user !== first.user || group !== first.group);
  if (other) {
    throw new Error(`containers '${first.name}' and '${other.name}' run as ${spelled(first)} and ${spelled(other)}, and model ${displayName} is to be read by one user and group through the processes of the pod: give both the same, or deliver it with ModelDelivery.ociCopy`);
  }
  return { user: first.user, group: first.group, capabilities: first.capabilities };
}

function numberOf(container: string, key: string, value: any, displayName: string): number {
  if (value === undefined || value === null) {
    throw new Error(`container '${container}' ${WHY}, for model ${displayName}, and its ${key} is not known: set it in its securityContext, say what its image has by runAs: { user, group }, or deliver the model with ModelDelivery.ociCopy`);
  }
  if (!Number.isInteger(value) || value < 0 || value > MAX_INT) {
    throw new Error(`${key} of container '${container}' is ${JSON.stringify(value)}, and must be a whole number, known at synth: model ${displayName} it ${WHY}`);
  }
  return value;
}

function spelled({ user, group }: PodUser): string {
  return `${user}:${group}`;
}
