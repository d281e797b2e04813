import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from '../bytes';
import { freePort, until } from '../processes';
import { Bed } from './bed';
import { Contender, Target } from './contender';
import { FaultProxy } from './fault-proxy';
import { Injection } from './faults';
import { Model } from './model';
import { Session } from './session';

/** What came of one download under one fault. */
export interface Verdict {
  /** The right bytes; exit code not 0; exit code 0 with wrong or missing bytes; still running at the limit. */
  readonly result: 'ok' | 'refused' | 'let through' | 'hang';
  /** The exit code, and which objects are wrong or missing. */
  readonly detail: string;
  /** Files at the model's path that are not a whole model: of a download that was refused, hung or was killed. */
  readonly left: readonly string[];
  readonly seconds: number;
  /** How often the fault struck. */
  readonly struck: number;
  /** Why the fault was another one than it is meant to be. */
  readonly broken: readonly string[];
  /** How many lists it asked for. */
  readonly lists: number;
  /** Processes that outlived it. */
  readonly survivors: number;
  /** The end of what it printed. */
  readonly said: string;
}

/** Runs a contender under a fault. It is ended after so many seconds: a hang. */
export async function judge(contender: Contender, injection: Injection, bed: Bed, seconds = 60): Promise<Verdict> {
  const folder = fs.mkdtempSync(path.join(bed.folder, 'download-'));
  const proxy = await FaultProxy.start(bed.gateway.port, bed.prefix, injection.rules);
  const repaired = await FaultProxy.start(bed.gateway.port, bed.prefix, []);
  try {
    const target = targetOf(bed, folder, injection.unreachable ? `http://127.0.0.1:${await freePort()}` : proxy.endpoint);
    const started = Date.now();
    const before = injection.killed ? await killed(bed, contender, target, proxy, seconds) : [];
    const download = Session.start(bed.processes, contender.command(injection.killed ? { ...target, endpoint: repaired.endpoint } : target), folder);
    const code = await download.exit(seconds);
    const took = (Date.now() - started) / 1000;
    const survivors = code === undefined ? 0 : await download.survivors();
    await download.kill();
    const { wrong, files } = inspect(path.join(target.destination, contender.delivered ?? '.'), bed.model);
    const result = code === undefined ? 'hang' : code !== 0 ? 'refused' : wrong.length === 0 ? 'ok' : 'let through';
    const detail = [code === undefined ? `still running after ${seconds} s` : `exit code ${code}`, ...wrong].join(', ');
    const left = [...before, ...result === 'ok' ? [] : files];
    const lists = proxy.asked.list + repaired.asked.list;
    const said = download.said.trim().slice(-2000);
    return { result, detail, left, seconds: took, struck: proxy.acted, broken: proxy.broken, lists, survivors, said };
  } finally {
    proxy.close();
    repaired.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends a download by SIGKILL when the fault has struck. What is then at the model's path. */
async function killed({ processes }: Bed, contender: Contender, target: Target, proxy: FaultProxy, seconds: number): Promise<string[]> {
  const download = Session.start(processes, contender.command(target), target.scratch);
  await until(() => proxy.acted > 0 || download.ended, seconds).catch(() => undefined);
  await new Promise(resolve => setTimeout(resolve, 200)); // what came is written
  await download.kill();
  return inspect(path.join(target.destination, contender.delivered ?? '.'), { objects: new Map() }).files;
}

function targetOf({ bucket, prefix, region, agent, model }: Bed, folder: string, endpoint: string): Target {
  const [destination, scratch] = ['destination', 'scratch'].map(name => path.join(folder, name));
  for (const each of [destination, scratch]) fs.mkdirSync(each);
  return { endpoint, region, bucket, prefix, destination, scratch, agent, model };
}

/** What is wrong or missing of a model in a folder, and every file that is there. */
function inspect(folder: string, { objects }: Pick<Model, 'objects'>): { wrong: string[]; files: string[] } {
  const files = fs.existsSync(folder)
    ? fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(folder, name)).isFile()).sort()
    : [];
  const faults = [...objects].flatMap(([name, content]) => {
    if (!files.includes(name)) return [`${name} is missing`];
    return sha256(fs.readFileSync(path.join(folder, name))) === sha256(content) ? [] : [`${name} is wrong`];
  });
  return { wrong: faults, files };
}
