import { Difference, isObject, labelOf } from './differences';
import { numberOf } from '../quantity';

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

/** What must be so of a difference that a delivery makes. */
type Judge = (difference: Difference) => boolean;

const came: Judge = ({ before }) => before === undefined || before === null;
const cameAs = (value: unknown): Judge => difference => came(difference) && difference.after === value;

/** These have a deadline to progress, which is Kubernetes' own where it is left out: ten minutes. */
const PROGRESSING = ['Deployment', 'Rollout'];
const DEFAULT_DEADLINE = 600;

/**
 * Compares what an object has otherwise than before with the delivery's own record of what it added.
 * @throws where there is another difference, or one that the record promises is missing
 */
export function checkAgainstRecord(output: any, found: Difference[]): void {
  const recorded = recordsIn(output);
  const expected = new Map(recorded.flatMap(each => expectedBy(each)));
  const seconds = Math.max(0, ...recorded.map(({ record }) => record.seconds));
  if (seconds > 0 && PROGRESSING.includes(output.kind)) {
    expected.set('spec.progressDeadlineSeconds', ({ before, after }) => after === ((before ?? DEFAULT_DEADLINE) as number) + seconds);
  }
  const foreign = found.filter(difference => !(expected.get(difference.path)?.(difference) ?? false));
  if (foreign.length > 0) throw new Error(`differs in what no delivery added: ${foreign.map(told).join('; ')}`);
  const paths = new Set(found.map(({ path }) => path));
  const missing = [...expected.keys()].filter(path => !paths.has(path));
  if (missing.length > 0) throw new Error(`lacks what the delivery says it added: ${missing.join(', ')}`);
}

/** A pod template that says what was attached to it. */
interface Recorded {
  /** With a dot behind it, where it is not the object itself. */
  readonly path: string;
  readonly template: any;
  readonly record: AttachmentRecord;
}

/** Every pod template with a record. */
export function recordsIn(value: any, path = ''): Recorded[] {
  if (Array.isArray(value)) return value.flatMap(item => recordsIn(item, `${path}[${labelOf(item)}]`));
  if (!isObject(value)) return [];
  const text = (value as any).metadata?.annotations?.[RECORD];
  if (text !== undefined) return [{ path: path === '' ? '' : `${path}.`, template: value, record: JSON.parse(text) }];
  return Object.entries(value).flatMap(([key, each]) => recordsIn(each, path === '' ? key : `${path}.${key}`));
}

/** Each difference that there must be, by its path. */
function expectedBy({ path, template, record }: Recorded): Array<[path: string, judge: Judge]> {
  const added = [
    ...[...record.annotations, RECORD].map(key => `metadata.annotations.${key}`),
    ...record.initContainers.map(name => `spec.initContainers[${name}]`),
    ...record.volumes.map(name => `spec.volumes[${name}]`),
    ...Object.entries(record.mountPaths).flatMap(([container, mounts]) => mounts.map(mount => `spec.containers[${container}].volumeMounts[${mount}]`)),
  ];
  return [
    ...added.map((each): [string, Judge] => [each, came]),
    ...Object.entries(record.podFields).map(([key, value]): [string, Judge] => [`spec.${key}`, cameAs(value)]),
    ...Object.entries(record.securityContext).map(([key, value]): [string, Judge] => [`spec.securityContext.${key}`, cameAs(value)]),
    ...raisedBy(template, record),
  ].map(([each, judge]) => [`${path}${each}`, judge]);
}

/** A container's limit is raised where it had one, and its request where it had one or no limit is it: neither a limit nor a request below the limit is made. */
function raisedBy({ spec }: any, { container, bytes }: AttachmentRecord): Array<[path: string, judge: Judge]> {
  const { limits, requests } = spec.containers.find(({ name }: any) => name === container)?.resources ?? {};
  return Object.entries(bytes).flatMap(([name, more]) => {
    const limited = limits?.[name] !== undefined;
    const raised: Judge = difference => !(limited && came(difference)) && bytesOf(difference.after) - bytesOf(difference.before ?? 0) === more;
    const kinds = [...limited ? ['limits'] : [], ...!limited || requests?.[name] !== undefined ? ['requests'] : []];
    return kinds.map((kind): [string, Judge] => [`spec.containers[${container}].resources.${kind}.${name}`, raised]);
  });
}

function bytesOf(quantity: unknown): number {
  const bytes = numberOf(quantity);
  if (bytes === undefined) throw new Error(`'${quantity}' is no quantity of bytes`);
  return bytes;
}

function told({ path, before, after }: Difference): string {
  return `${path.slice(0, 200)} was ${shown(before)} and is ${shown(after)}`;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'not there').slice(0, 120);
}
