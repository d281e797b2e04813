import { ChildProcess, execFile, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import * as path from 'node:path';

export interface Started {
  readonly name: string;
  readonly child: ChildProcess;
  /** All that it prints. */
  readonly log: string;
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Opens a channel of messages to a program of Node.js, which ends when the channel is closed: it need not see signals. @default false */
  readonly channel?: boolean;
}

/** Programs that were started here, and are ended by their ids. */
export class Processes {
  private readonly started: Started[] = [];
  private readonly ends = new Set<() => Promise<void>>();
  private closed = false;

  /** @param folder for their logs */
  constructor(private readonly folder: string) {}

  /** Starts a program whose output goes to `<folder>/<name>.log`. */
  start(name: string, command: string, args: string[], options: StartOptions = {}): Started {
    const { channel, ...rest } = options;
    if (this.closed) throw new Error(`${name} is not started: the run ends`);
    const log = path.join(this.folder, `${name}.log`);
    const file = fs.openSync(log, 'a');
    const child = spawn(command, args, { ...rest, stdio: ['ignore', file, file, ...channel ? ['ipc' as const] : []] });
    fs.closeSync(file);
    child.on('error', error => fs.appendFileSync(log, `${error.message}\n`));
    const started = { name, child, log };
    this.started.push(started);
    return started;
  }

  /** Waits until `ready` answers true. Throws with the end of the log when the program ends before, or after `seconds`. */
  async ready(started: Started, ready: () => Promise<boolean>, seconds = 60): Promise<void> {
    try {
      await until(async () => {
        if (ended(started.child)) throw new Error('it ended');
        return ready();
      }, seconds);
    } catch (error) {
      const tail = fs.readFileSync(started.log, 'utf8').trim().split('\n').slice(-8).join('\n');
      throw new Error(`${started.name} does not get ready: ${(error as Error).message}\n${tail}`);
    }
  }

  async stop({ child }: Started): Promise<void> {
    if (ended(child)) return;
    const end = new Promise(resolve => child.once('exit', resolve));
    if (child.channel) child.disconnect(); else child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await end;
    clearTimeout(timer);
  }

  /**
   * Ends something else before the programs, unless it ends by itself and is forgotten.
   *
   * @returns forgets it
   */
  onStop(end: () => Promise<void>): () => void {
    if (this.closed) throw new Error('nothing is started any more: the run ends');
    this.ends.add(end);
    return () => void this.ends.delete(end);
  }

  /** Ends everything, and starts nothing any more. */
  async stopAll(): Promise<void> {
    this.closed = true;
    for (const end of this.ends) await end();
    for (let started = this.started.pop(); started !== undefined; started = this.started.pop()) await this.stop(started);
  }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Asks ten times a second until it is so. Throws after `seconds`. */
export async function until(what: () => Promise<boolean> | boolean, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !await what();) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

export interface FinishOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What it reads. */
  readonly input?: string;
  /** Ends it by SIGKILL after so many. @default - it may take for ever */
  readonly seconds?: number;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What runs to its end now: it ends with the suite, also where that is ended by a signal of its own. */
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach(child => child.kill()));

/** Runs a program to its end, whatever its exit code: -1 for one that could not be started or was ended by a signal. */
export function finish(command: string, args: string[], options: FinishOptions = {}): Promise<Finished> {
  const { input, seconds, ...rest } = options;
  return new Promise(resolve => {
    const child = execFile(command, args, { ...rest, maxBuffer: 256 * 1024 * 1024, timeout: (seconds ?? 0) * 1000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      running.delete(child);
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: code === -1 ? `${stderr}${error!.message}` : stderr });
    });
    running.add(child);
    child.stdin!.on('error', () => undefined); // it may end before it has read all
    child.stdin!.end(input ?? '');
  });
}

/** As `finish`, for a program that must come to a good end. */
export async function succeed(command: string, args: string[], options: FinishOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await finish(command, args, options);
  if (code !== 0) throw new Error(`${path.basename(command)} ${args.slice(0, 4).join(' ')} ended with ${code}: ${(stderr || stdout).trim().slice(-2000)}`);
  return stdout;
}

/** Ports that were handed out, and that a program may be about to listen on. */
const handedOut = new Set<number>();

/** A port of loopback that nobody listens on, and that nobody else of this run was given: parts run beside each other. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
        const { port: free } = server.address() as { port: number };
        server.close(() => resolve(free));
      });
    });
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    return port;
  }
}
