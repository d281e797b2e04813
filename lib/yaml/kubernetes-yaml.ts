import { ScalarTag, stringify, ToStringOptions } from 'yaml';
import { resolveScalar } from './yaml-scalars';

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
  return documents.map(document => yamlOf(inUsualOrder(document))).join('---\n');
}

/**
 * One value as YAML, which readers of YAML 1.1, kubectl's and YAML 1.2 take for the same.
 * @internal
 */
export function yamlOf(value: any, options: ToStringOptions = {}): string {
  return stringify(value, { keepUndefined: true, lineWidth: 0, version: '1.1', aliasDuplicateObjects: false, customTags: tags => [QUOTED, ...tags], ...options });
}

/** What some readers take for a line break or no YAML at all. */
const CONTROL = /[\x7f-\x9f\u2028\u2029\ufffe\uffff]/g;

/**
 * A text in double quotes that any reader of JSON or YAML takes for the same.
 * @internal
 */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(CONTROL, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Strings that the YAML library leaves as they are, and some readers take for something else. */
const QUOTED: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  test: CONTROL, // of two tags the library takes the one that has a test
  identify: value => typeof value === 'string' && (value.search(CONTROL) >= 0 || typeof resolveScalar(value) !== 'string'),
  resolve: text => text,
  stringify: ({ value }) => quoted(String(value)),
};

/** The same value with all keys in their usual order. */
function inUsualOrder(value: any): any {
  if (Array.isArray(value)) return value.map(inUsualOrder);
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(keys.map(key => [key, inUsualOrder(value[key])]));
}

/**
 * The place of a key in the usual order; keys that are not in it have the last.
 * @internal
 */
export function rank(key: string): number {
  return RANK.get(key) ?? USUAL_ORDER.length;
}
