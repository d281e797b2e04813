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

/** The shipped program with each real downloader, under the shell that its image has. */
export function ours(folder: string): Contender[] {
  const tools = applets(path.join(folder, 'applets'));
  return [
    shipped({ fetcher: 's5cmd', binary: S5CMD.file('s5cmd'), version: S5CMD.version, sh: path.join(tools, 'sh'), path: tools, stall: 3 }),
    shipped({ fetcher: 'aws', binary: AWS_CLI.file('aws'), version: AWS_CLI.version, sh: 'bash', path: process.env.PATH!, stall: awsStall(), jobs: 2 }),
  ];
}

/** Python takes its time to start, and more of it where a machine has other work: several times that is a stall. */
function awsStall(): number {
  const started = Date.now();
  execFileSync(AWS_CLI.file('aws'), ['--version']);
  return Math.min(15, Math.max(6, Math.ceil(8 * (Date.now() - started) / 1000)));
}

/** What they are made of. */
export const OUR_TOOLS = [S5CMD, AWS_CLI, BUSYBOX];
