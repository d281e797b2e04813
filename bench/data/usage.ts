import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { Command } from '../../conformance/downloads/contender';

/** What a program took, with all that it started. */
export interface Usage {
  readonly code: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of all its processes at once, at most; what they share counts once. */
  readonly memoryBytes: number;
  readonly stderr: string;
}

/** Milliseconds between two looks at the memory: each costs some of the processor. */
const LOOK = 100;

/** Runs a program to its end. The shell's `times` knows the processor time of all that it waited for. */
export async function measure({ command, args, env }: Command): Promise<Usage> {
  const started = process.hrtime.bigint();
  const child = spawn('/bin/sh', ['-c', '"$@" > /dev/null; code=$?; times; exit "$code"', 'sh', command, ...args], {
    env, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr, memoryBytes] = ['', '', 0];
  child.stdout.on('data', text => { stdout += text; });
  child.stderr.on('data', text => { stderr += text; });
  const looks = setInterval(() => { memoryBytes = Math.max(memoryBytes, memoryOf(child.pid!)); }, LOOK);
  const code = await new Promise<number>((resolve, reject) => child.on('error', reject).on('exit', status => resolve(status ?? -1)));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  clearInterval(looks);
  if (child.stdout.readable) await new Promise(resolve => child.on('close', resolve));
  return { code, seconds, cpuSeconds: cpuSeconds(stdout), memoryBytes, stderr };
}

/** Ends everything that this process started. */
export function endDescendants() {
  const parents = new Map(processes().map(({ pid, parent }) => [pid, parent]));
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && pid > 1 && (pid === process.pid || isBelow(parents.get(pid)));
  for (const pid of [...parents.keys()].filter(each => each !== process.pid && isBelow(each))) {
    try { process.kill(pid, 'SIGKILL'); } catch { /* it ended */ }
  }
}

/** Of its second line, `0m1.250000s 0m0.380000s`: user and system time of the shell's children. */
function cpuSeconds(times: string): number {
  const [, children] = times.trim().split('\n');
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
}

/** Of the processes of a session, which every descendant of its leader stays in. */
function memoryOf(leader: number): number {
  return processes().filter(({ session }) => session === leader).reduce((sum, { pid }) => {
    try {
      return sum + Number(/^Pss: +(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      return sum; // it ended
    }
  }, 0);
}

function processes(): Array<{ pid: number; parent: number; session: number }> {
  return fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(pid => {
    try {
      const [, parent, , session] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ').map(Number);
      return [{ pid: Number(pid), parent, session }];
    } catch {
      return []; // it ended
    }
  });
}
