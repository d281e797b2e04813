import { Difference, isObject, labelOf } from './differences';

const RECORD = 'cdk-eks-model-artifacts/attached';

/** What the annotation of a pod template says was attached to it. */
interface AttachmentRecord {
  readonly container: string;
  readonly bytes: Record<string, number>;
  readonly seconds: number;
  readonly initContainers: string[];
  readonly volumes: string[];
  readonly mountPaths: Record<string, string[]>;
  readonly annotations: string[];
  readonly podFields: Record<string, unknown>;
  readonly securityContext: Record<string, unknown>;
}

/** A difference that a delivery may make: what must be so of it. */
type Allowed = (difference: Difference) => boolean;

const came: Allowed = ({ before }) => before === undefined || before === null;

/** Kubernetes' own, in seconds. */
const DEFAULT_DEADLINE = 600;

/**
 * Compares what an object has otherwise than before with the delivery's own record of what it added.
 * @throws where there is another difference, or one that the record promises is missing
 */
export function checkAgainstRecord(output: any, found: Difference[]): void {
  const records = recordsIn(output);
  const allowed = new Map(records.flatMap(([path, record]) => allowedBy(path, record)));
  const seconds = Math.max(0, ...records.map(([, record]) => record.seconds));
  allowed.set('spec.progressDeadlineSeconds', ({ before, after }) => after === ((before ?? DEFAULT_DEADLINE) as number) + seconds);

  const foreign = found.filter(difference => !(allowed.get(difference.path)?.(difference) ?? false));
  if (foreign.length > 0) throw new Error(`differs in what no delivery added: ${foreign.map(told).join('; ')}`);
  const paths = new Set(found.map(({ path }) => path));
  const missing = records.flatMap(([path, record]) => requiredBy(path, record)).filter(path => !paths.has(path));
  if (missing.length > 0) throw new Error(`lacks what the delivery says it added: ${missing.join(', ')}`);
}

/** Every pod template with a record, by its path. */
export function recordsIn(value: any, path = ''): Array<[path: string, record: AttachmentRecord]> {
  if (Array.isArray(value)) return value.flatMap(item => recordsIn(item, `${path}[${labelOf(item)}]`));
  if (!isObject(value)) return [];
  const text = (value as any).metadata?.annotations?.[RECORD];
  if (text !== undefined) return [[path === '' ? '' : `${path}.`, JSON.parse(text)]];
  return Object.entries(value).flatMap(([key, each]) => recordsIn(each, path === '' ? key : `${path}.${key}`));
}

function requiredBy(path: string, record: AttachmentRecord): string[] {
  return [
    ...[...record.annotations, RECORD].map(key => `${path}metadata.annotations.${key}`),
    ...record.initContainers.map(name => `${path}spec.initContainers[${name}]`),
    ...record.volumes.map(name => `${path}spec.volumes[${name}]`),
    ...Object.entries(record.mountPaths).flatMap(([container, mounts]) => mounts.map(mount => `${path}spec.containers[${container}].volumeMounts[${mount}]`)),
    ...Object.keys(record.podFields).map(key => `${path}spec.${key}`),
    ...Object.keys(record.securityContext).map(key => `${path}spec.securityContext.${key}`),
    ...Object.keys(record.bytes).map(name => `${path}spec.containers[${record.container}].resources.requests.${name}`),
  ];
}

function allowedBy(path: string, record: AttachmentRecord): Array<[string, Allowed]> {
  const raised = (bytes: number): Allowed => ({ before, after }) => bytesOf(after) - bytesOf(before ?? 0) === bytes;
  return [
    ...requiredBy(path, record).map((each): [string, Allowed] => [each, came]),
    ...Object.entries(record.bytes).flatMap(([name, bytes]) => ['requests', 'limits'].map((kind): [string, Allowed] =>
      [`${path}spec.containers[${record.container}].resources.${kind}.${name}`, raised(bytes)])),
  ];
}

const UNITS: Record<string, number> = { '': 1, 'Ki': 2 ** 10, 'Mi': 2 ** 20, 'Gi': 2 ** 30, 'Ti': 2 ** 40, 'k': 1e3, 'M': 1e6, 'G': 1e9, 'T': 1e12 };

/** A quantity of Kubernetes, in bytes. */
function bytesOf(quantity: unknown): number {
  const [, digits, unit] = /^([\d.]+)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
  if (digits === undefined || UNITS[unit] === undefined) throw new Error(`'${quantity}' is no quantity of bytes`);
  return Number(digits) * UNITS[unit];
}

function told({ path, before, after }: Difference): string {
  return `${path.slice(0, 200)} was ${shown(before)} and is ${shown(after)}`;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'not there').slice(0, 120);
}
