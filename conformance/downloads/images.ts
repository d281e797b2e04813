import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Contender } from './contender';
import { shipped } from './shipped';
import { AWS_CLI, BUSYBOX, S5CMD } from '../tools/catalogue';

/** A folder with nothing but the applets of a real busybox, as in the image of s5cmd. */
function applets(folder: string): string {
  const binary = BUSYBOX.file('bin/busybox');
  fs.mkdirSync(folder);
  for (const applet of execFileSync(binary, ['--list'], { encoding: 'utf8' }).trim().split('\n')) fs.symlinkSync(binary, path.join(folder, applet));
  return folder;
}

/** A contender, and how it is run. */
export interface Entry {
  readonly contender: Contender;
  /** How many downloads at once: most of one is waiting, but for the start of the AWS CLI. */
  readonly atOnce: number;
  /** A download that takes longer hangs: several times what the program's own deadlines leave it. */
  readonly seconds: number;
}

/** The shipped program with each real downloader, under the shell that its image has. */
export function ours(folder: string): Entry[] {
  const tools = applets(path.join(folder, 'applets'));
  const slowness = startOfAws();
  return [{
    contender: shipped({ fetcher: 's5cmd', binary: S5CMD.file('s5cmd'), version: S5CMD.version, sh: path.join(tools, 'sh'), path: tools, stall: 3, attempts: 3 }),
    atOnce: 4,
    seconds: 60,
  }, {
    contender: shipped({ fetcher: 'aws', binary: AWS_CLI.file('aws'), version: AWS_CLI.version, sh: 'bash', path: process.env.PATH!, stall: 5 + 3 * slowness, attempts: 2, jobs: 2 }),
    atOnce: 2,
    seconds: 60 * slowness,
  }];
}

/** The seconds that the AWS CLI takes to start, one at least: Python is slow where a machine has other work, and a slow start is no stall. */
function startOfAws(): number {
  const started = Date.now();
  execFileSync(AWS_CLI.file('aws'), ['--version']);
  return Math.max(1, Math.round((Date.now() - started) / 1000));
}

/** What they are made of. */
export const OUR_TOOLS = [S5CMD, AWS_CLI, BUSYBOX];
