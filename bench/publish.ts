import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { bundleCommand } from '../projenrc/bundle-command.cjs';
import { BucketServer } from '../test/bin/s3-server';

const GIB = 2 ** 30;
const SPARSE = 20e9;
/** A promise of docs/publishing.md: 256 MiB of parts, and the program itself. */
const MAX_RSS_MIB = 640;

interface Run { readonly seconds: number; readonly cpuSeconds: number; readonly rssMiB?: number }
interface Tool { readonly name: string; readonly command: (server: BucketServer, folder: string) => string[] }

/** What `publish` takes, beside other tools where they are installed; and that its memory does not grow with the file. */
export async function publishSuite(rounds: number): Promise<string> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-publish-'));
  try {
    const program = path.join(work, 'command.js');
    bundleCommand(program);
    const publish: Tool = {
      name: 'publish',
      command: (server, folder) => [process.execPath, program, 'publish', folder, 's3://models', '--name', 'bench', '--version', 'v1', '--endpoint-url', server.endpoint],
    };
    const tools = [publish, ...others()];
    const rows: string[] = [];
    for (const [label, folder] of folders(work)) {
      for (const tool of tools) rows.push(row(label, tool, await best(tool, folder, rounds)));
    }
    const sparse = await run(publish, sparseFolder(work));
    if (sparse.rssMiB! > MAX_RSS_MIB) throw new Error(`publish held ${sparse.rssMiB} MiB for a file of 20 GB, at most ${MAX_RSS_MIB} were promised`);
    rows.push(row('1 sparse file of 20 GB, once', publish, sparse));
    return ['| Model | Tool | Wall | CPU | Memory at most |', '| --- | --- | --- | --- | --- |', ...rows, '', NOTE].join('\n');
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

const NOTE = 'The server is that of the tests, in memory and on the same machine, and takes its share of it: it hashes what it gets. `publish` reads each file twice, to hash and to send; the others send at once. Best of all rounds.';

function others(): Tool[] {
  const tools = [
    { name: 's5cmd cp', command: ({ endpoint }: BucketServer, folder: string) => ['s5cmd', '--endpoint-url', endpoint, '--log', 'error', 'cp', `${folder}/`, 's3://models/other/'] },
    { name: 'aws s3 cp --recursive', command: ({ endpoint }: BucketServer, folder: string) => ['aws', '--endpoint-url', endpoint, 's3', 'cp', '--only-show-errors', '--recursive', folder, 's3://models/other/'] },
  ];
  return tools.filter(({ name }) => spawnSync('sh', ['-c', `command -v ${name.split(' ')[0]}`]).status === 0);
}

function folders(work: string): Array<[string, string]> {
  const [large, small] = ['large', 'small'].map(name => path.join(work, name));
  fs.mkdirSync(large);
  for (let index = 0; index < 4; index++) fs.writeFileSync(path.join(large, `${index}.safetensors`), Buffer.alloc(GIB / 4, `${index}`));
  for (let index = 0; index < 5_000; index++) {
    const folder = path.join(small, String(index % 50));
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${index}.bin`), Buffer.alloc(4_096, `${index}`));
  }
  return [['4 files of 256 MiB', large], ['5,000 files of 4 KiB', small]];
}

function sparseFolder(work: string): string {
  const folder = path.join(work, 'sparse');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'model.safetensors'), 'x');
  fs.truncateSync(path.join(folder, 'model.safetensors'), SPARSE);
  return folder;
}

async function best(tool: Tool, folder: string, rounds: number): Promise<Run> {
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await run(tool, folder));
  return runs.sort((a, b) => a.seconds - b.seconds)[0];
}

/** The shell's `times` knows the CPU time of what it ran; the peak of memory is asked of a Node.js process alone. */
async function run(tool: Tool, folder: string): Promise<Run> {
  const server = await new BucketServer('models', { keepBytes: false }).start();
  const [command, ...args] = tool.command(server, folder);
  const usage = path.join(os.tmpdir(), `bench-usage-${process.pid}.json`);
  const report = `data:text/javascript,import fs from 'node:fs'; process.on('exit', () => fs.writeFileSync('${usage}', String(process.resourceUsage().maxRSS)));`;
  const line = command === process.execPath ? [command, '--import', report, ...args] : [command, ...args];
  try {
    const started = process.hrtime.bigint();
    const child = spawn('sh', ['-c', '"$@" > /dev/null && times', 'sh', ...line], {
      env: { ...process.env, NODE_NO_WARNINGS: '1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-west-2', AWS_EC2_METADATA_DISABLED: 'true' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', text => { out += text; });
    const code = await new Promise(resolve => child.on('close', resolve));
    if (code !== 0) throw new Error(`${tool.name} ended with ${code}`);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const cpu = [...out.trim().split('\n')[1].matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, rest]) => Number(minutes) * 60 + Number(rest));
    const rssMiB = fs.existsSync(usage) ? Math.round(Number(fs.readFileSync(usage, 'utf8')) / 1_024) : undefined;
    return { seconds, cpuSeconds: cpu[0] + cpu[1], rssMiB };
  } finally {
    fs.rmSync(usage, { force: true });
    await server.stop();
  }
}

function row(model: string, { name }: Tool, { seconds, cpuSeconds, rssMiB }: Run): string {
  return `| ${model} | \`${name}\` | ${seconds.toFixed(1)} s | ${cpuSeconds.toFixed(1)} s | ${rssMiB === undefined ? '' : `${rssMiB} MiB`} |`;
}
