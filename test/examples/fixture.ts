import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { inlineProgram, transferProgram } from '../../lib/delivery/program';

export const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

const PROGRAMS = [transferProgram('s5cmd'), transferProgram('cp'), fs.readFileSync(path.join(__dirname, '..', '..', 'lib', 'delivery', 'check-image.sh'), 'utf8')].map(inlineProgram);

/** Every folder of examples. */
export const NAMES = fs.readdirSync(EXAMPLES, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name);

/** What differs is Kubernetes' alone: in AWS they make what `s3-download` makes, as a test has it. */
export const LIKE_S3_DOWNLOAD = ['ab-test', 'existing-manifests', 'kserve-s3', 'leader-worker-set', 'lora', 'rollback'];

/** They make nothing in AWS: what comes in an image needs no stack. */
export const WITHOUT_AWS = ['image-volume', 'kserve-modelcar', 'modelcar', 'oci-copy'];

/** Examples read their data from the working directory and write `manifests` into it: each run has one of its own. */
export function inFolderOf<T>(name: string, run: () => T): T {
  const [folder, before] = [fs.mkdtempSync(path.join(os.tmpdir(), 'example-')), process.cwd()];
  try {
    fs.cpSync(path.join(EXAMPLES, name), folder, { recursive: true, filter: file => !/\.(ts|md)$/.test(file) });
    process.chdir(folder);
    return run();
  } finally {
    process.chdir(before);
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The manifests in the working directory by file, the in-pod program of each left out: it has tests of its own. */
export function manifestsHere(): Record<string, any[]> {
  const files = fs.existsSync('manifests') ? fs.readdirSync('manifests').sort() : [];
  return Object.fromEntries(files.map(file => [file, documentsOf(path.join('manifests', file))]));
}

function documentsOf(file: string): any[] {
  return parseAllDocuments(fs.readFileSync(file, 'utf8')).map(document => withoutPrograms(document.toJS()));
}

function withoutPrograms(value: any): any {
  if (typeof value === 'string') return PROGRAMS.includes(value) ? '(the in-pod program)' : value;
  if (Array.isArray(value)) return value.map(withoutPrograms);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutPrograms(item)]));
}

/** A template without the rules of the bootstrap, and its references as in `Fn::Sub`: `${Models.Arn}/models/*`. */
export function readable({ Parameters, Rules, ...template }: any): any {
  return withShortReferences(template);
}

function withShortReferences(value: any): any {
  if (Array.isArray(value)) return value.map(withShortReferences);
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withShortReferences(item)])) as any;
  if (typeof copy.Ref === 'string') return `\${${copy.Ref}}`;
  if (copy['Fn::GetAtt']) return `\${${copy['Fn::GetAtt'].join('.')}}`;
  return copy['Fn::Join']?.[0] === '' ? copy['Fn::Join'][1].join('') : copy;
}
