import { sha256 } from './files';
import { main } from '../../../bin/cli/main';
import { PUBLISH } from '../../../bin/publish/command';
import type { BucketServer } from '../s3-server';

/** Where the version of these tests is published. */
export const PREFIX = 'models/serving/llama/v1/';
export const MANIFEST = `${PREFIX}manifest.sha256`;
export const CLAIM = 'publishing/serving/llama/v1/manifest.sha256';

export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-west-2', AWS_EC2_METADATA_DISABLED: 'true' };

export function useCredentials() {
  Object.assign(process.env, CREDENTIALS);
}

/** The command line that publishes a folder as the version of these tests, but for what is given. */
export function publishArgs(server: BucketServer, source: string, ...more: string[]): string[] {
  const options = { 'tenant': 'serving', 'name': 'llama', 'version': 'v1', 'endpoint-url': server.endpoint };
  const others = Object.entries(options).filter(([option]) => !more.includes(`--${option}`)).flatMap(([option, value]) => [`--${option}`, value]);
  return ['publish', source, `s3://${server.main.name}`, ...others, ...more];
}

/** What others wait for: `reached` when somebody is there, `go` to let them on. */
export class Gate {
  public readonly reached: Promise<void>;
  public go!: () => void;
  private arrive!: () => void;
  private readonly open: Promise<void>;

  constructor() {
    this.reached = new Promise(resolve => { this.arrive = resolve; });
    this.open = new Promise(resolve => { this.go = resolve; });
  }

  /** Stands there until `go`. */
  public readonly wait = async () => {
    this.arrive();
    await this.open;
  };
}

export interface Ran { readonly code: number; readonly out: string; readonly err: string }

/** Runs the command line in this process. */
export async function publishFolder(server: BucketServer, source: string, ...more: string[]): Promise<Ran> {
  let [out, err] = ['', ''];
  const streams = { out: { write: (text: string) => { out += text; } }, err: { write: (text: string) => { err += text; } } };
  const code = await main({ publish: PUBLISH }, publishArgs(server, source, ...more), streams);
  return { code, out, err };
}

/** Every object of the published version, checked against its manifest: what a pod would download. */
export function downloaded(server: BucketServer, prefix = PREFIX): { [name: string]: Buffer } {
  const manifest = server.main.current(`${prefix}manifest.sha256`);
  if (manifest === undefined) throw new Error('not published');
  return Object.fromEntries(manifest.bytes!.toString().trimEnd().split('\n').map(line => {
    const name = line.slice(66);
    const { bytes } = server.main.current(`${prefix}${name}`)!;
    if (sha256(bytes!) !== line.slice(0, 64)) throw new Error(`${name} is not what the manifest says`);
    return [name, bytes!];
  }));
}
