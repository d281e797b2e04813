import { ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { PodIdentityAgent } from './pod-identity-agent';
import { S3Server } from './s3-server';
import { BOOTSTRAP, Fetcher, transferProgram } from '../../../lib/delivery/program';

/** A shell with the tools beside it, as an image has them. */
export interface Shell {
  readonly name: 'dash' | 'busybox' | 'bash';
  readonly sh: string;
  readonly path: string;
}

const locate = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();

/** The shell, or undefined where the machine lacks it. */
export function findShell(name: Shell['name']): Shell | undefined {
  const binary = locate(name);
  if (!binary) return undefined;
  const links = mkdtempSync(join(tmpdir(), 'shell-'));
  chmodSync(links, 0o755);
  afterAll(() => rmSync(links, { recursive: true, force: true }));
  if (name === 'busybox') {
    // Nothing but its applets and what the stand-ins need: no curl, no openssl, as in the s5cmd image.
    const applets = execFileSync(binary, ['--list'], { encoding: 'utf8' }).split('\n').filter((applet) => applet !== '');
    applets.forEach((applet) => symlinkSync(binary, join(links, applet)));
    symlinkSync(process.execPath, join(links, 'node'));
    return { name, sh: join(links, 'sh'), path: links };
  }
  symlinkSync(binary, join(links, 'sh'));
  return { name, sh: join(links, 'sh'), path: `${links}:${dirname(process.execPath)}:${process.env.PATH}` };
}

export const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

/** A repeatable stream of bytes that no two names share. */
export function bytes(seed: string, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let size = 0, block = 0; size < length; size += 32, block++) blocks.push(createHash('sha256').update(`${seed}/${block}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

export type Files = Record<string, Buffer>;

export const SMALL_MODEL: Files = {
  'config.json': bytes('config', 200),
  'model-00001.safetensors': bytes('w1', 900_000),
  'model-00002.safetensors': bytes('w2', 300_000),
  'tokenizer/vocab.txt': bytes('vocab', 5_000),
};

/** What was published, as a test may want it bent. */
export interface Publication {
  readonly files: Files;
  readonly prefix: string;
  readonly manifest: string;
  readonly digest: string;
  readonly totalBytes: number;
}

/** What a run of the program left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly events: any[];
  readonly stderr: string;
  readonly stdout: string;
  readonly termination: string;
  readonly seconds: number;
}

export interface Group {
  /** URLs and regions, instead of the one source. */
  readonly sources?: Array<[string, string]>;
  readonly shared?: boolean;
  readonly model?: string;
  readonly source?: string;
  readonly region?: string;
  readonly digest?: string;
  readonly maxBytes?: number;
  readonly destination?: string;
}

/** What is below a folder, which the program may be changing: a name that goes while it is read is asked for again. */
export function namesBelow(folder: string): string[] {
  for (;;) {
    try {
      return readdirSync(folder, { recursive: true, encoding: 'utf8' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (!existsSync(folder)) return [];
    }
  }
}

/** One test's S3, agent, folders and processes. */
export class Bench {
  readonly s3 = new S3Server('models-bucket', (token) => this.agent.tokenState(token));
  readonly root = mkdtempSync(join(tmpdir(), 'transfer-'));
  readonly destination = join(this.root, 'volume');
  /** Added to the program's environment; undefined removes. */
  env: Record<string, string | undefined> = {};
  uid: number | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  readonly id = `${process.pid}-${Math.random().toString(36).slice(2)}`;

  constructor(readonly shell: Shell, readonly fetcher: Fetcher = 's5cmd', readonly agent = new PodIdentityAgent()) {}

  async start(): Promise<void> {
    await this.agent.reserve();
    await this.agent.start();
    await this.s3.start();
    mkdirSync(this.destination);
    mkdirSync(join(this.root, 'tmp'));
    writeFileSync(join(this.root, 'token'), this.agent.serviceAccountToken);
  }

  /** Something that happens while the program runs, unless the test has ended before. */
  later(milliseconds: number, action: () => void): void {
    this.timers.push(setTimeout(action, milliseconds));
  }

  async stop(): Promise<void> {
    this.timers.forEach(clearTimeout);
    this.killAll();
    await this.s3.stop();
    await this.agent.stop().catch(() => undefined);
    rmSync(this.root, { recursive: true, force: true });
  }

  publish(files: Files = SMALL_MODEL, options: { prefix?: string; totalBytes?: unknown; manifest?: (right: string) => string } = {}): Publication {
    const prefix = options.prefix ?? 'models/team-a/llama/v1/';
    const totalBytes = Object.values(files).reduce((sum, file) => sum + file.length, 0);
    const model = Buffer.from(JSON.stringify({ name: 'llama', totalBytes: 'totalBytes' in options ? options.totalBytes : totalBytes, by: 'tests' }, null, 2));
    const all: Files = { ...files, 'model.json': model };
    const lines = Object.entries(all).map(([name, content]) => `${sha256(content)}  ${name}\n`).join('');
    const manifest = options.manifest?.(lines) ?? lines;
    for (const [name, content] of Object.entries(all)) this.s3.objects.set(prefix + name, content);
    this.s3.objects.set(`${prefix}manifest.sha256`, Buffer.from(manifest));
    return { files: { ...all, 'manifest.sha256': Buffer.from(manifest) }, prefix, manifest, digest: `sha256:${sha256(manifest)}`, totalBytes };
  }

  arguments(publication: Publication, group: Group = {}): string[] {
    return [
      `--model=${group.model ?? 'llama'}`,
      ...(group.sources ?? [[group.source ?? `s3://${this.s3.bucket}/${publication.prefix}`, group.region ?? 'us-west-2']])
        .flatMap(([source, region]) => [`--source=${source}`, `--region=${region}`]),
      ...(group.shared ? ['--shared'] : []),
      ...(group.digest ? [`--digest=${group.digest}`] : []),
      `--max-bytes=${group.maxBytes ?? publication.totalBytes + 1000}`,
      `--destination=${group.destination ?? this.destination}`,
    ];
  }

  /** Starts the shipped program as the container does. */
  async run(args: string[], during?: (child: ChildProcess) => void): Promise<Outcome> {
    const log = join(this.root, 'termination-log');
    rmSync(log, { force: true });
    const started = Date.now();
    const child = spawn(this.shell.sh, ['-c', BOOTSTRAP, transferProgram(this.fetcher), ...args], {
      cwd: '/',
      uid: this.uid,
      env: Object.fromEntries(Object.entries({
        PATH: this.shell.path,
        TMPDIR: join(this.root, 'tmp'),
        TRANSFER_BENCH: this.id,
        S5CMD: process.env.S5CMD_BINARY ?? join(__dirname, 'downloaders', 's5cmd'),
        AWS: process.env.AWS_BINARY ?? join(__dirname, 'downloaders', 'aws'),
        AWS_ENDPOINT_URL: this.s3.endpoint,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: this.agent.uri,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(this.root, 'token'),
        AWS_REGION: 'eu-central-1', // of the cluster: the bucket's is told by --region
        MODEL_TRANSFER_TERMINATION_LOG: log,
        MODEL_TRANSFER_ATTEMPTS: '3',
        MODEL_TRANSFER_BACKOFF_CAP: '0.05',
        MODEL_TRANSFER_STALL: '10',
        MODEL_TRANSFER_CREDENTIALS_WAIT: '1',
        MODEL_TRANSFER_PROGRESS: '1',
        ...this.env,
      }).filter(([, value]) => value !== undefined)) as NodeJS.ProcessEnv,
    });
    let stdout = '', stderr = '';
    child.stdout!.on('data', (chunk) => { stdout += chunk; });
    child.stderr!.on('data', (chunk) => { stderr += chunk; });
    during?.(child);
    const guard = setTimeout(() => this.killAll(), 40_000); // a program that hangs fails its test, not the suite
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => child.on('error', reject).on('exit', (...ended) => resolve(ended)));
    clearTimeout(guard);
    const seconds = (Date.now() - started) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return {
      code,
      signal,
      stdout,
      stderr,
      seconds,
      events: stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line)),
      termination: existsSync(log) ? readFileSync(log, 'utf8') : '',
    };
  }

  /** Every process of this bench that still runs, wherever it was reparented to. */
  processes(id = this.id): number[] {
    const marker = `TRANSFER_BENCH=${id}`;
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(marker);
      } catch {
        return false;
      }
    }).map(Number);
  }

  /** What the kernel does to a container: every process at once. */
  killAll(id = this.id): void {
    for (let left = this.processes(id); left.length > 0; left = this.processes(id)) {
      for (const pid of left) {
        try { process.kill(pid, 'SIGKILL'); } catch { /* it ended by itself */ }
      }
    }
  }

  /** The files below a folder, by their path there. */
  files(folder = join(this.destination, 'models')): Files {
    if (!existsSync(folder)) return {};
    const names = readdirSync(folder, { recursive: true }) as string[];
    return Object.fromEntries(names.filter((name) => statSync(join(folder, name)).isFile()).sort()
      .map((name) => [name, readFileSync(join(folder, name))]));
  }

  /** What lies in the destination, relative to it, models left out. */
  leftovers(): string[] {
    return namesBelow(this.destination).map((name) => relative('.', name))
      .filter((name) => !/^models(\/|$)/.test(name)).sort();
  }
}

/** Runs a test with a bench that is always cleaned up. */
export async function withBench(shell: Shell, fetcher: Fetcher, test: (bench: Bench) => Promise<void>, agent?: PodIdentityAgent): Promise<void> {
  const bench = new Bench(shell, fetcher, agent);
  await bench.start();
  try {
    await test(bench);
  } finally {
    await bench.stop();
  }
}

/** Contents by name, short enough for a failure's report. */
export function digests(files: Files): Record<string, string> {
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, content]) => [name, `${content.length}:${sha256(content).slice(0, 12)}`]));
}
