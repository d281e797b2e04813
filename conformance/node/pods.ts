import { ControlPlane } from '../cluster/control-plane';
import { KubernetesObject } from '../static/manifest';

/** Pods of namespaces, without those that are on their way out. */
export async function podsIn(plane: ControlPlane, namespaces: string[]): Promise<KubernetesObject[]> {
  const lists = await Promise.all(namespaces.map(namespace => plane.request('GET', `/api/v1/namespaces/${namespace}/pods`)));
  return lists.flatMap(({ body }) => body.items).filter(pod => pod.metadata.deletionTimestamp === undefined);
}

/** Deployments of namespaces. */
export async function deploymentsIn(plane: ControlPlane, namespaces: string[]): Promise<KubernetesObject[]> {
  const lists = await Promise.all(namespaces.map(namespace => plane.request('GET', `/apis/apps/v1/namespaces/${namespace}/deployments`)));
  return lists.flatMap(({ body }) => body.items);
}

/** Whether as many of its pods serve as it asks for. */
export function isAvailable({ metadata, spec, status }: KubernetesObject): boolean {
  return status.observedGeneration === metadata.generation && status.availableReplicas === spec.replicas;
}

/** Whether a pod, or a node, is ready. */
export function isReady({ status }: KubernetesObject): boolean {
  return status?.conditions?.some((condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

/** Where its application answers: at the port of its probes. */
export function addressOf({ metadata, spec, status }: KubernetesObject): string {
  for (const { readinessProbe, startupProbe, ports = [] } of spec.containers) {
    const port = (readinessProbe ?? startupProbe)?.httpGet?.port;
    const number = typeof port === 'string' ? ports.find(({ name }: { name: string }) => name === port)?.containerPort : port;
    if (number !== undefined) return `http://${status.podIP}:${number}`;
  }
  throw new Error(`${metadata.name} has no container with a probe by HTTP: nobody knows where it answers`);
}

/** What its application answers. */
export async function ask<T>(pod: KubernetesObject, question: string): Promise<T> {
  const response = await fetch(`${addressOf(pod)}${question}`);
  if (!response.ok) throw new Error(`${pod.metadata.name} answers ${question} with ${response.status}: ${await response.text()}`);
  return response.json() as Promise<T>;
}

/** Why pods are not ready: their states, the last events, the last words of their downloads. */
export async function explain(plane: ControlPlane, namespaces: string[]): Promise<string> {
  const told = await Promise.all(namespaces.map(async namespace => {
    const states = await plane.kubectl(['get', 'pods', '-n', namespace, '-o', 'wide']);
    const events = await plane.kubectl(['get', 'events', '-n', namespace, '--sort-by=.lastTimestamp', '-o', EVENT_COLUMNS]);
    const pods = await podsIn(plane, [namespace]);
    const logs = await Promise.all(pods.map(pod => plane.kubectl(['logs', '-n', namespace, pod.metadata.name, '--all-containers', '--prefix', '--tail=5'])));
    return [states, ...logs].map(({ stdout, stderr }) => stdout || stderr).concat(events.stdout.trim().split('\n').slice(-8)).join('\n');
  }));
  return told.join('\n');
}

const EVENT_COLUMNS = 'custom-columns=OBJECT:.involvedObject.name,REASON:.reason,MESSAGE:.message';
