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

/** Sessions of programs that run. */
const running = new Set<number>();

/** Runs a program to its end. The shell's `times` knows the processor time of all that it waited for. */
export async function measure({ command, args, env }: Command): Promise<Usage> {
  const started = process.hrtime.bigint();
  const child = spawn('/bin/sh', ['-c', '"$@" > /dev/null; code=$?; times; exit "$code"', 'sh', command, ...args], {
    env, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child.pid!);
  let [stdout, stderr, memoryBytes] = ['', '', 0];
  child.stdout.on('data', text => { stdout += text; });
  child.stderr.on('data', text => { stderr += text; });
  const looks = setInterval(() => { memoryBytes = Math.max(memoryBytes, memoryOf(child.pid!)); }, LOOK);
  const code = await new Promise<number>((resolve, reject) => child.on('error', reject).on('exit', status => resolve(status ?? -1)));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  clearInterval(looks);
  if (child.stdout.readable) await new Promise(resolve => child.on('close', resolve));
  running.delete(child.pid!);
  return { code, seconds, cpuSeconds: cpuSeconds(stdout), memoryBytes, stderr };
}

/** Ends what is being measured, with all that it started. */
export function endMeasured() {
  for (const session of running) {
    for (const pid of processesOf(session)) {
      try { process.kill(pid, 'SIGKILL'); } catch { /* it ended */ }
    }
  }
}

/** Of its second line, `0m1.250000s 0m0.380000s`: user and system time of the shell's children. */
function cpuSeconds(times: string): number {
  const [, children] = times.trim().split('\n');
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
}

function memoryOf(session: number): number {
  return processesOf(session).reduce((sum, pid) => {
    try {
      return sum + Number(/^Pss: +(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      return sum; // it ended
    }
  }, 0);
}

/** Every descendant stays in the session of what started it. */
function processesOf(session: number): number[] {
  return fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
    try {
      return Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[3]) === session;
    } catch {
      return false; // it ended
    }
  });
}
