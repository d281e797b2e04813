import { ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { Processes, until } from '../processes';
import { Command } from './contender';

/**
 * A program in a session of its own: what it starts stays in the session, wherever it goes in the tree of processes. Only the watchers of busybox's
 * timeout leave it; they look once a second whether what they watch still runs, and end.
 */
export class Session {
  /** @param processes with which it is ended, at the latest */
  static start(processes: Processes, command: Command, folder: string): Session {
    const kept: { session?: Session } = {};
    const forget = processes.onStop(async () => kept.session?.kill());
    kept.session = new Session(command, folder, forget);
    return kept.session;
  }

  /** The end of what it printed, on both streams. */
  said = '';
  private readonly child: ChildProcess;
  private readonly end: Promise<number>;
  private over = false;

  private constructor({ command, args, env }: Command, folder: string, forget: () => void) {
    this.child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => { this.said = (this.said + text).slice(-100_000); });
    }
    this.end = new Promise<number>((resolve, reject) => this.child.once('error', reject).once('exit', code => resolve(code ?? -1)));
    void this.end.catch(() => undefined).finally(() => {
      this.over = true;
      forget();
    });
  }

  get ended(): boolean {
    return this.over;
  }

  /** Its exit code, -1 for a signal, or undefined where it still runs after so many seconds. */
  async exit(seconds: number): Promise<number | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>(resolve => { timer = setTimeout(resolve, seconds * 1000, undefined); });
    try {
      return await Promise.race([this.end, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What the kernel does to a container: every process at once. */
  async kill(): Promise<void> {
    for (let left = this.processes(); left.length > 0; left = this.processes()) {
      for (const pid of left) {
        try { process.kill(pid, 'SIGKILL'); } catch { /* it ended by itself */ }
      }
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    await this.end.catch(() => undefined);
  }

  /** How many of its processes outlive it, after a moment in which they may end. */
  async survivors(): Promise<number> {
    await until(() => this.processes().length === 0, 3).catch(() => undefined);
    return this.processes().length;
  }

  /** Those that have not ended; who has not been waited for has. */
  private processes(): number[] {
    return fs.readdirSync('/proc').filter(entry => /^\d+$/.test(entry)).map(Number).filter(pid => {
      try {
        const [state, , , session] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
        return state !== 'Z' && Number(session) === this.child.pid;
      } catch {
        return false; // it ended meanwhile
      }
    });
  }
}
