import { RECORD } from './attachment-record';
import { MODELS_ANNOTATION } from './models-annotation';
import { SKIP_CONTAINERS } from './pod-template';
import { Place } from './pod-template-paths';

type Check = (value: any, path: string) => void;

const text: Check = (value, path) => refuse(typeof value !== 'string', value, path, 'a text');

/** What is null counts as left out, as in the API. */
function object(fields: Record<string, Check>, required: string[] = []): Check {
  return (value, path) => {
    refuse(typeof value !== 'object' || Array.isArray(value), value, path, 'an object');
    for (const [key, check] of Object.entries(fields)) {
      if (required.includes(key) || (value[key] ?? undefined) !== undefined) check(value[key], below(path, key));
    }
  };
}

function list(item: Check): Check {
  return (value, path) => {
    refuse(!Array.isArray(value), value, path, 'a list');
    (value as any[]).forEach((each, index) => item(each, `${path}[${index}]`));
  };
}

const RESOURCES = object({ limits: object({}), requests: object({}) });
const CONTAINER = object({
  name: text,
  resources: RESOURCES,
  volumeMounts: list(object({ name: text, mountPath: text }, ['name', 'mountPath'])),
  securityContext: object({ windowsOptions: object({}) }),
}, ['name']);

const TERM = object({ matchExpressions: list(object({ values: list(text) })) });

/** Of a pod template, whatever attaching reads. */
const TEMPLATE = object({
  metadata: object({ annotations: object({ [SKIP_CONTAINERS]: text, [MODELS_ANNOTATION]: text, [RECORD]: text }), labels: object({}) }),
  spec: object({
    containers: list(CONTAINER),
    initContainers: list(CONTAINER),
    volumes: list(object({ name: text }, ['name'])),
    resources: RESOURCES,
    securityContext: object({ windowsOptions: object({}) }),
    nodeSelector: object({}),
    affinity: object({ nodeAffinity: object({ requiredDuringSchedulingIgnoredDuringExecution: object({ nodeSelectorTerms: list(TERM) }) }) }),
  }),
});

/**
 * Looks at the shape of what attaching reads, so that the rest need not. The API server would refuse it, too.
 *
 * @throws with the path of what is of another
 * @internal
 */
export function checkPodShape(template: any, place: Place): void {
  TEMPLATE(template, place.map(key => typeof key === 'number' ? `[${key}]` : `.${key}`).join('').replace(/^\./, ''));
}

function below(path: string, key: string): string {
  if (!/^\w+$/.test(key)) return `${path}['${key}']`;
  return path === '' ? key : `${path}.${key}`;
}

function refuse(wrong: boolean, value: any, path: string, wanted: string) {
  if (!wrong && value !== null && value !== undefined) return;
  throw new Error(`${path} is ${spelled(value)}, and must be ${wanted}: correct it in the manifest`);
}

function spelled(value: any): string {
  if (value === undefined) return 'left out';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `'${value}'`;
  return value !== null && typeof value === 'object' ? 'an object' : String(value);
}
