import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { succeed } from './processes';

export const ROOT = path.join(__dirname, '..');

/** By its path, since an app runs in a folder that has no packages. */
const TSX = pathToFileURL(require.resolve('tsx')).href;

/** How the suite treats an example. */
export interface Example {
  /** Its folder in `examples`. */
  readonly name: string;
  /** Runs on the node: how many pods are Ready in the end. Without it, it is admitted only, for the reason given. */
  readonly pods: number | string;
  /** The oldest minor version of Kubernetes that it is for. @default - the oldest that the suite serves */
  readonly since?: string;
  /** Whether it makes no template of CloudFormation. */
  readonly withoutAws?: true;
  /** Containers of the user's own in it that Pod Security `restricted` refuses, whatever the delivery adds. @default - it refuses none */
  readonly unrestricted?: string[];
}

/** In place of a number of pods: nothing of it is for a cluster. */
export const NO_MANIFESTS = 'it makes no manifests';

/** In place of a number of pods: there is no registry for its image. */
const MODEL_IMAGE = 'the image of its model is nowhere: a scenario of the node makes one, and runs such pods';

/** In place of a number of pods. */
const KSERVE_CONTROLLER = 'the controller of KServe is not on the node: the part kserve has its pods';

/** Every example: adding one adds a line here. */
export const EXAMPLE_LIST: Example[] = [
  { name: 'ab-test', pods: 2 },
  { name: 'air-gapped', pods: 1 },
  { name: 'cross-account', pods: 1 },
  { name: 'existing-cluster', pods: 2 },
  { name: 'existing-manifests', pods: 2, unrestricted: ['wait-for-gateway', 'vllm'] },
  { name: 'image-volume', pods: MODEL_IMAGE, since: '1.35', withoutAws: true },
  { name: 'kserve-modelcar', pods: KSERVE_CONTROLLER, withoutAws: true },
  { name: 'kserve-s3', pods: KSERVE_CONTROLLER },
  { name: 'leader-worker-set', pods: 'the controller of LeaderWorkerSet is not on the node', unrestricted: ['vllm'] },
  { name: 'lora', pods: 1 },
  { name: 'many-teams', pods: 2 },
  { name: 'modelcar', pods: MODEL_IMAGE, withoutAws: true },
  { name: 'oci-copy', pods: MODEL_IMAGE, withoutAws: true },
  { name: 'publish-from-github', pods: NO_MANIFESTS },
  { name: 'rollback', pods: 1 },
  { name: 's3-download', pods: 1 },
];

/** What the synth of an example wrote. */
export interface Synthesised {
  readonly name: string;
  /** Where it was written. */
  readonly folder: string;
  /** Manifests, by their path in the folder of manifests. */
  readonly manifests: Record<string, string>;
  /** Paths of CloudFormation templates. */
  readonly templates: string[];
}

const shared = new Map<string, Promise<Synthesised>>();
let sharedFolder: string | undefined;

/** What an example writes as it stands, made once for all parts of a run: they write nothing into its folder. */
export function synthesised({ name }: Pick<Example, 'name'>): Promise<Synthesised> {
  const known = shared.get(name) ?? synthesise({ name }, sharedFolder ??= folderOfRun());
  shared.set(name, known);
  return known;
}

/** Removed when the suite ends, also when it is interrupted. */
function folderOfRun(): string {
  const folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/var/tmp', 'conformance-examples-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/**
 * Runs the app of an example as its reader would, in a copy of its folder below `folder`.
 * @param prepare changes the copy as its reader would before
 */
export async function synthesise({ name }: Pick<Example, 'name'>, folder: string, prepare: (copy: string) => Promise<void> = async () => undefined): Promise<Synthesised> {
  const source = path.join(ROOT, 'examples', name);
  const copy = path.join(folder, name);
  fs.cpSync(source, copy, { recursive: true, filter: file => !/\.(ts|md)$/.test(file) });
  await prepare(copy);
  await runApp(path.join(source, 'app.ts'), copy);
  return written(name, copy);
}

/** Runs an app of CDK in a folder, which gets `manifests` and `cdk.out`. */
export async function runApp(app: string, folder: string): Promise<void> {
  await succeed(process.execPath, ['--import', TSX, app], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: os.homedir(),
      NODE_PATH: path.join(ROOT, 'node_modules'),
      TSX_TSCONFIG_PATH: path.join(ROOT, 'test', 'tsconfig.json'),
      CDK_OUTDIR: path.join(folder, 'cdk.out'),
      CDK_VALIDATION: 'false', // `npm test` validates
    },
  });
}

/** What an app wrote into its folder. */
export function written(name: string, folder: string): Synthesised {
  const [manifests, assembly] = [path.join(folder, 'manifests'), path.join(folder, 'cdk.out')];
  const files = fs.existsSync(manifests) ? fs.readdirSync(manifests, { encoding: 'utf8', recursive: true }).filter(file => /\.(yaml|yml|json)$/.test(file)).sort() : [];
  return {
    name,
    folder,
    manifests: Object.fromEntries(files.map(file => [file, fs.readFileSync(path.join(manifests, file), 'utf8')])),
    templates: fs.readdirSync(assembly).filter(file => file.endsWith('.template.json')).sort().map(file => path.join(assembly, file)),
  };
}
