import { ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { until } from '../processes';
import { Command } from './contender';

/** In the environment of everything that a download started, wherever it went in the tree of processes. */
const MARK = 'CONFORMANCE_DOWNLOAD';

/** A downloader that runs. */
export class Download {
  /** What it printed, on both streams. */
  said = '';
  private readonly mark = randomUUID();
  private readonly child: ChildProcess;
  private readonly end: Promise<number>;
  private over = false;

  constructor({ command, args, env }: Command, folder: string) {
    this.child = spawn(command, args, { cwd: folder, env: { ...env, [MARK]: this.mark }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { this.said = (this.said + text).slice(-100_000); });
    this.end = new Promise<number>((resolve, reject) => this.child.once('error', reject).once('exit', code => resolve(code ?? -1)));
    void this.end.catch(() => undefined).finally(() => { this.over = true; });
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

  private processes(): number[] {
    return fs.readdirSync('/proc').filter(entry => /^\d+$/.test(entry)).filter(pid => {
      try {
        return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${this.mark}`);
      } catch {
        return false; // it ended, or is another user's
      }
    }).map(Number);
  }
}
