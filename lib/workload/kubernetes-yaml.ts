import { Yaml } from 'cdk8s';
import { sha256 } from '../private/sha256';

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
  const quoted = new Map<string, string>();
  const text = Yaml.stringify(...documents.map(document => inUsualOrder(document, quoted)));
  return quoted.size === 0 ? text : text.replace(/quoted-[0-9a-f]{64}/g, placeholder => quoted.get(placeholder) ?? placeholder);
}

/** What some readers take for a number, a line break or no YAML at all, and cdk8s leaves as it is. */
const MISREAD = /^[-+]?0o[0-7]+$|[\x7f-\x9f\u2028\u2029\ufffe\uffff]/;

/** A stand-in, for which the same text in quotes comes in the end. */
function quote(value: string, quoted: Map<string, string>): string {
  const placeholder = `quoted-${sha256(value)}`;
  quoted.set(placeholder, JSON.stringify(value).replace(/[\x7f-\x9f\u2028\u2029\ufffe\uffff]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`));
  return placeholder;
}

function inUsualOrder(value: any, quoted: Map<string, string>): any {
  if (typeof value === 'string' && MISREAD.test(value)) return quote(value, quoted);
  if (Array.isArray(value)) return value.map(item => inUsualOrder(item, quoted));
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(keys.map(key => [inUsualOrder(key, quoted), inUsualOrder(value[key], quoted)]));
}

function rank(key: string): number {
  return RANK.get(key) ?? USUAL_ORDER.length;
}
