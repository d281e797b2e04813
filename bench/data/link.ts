import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { Laps, raceTable } from './rounds';
import { lacks } from '../../conformance/machine';
import { finish } from '../../conformance/processes';

/** Gbit/s. */
const RATES = [2, 5];

/** Why no link can be shaped here, if so. */
export function lacksLink(): string | undefined {
  return lacks(['root', 'namespaces']) ?? (['/sbin/tc', '/usr/sbin/tc'].some(existsSync) ? undefined : 'needs tc, of the package iproute2');
}

/** Ours beside s5cmd on the loopback of a network namespace of their own, which is no faster than a link. */
export async function raceOnLinks(folder: string, files: number, bytesEach: number, rounds: number): Promise<string> {
  const tables: string[] = [];
  for (const rate of RATES) {
    const { code, stdout, stderr } = await finish('unshare', [
      '--net', '--kill-child=SIGTERM', 'sh', '-c', 'ip link set lo up && tc qdisc add dev lo root tbf rate "$1gbit" burst 512k latency 200ms && shift && exec "$@"', 'sh', String(rate),
      process.execPath, '--import', 'tsx', path.join(__dirname, 'on-link.ts'), folder, String(files), String(bytesEach), String(rounds),
    ]);
    if (code !== 0) throw new Error(`the race at ${rate} Gbit/s ended with ${code}: ${stderr.trim().slice(-2000)}`);
    tables.push(`${rate} Gbit/s:\n\n${raceTable(JSON.parse(stdout) as Laps[], files * bytesEach)}`);
  }
  return tables.join('\n\n');
}
