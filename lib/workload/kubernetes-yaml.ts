import { Yaml } from 'cdk8s';

/** The order in which people write, and `kubectl explain` lists, the keys of common objects; the others follow by name. */
const USUAL_ORDER = [
  'apiVersion', 'kind', 'metadata',
  'name', 'namespace', 'labels', 'annotations',
  'spec', 'replicas', 'progressDeadlineSeconds', 'strategy', 'selector', 'template',
  'serviceAccountName', 'automountServiceAccountToken', 'enableServiceLinks', 'priorityClassName', 'nodeSelector', 'affinity', 'tolerations',
  'initContainers', 'containers',
  'image', 'imagePullPolicy', 'command', 'args', 'env', 'ports', 'resources', 'requests', 'limits',
  'startupProbe', 'readinessProbe', 'livenessProbe', 'volumeMounts', 'mountPath', 'subPath', 'readOnly',
  'securityContext', 'volumes', 'type', 'key', 'operator', 'value', 'effect',
];
const RANK = new Map(USUAL_ORDER.map((key, index) => [key, index]));

/**
 * Kubernetes objects as YAML that people read and diff: keys in their usual order, texts of several lines as blocks.
 * @internal
 */
export function kubernetesYaml(documents: any[]): string {
  return Yaml.stringify(...documents.map(inUsualOrder));
}

function inUsualOrder(value: any): any {
  if (Array.isArray(value)) return value.map(inUsualOrder);
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(keys.map(key => [key, inUsualOrder(value[key])]));
}

function rank(key: string): number {
  return RANK.get(key) ?? USUAL_ORDER.length;
}
