import { ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { clientEnvironment, Gateway } from './gateway';
import { bundleCommand } from '../../projenrc/bundle-command.cjs';
import { finish } from '../processes';

/** What the command said and how it ended. */
export interface Told {
  /** -1 where a signal ended it. */
  readonly code: number;
  /** The fields of its event `result`. */
  readonly result?: Readonly<Record<string, any>>;
  /** Of its events `error`, `warning` and `note`, one a line. */
  readonly said: string;
}

/** The command of this package, bundled as it is installed, which works on the server with nothing of the machine's own configuration. */
export class CommandLine {
  private readonly program: string;
  private readonly env: NodeJS.ProcessEnv;

  /** @param folder gets the bundle and is the command's home */
  constructor(private readonly gateway: Gateway, folder: string, region: string) {
    this.program = path.join(folder, 'command.js');
    fs.mkdirSync(folder, { recursive: true });
    bundleCommand(this.program);
    this.env = { PATH: process.env.PATH, HOME: folder, NODE_NO_WARNINGS: '1', ...clientEnvironment(region) };
  }

  /** Runs it to its end. */
  async run(...args: string[]): Promise<Told> {
    const { code, stdout, stderr } = await finish(process.execPath, this.line(args), { env: this.env });
    return told(code, stdout, stderr);
  }

  /** Starts it and leaves it to the caller; its output goes nowhere. */
  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, this.line(args), { env: this.env, stdio: 'ignore' });
  }

  private line(args: string[]): string[] {
    return [this.program, ...args, '--endpoint-url', this.gateway.endpoint, '--json'];
  }
}

function told(code: number, stdout: string, stderr: string): Told {
  const events: Array<Record<string, any>> = stdout.split('\n').filter(line => line !== '').map(line => JSON.parse(line));
  const said = events.filter(({ event }) => ['error', 'warning', 'note'].includes(event)).map(({ message }) => message);
  return { code, result: events.find(({ event }) => event === 'result'), said: [...said, stderr.trim()].join('\n').trim() };
}

/** The result of a command that must come to a good end. */
export function done({ code, result, said }: Told): Readonly<Record<string, any>> {
  if (code !== 0 || result === undefined) throw new Error(`the command ended with ${code}: ${said.slice(-1500)}`);
  return result;
}

/** Throws unless the command refused, with exit code 1, and gave that reason. */
export function refused({ code, said }: Told, reason: RegExp): void {
  if (code !== 1) throw new Error(`the command ended with ${code} and did not refuse: ${said.slice(-1500)}`);
  if (!reason.test(said)) throw new Error(`the command refused for another reason than ${reason}: ${said.slice(-1500)}`);
}
