/** One measurement in a process of its own, as a synth is: `tsx bench/synth-once.ts <variant> <models>` prints it as JSON. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { prepare, VARIANTS } from './synth-workload';

/** What one synth took and made. */
export interface Synth {
  readonly seconds: number;
  /** Of the processor: other work on the machine disturbs it least. */
  readonly cpuSeconds: number;
  readonly templateBytes: number;
  readonly resources: number;
  readonly files: number;
  readonly manifestBytes: number;
  readonly peakMemoryBytes: number;
  /** Of the Kubernetes objects, whatever file they are in; where there are not too many to parse. */
  readonly objects?: string;
}

/** So many models are compared object by object. */
const COMPARED = 100;

function main(variant: string, models: number): Synth {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-synth-'));
  try {
    prepare(path.join(folder, 'prepared'));
    fs.mkdirSync(path.join(folder, 'warm'));
    VARIANTS[variant](1, path.join(folder, 'warm')); // loading code does not count
    const target = path.join(folder, 'measured');
    fs.mkdirSync(target);
    const [start, cpu] = [process.hrtime.bigint(), process.cpuUsage()];
    VARIANTS[variant](models, target);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const { user, system } = process.cpuUsage(cpu);
    const template = fs.readFileSync(path.join(target, 'cdk.out', 'Bench.template.json'), 'utf8');
    const manifests = fs.readdirSync(path.join(target, 'manifests')).map(name => fs.readFileSync(path.join(target, 'manifests', name), 'utf8'));
    return {
      seconds,
      cpuSeconds: (user + system) / 1e6,
      templateBytes: Buffer.byteLength(template),
      resources: Object.keys(JSON.parse(template).Resources).length,
      files: manifests.length,
      manifestBytes: manifests.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      objects: models > COMPARED ? undefined : digestOf(manifests),
    };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function digestOf(manifests: string[]): string {
  const objects = manifests.flatMap(text => parseAllDocuments(text, { version: '1.1' }).map(document => JSON.stringify(sorted(document.toJS()))));
  return createHash('sha256').update(objects.sort().join('\n')).digest('hex');
}

function sorted(value: any): any {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]));
}

if (require.main === module) {
  process.env.CDK_VALIDATION = 'false'; // the same two seconds in each
  process.stdout.write(JSON.stringify(main(process.argv[2], Number(process.argv[3]))));
}
