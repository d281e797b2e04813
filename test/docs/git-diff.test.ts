import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Size } from 'aws-cdk-lib';
import { WorkloadIdentity } from '../../lib/access';
import * as program from '../../lib/delivery/program';
import { ModelArtifact } from '../../lib/model';
import { DIGEST } from '../delivery/fixture';
import { Environment, IMAGE, temporaryFolder } from '../workload/fixture';

const README = fs.readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8');
const OTHER_DIGEST = `sha256:${'fedcba9876543210'.repeat(4)}`;

interface Served {
  readonly name: string;
  readonly version?: string;
  readonly digest?: string;
  /** Another service account than one of its own. */
  readonly serviceAccount?: string;
}

const LLAMA: Served = { name: 'llama-3-8b' };
const MISTRAL: Served = { name: 'mistral-7b' };
const WHISPER: Served = { name: 'whisper', serviceAccount: 'mistral-7b' };

let repository: string;

function git(...args: string[]): string {
  const env = { PATH: process.env.PATH, HOME: repository, GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'core.autocrlf=false', ...args], { cwd: repository, encoding: 'utf8', env });
}

/** Synthesises servers into the directory of manifests of the repository. */
function synthesise(...served: Served[]) {
  const environment = new Environment({ directory: path.join(repository, 'manifests') });
  const identities = new Map<string, WorkloadIdentity>();
  for (const { name, version = '2026-11-01', digest = DIGEST, serviceAccount = name } of served) {
    const identity = identities.get(serviceAccount)
      ?? (serviceAccount === 'llama' ? environment.identity : environment.readers.associate({ namespace: 'serving', serviceAccount }));
    identities.set(serviceAccount, identity);
    const model = ModelArtifact.of({ name, version, tenant: 'serving', size: Size.gibibytes(16), digest });
    environment.server({ identity, image: IMAGE, models: [environment.deliver(model)] }, name);
  }
  environment.synth();
}

/** What is there now is the state to compare with. */
function commit() {
  git('add', '.');
  git('commit', '--quiet', '-m', 'manifests');
}

/** Against the last commit, new files included. */
function diff(...options: string[]): string {
  git('add', '--intent-to-add', '.');
  return git('diff', ...options.slice(0, 1), 'HEAD', ...options.slice(1));
}

beforeEach(() => {
  repository = temporaryFolder();
  git('init', '--quiet');
});

test('a new version of a model of the same size changes one file by at most six lines, among servers of other models', () => {
  synthesise(LLAMA, MISTRAL, WHISPER);
  commit();
  synthesise({ ...LLAMA, version: '2026-11-15', digest: OTHER_DIGEST }, MISTRAL, WHISPER);
  const rows = diff('--numstat').trim().split('\n').map(row => row.split('\t'));
  expect(rows.map(([, , file]) => file)).toEqual(['manifests/serving.llama-3-8b.yaml']);
  expect(Number(rows[0][0]) + Number(rows[0][1])).toBeLessThanOrEqual(6);
  const changed = diff('-U0').split('\n').filter(line => /^[-+] /.test(line)).map(line => line.slice(1).trim());
  expect(changed.every(line => /2026-11-01|2026-11-15|sha256:/.test(line))).toBe(true);
});

test('the README shows what git says of a new version', () => {
  const [, shown] = /```text diff-stat\n\$ git diff --stat\n([\s\S]*?)```/.exec(README) ?? [];
  synthesise(LLAMA, MISTRAL, WHISPER);
  commit();
  synthesise({ ...LLAMA, version: '2026-11-15', digest: OTHER_DIGEST }, MISTRAL, WHISPER);
  expect(shown).toBe(diff('--stat=100'));
});

test('a second model, with a server and a service account of its own, adds files and changes none', () => {
  synthesise(LLAMA);
  commit();
  synthesise(LLAMA, MISTRAL);
  const rows = diff('--name-status').trim().split('\n');
  expect(rows).toEqual(['A\tmanifests/serving.mistral-7b.serviceaccount.yaml', 'A\tmanifests/serving.mistral-7b.yaml']);
});

test('a server that goes takes its files and changes none', () => {
  synthesise(LLAMA, MISTRAL, WHISPER);
  commit();
  synthesise(MISTRAL, WHISPER);
  expect(diff('--name-status').trim().split('\n')).toEqual(['D\tmanifests/serving.llama-3-8b.serviceaccount.yaml', 'D\tmanifests/serving.llama-3-8b.yaml']);
});

/** First and last line, from 1, of the block that holds the program: it is indented deeper than the dash of its list item. */
function programBlock(file: string): [number, number] {
  const lines = git('show', `HEAD:${file}`).split('\n');
  const first = lines.findIndex(line => /^ *- \|[-+]?$/.test(line));
  const indent = lines[first].indexOf('-');
  const length = lines.slice(first + 1).findIndex(line => line.trim() !== '' && line.search(/\S/) <= indent);
  return [first + 1, first + 1 + length];
}

test('a change of the program touches only its block, in the file of each workload', () => {
  synthesise(LLAMA, MISTRAL, WHISPER);
  commit();
  const original = program.transferProgram;
  const spy = jest.spyOn(program, 'transferProgram').mockImplementation((...args) => {
    const lines = original(...args).split('\n');
    return [...lines.slice(0, 20), '# a line more', ...lines.slice(20)].join('\n').replace(/\n*$/, '\n# and one at the end\n');
  });
  synthesise(LLAMA, MISTRAL, WHISPER);
  spy.mockRestore();
  const files = diff('--name-only').trim().split('\n');
  expect(files).toEqual(['llama-3-8b', 'mistral-7b', 'whisper'].map(name => `manifests/serving.${name}.yaml`));
  for (const file of files) {
    const [first, last] = programBlock(file);
    expect(last - first).toBeGreaterThan(100);
    const hunks = [...diff('-U0', '--', file).matchAll(/^@@ -(\d+)(?:,(\d+))? /gm)]
      .map(([, start, count = '1']) => [Number(start), Number(start) + Math.max(Number(count) - 1, 0)]);
    expect(hunks.length).toBeGreaterThanOrEqual(2);
    for (const [start, end] of hunks) expect([start >= first, end <= last]).toEqual([true, true]);
  }
});

test('the order in which a program names its servers changes no file', () => {
  synthesise(LLAMA, MISTRAL, WHISPER);
  commit();
  synthesise(MISTRAL, WHISPER, LLAMA);
  expect(diff('--stat')).toBe('');
});
