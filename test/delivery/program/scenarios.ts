import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, Files, Group, Outcome, Publication, sha256, SMALL_MODEL } from './bench';
import { Rule } from './s3-server';

/** Trying again would not help, and somebody waits. */
function atOnce(_: Bench, outcome: Outcome) {
  expect(outcome.events.filter((event) => event.event === 'retry')).toEqual([]);
}

/** A fault and what has to come of it. Without a `code` the model has to arrive whole in spite of it. */
export interface Scenario {
  readonly name: string;
  readonly code?: number;
  /** What the termination message has to name. */
  readonly says?: RegExp[];
  readonly files?: Files;
  readonly publish?: Parameters<Bench['publish']>[1];
  readonly rules?: Rule[];
  readonly group?: Group;
  readonly env?: Record<string, string | undefined>;
  readonly prepare?: (bench: Bench, publication: Publication) => void | Promise<void>;
  readonly check?: (bench: Bench, outcome: Outcome, publication: Publication) => void;
  /** Fewer seconds than this, where waiting is the fault. */
  readonly within?: number;
  /** Not for this downloader: the reason is in the fault itself. */
  readonly only?: 's5cmd' | 'aws';
}

const W1 = /model-00001/;
const manifestLine = (name: string) => (right: string) => `${right}${sha256('')}  ${name}\n`;
const real = process.env.S5CMD_BINARY !== undefined || process.env.AWS_BINARY !== undefined;

/** These end with nothing visible. */
export const REFUSED: Scenario[] = [
  {
    name: 'S3-12 a pod that was admitted without Pod Identity ends at once',
    code: 77,
    says: [/AWS_CONTAINER_CREDENTIALS_FULL_URI/, /service account/, /delete the pod/],
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined },
    within: 2,
  },
  {
    name: 'S3-13 S3-31 an agent that never comes ends the wait, and where none ever does is told',
    code: 77,
    says: [/within 1 s/, /no answer/, /not running on this node/, /Fargate/],
    prepare: (bench) => bench.agent.stop(),
    within: 6,
  },
  { name: 'a malformed reply of the agent is not taken for credentials', code: 77, says: [/malformed/], prepare: (bench) => { bench.agent.answers = ['malformed']; } },
  { name: 'an empty reply of the agent is not taken for credentials', code: 77, says: [/malformed/], prepare: (bench) => { bench.agent.answers = ['empty']; } },
  { name: 'S3-12 a service account without an association is named', code: 77, says: [/4xx/, /no Pod Identity association/], prepare: (bench) => { bench.agent.answers = [404]; } },
  { name: 'S3-14 an EKS Auth that refuses for ever ends the wait', code: 77, says: [/5xx/, /EKS Auth/], prepare: (bench) => { bench.agent.answers = [500]; } },
  {
    name: 'S3-02 a version that was never published',
    code: 66,
    says: [/models\/team-a\/llama\/v9\/manifest\.sha256/, /not published/, /not granted/],
    group: { source: 's3://models-bucket/models/team-a/llama/v9/' },
  },
  { name: 'access to one file denied', code: 66, says: [/model-00001\.safetensors/, /not granted/, /403|AccessDenied/], rules: [{ key: W1, fault: 'denied' }], check: atOnce },
  { name: 'one file of the manifest missing', code: 66, says: [/model-00001\.safetensors/, /not published/], rules: [{ key: W1, fault: '404' }], check: atOnce },
  { name: 'a bucket that is not there', code: 66, says: [/no-such-bucket/], group: { source: 's3://no-such-bucket/models/x/' } },
  { name: 'S3-26 a region that is not the bucket\'s', code: 64, says: [/not in region us-east-1/], group: { region: 'us-east-1' }, only: 's5cmd' },
  { name: 'S3-27 a token that stays expired', code: 77, says: [/credentials not accepted/, /model-00001/], rules: [{ key: W1, fault: 'expired' }] },
  { name: '503 for ever', code: 69, says: [/kept failing/, /model-00001/, /503/], rules: [{ key: W1, fault: '503' }], only: 's5cmd' },
  { name: 'connections reset for ever', code: 69, says: [/kept failing/, /model-00001/], rules: [{ key: W1, fault: 'reset' }] },
  { name: 'a body that is always cut', code: 69, says: [/model-00001/], rules: [{ key: W1, fault: 'cut body' }] },
  {
    name: 'a source that answers nothing is ended by the watch',
    code: 75,
    says: [/model-00001/, /no byte landed for 1 s/],
    rules: [{ key: W1, fault: 'stall before headers' }],
    env: { MODEL_TRANSFER_STALL: '1', MODEL_TRANSFER_FLOOR: '1000', MODEL_TRANSFER_ATTEMPTS: '1' },
    within: 30,
  },
  {
    name: 'a body that stands still is ended by the watch',
    code: 75,
    says: [/model-00001/, /no byte landed for 1 s/],
    rules: [{ key: W1, fault: 'stall in body' }],
    env: { MODEL_TRANSFER_STALL: '1', MODEL_TRANSFER_FLOOR: '1000', MODEL_TRANSFER_ATTEMPTS: '1' },
    within: 30,
  },
  {
    name: 'a body that trickles is ended by the deadline',
    code: 75,
    says: [/model-00001/, /not finished within 2 s/],
    rules: [{ key: W1, fault: 'trickle' }],
    env: { MODEL_TRANSFER_STALL: '2', MODEL_TRANSFER_ATTEMPTS: '1' },
    within: 30,
  },
  { name: 'S3-06 a short Content-Length', code: 65, says: [/model-00002/, /sha256/, /the manifest says/], rules: [{ key: /model-00002/, fault: 'short length' }] },
  { name: 'S3-06 one flipped bit under a checksum header', code: 65, says: [/model-00002/, /the manifest says/], rules: [{ key: /model-00002/, fault: 'flip a bit' }] },
  { name: 'S3-06 one flipped bit without a checksum header', code: 65, says: [/model-00002/, /the manifest says/], rules: [{ key: /model-00002/, fault: 'flip a bit', checksum: false }] },
  {
    name: 'S3-06 one flipped bit in the bucket',
    code: 65,
    says: [/config\.json/, new RegExp(sha256(SMALL_MODEL['config.json'])), /new version/],
    prepare: (bench, { prefix }) => {
      const damaged = Buffer.from(SMALL_MODEL['config.json']);
      damaged[7] += damaged[7] % 2 === 0 ? 1 : -1;
      bench.s3.objects.set(`${prefix}config.json`, damaged);
    },
    check: (bench) => expect(bench.s3.keys().filter((key) => key.endsWith('config.json'))).toHaveLength(2),
    only: 's5cmd',
  },
  {
    name: 'a digest that is not the pinned one ends before anything else is fetched',
    code: 65,
    says: [/sha256:0{64}/, /pinned/],
    group: { digest: `sha256:${'0'.repeat(64)}` },
    check: (bench, outcome, { digest }) => {
      expect(outcome.termination).toContain(digest);
      expect(new Set(bench.s3.keys())).toEqual(new Set(['models/team-a/llama/v1/manifest.sha256']));
    },
  },
  { name: 'an empty manifest', code: 65, says: [/manifest\.sha256/, /empty/], publish: { manifest: () => '' } },
  { name: 'a manifest without model.json', code: 65, says: [/model\.json/], publish: { manifest: (right) => right.replace(/.*model\.json\n/, '') } },
  ...[
    ['an absolute path', manifestLine('/etc/passwd'), /absolute path/],
    ['..', manifestLine('../escape'), /leaves the folder/],
    ['.. inside', manifestLine('a/../../escape'), /leaves the folder/],
    ['a single dot', manifestLine('a/./b'), /leaves the folder/],
    ['an empty segment', manifestLine('a//b'), /empty segment/],
    ['a slash at the end', manifestLine('a/'), /empty segment/],
    ['a backslash', manifestLine('a\\b'), /backslash/],
    ['a carriage return', manifestLine('a\r'), /control characters/],
    ['a tab', manifestLine('a\tb'), /control characters/],
    ['a NUL', manifestLine('a\0b'), /control characters/],
    ['itself', manifestLine('manifest.sha256'), /names the manifest/],
    ['a name twice', manifestLine('config.json'), /repeats config\.json/],
    ['a file as a folder too', manifestLine('config.json/x'), /as a file and as a folder/],
    ['a line of words', (right: string) => `${right}hello\n`, /is not a SHA-256/],
    ['a digest in capitals', (right: string) => right.replace(/^\S+/, (digest) => digest.toUpperCase()), /is not a SHA-256/],
    ['the escaped form', (right: string) => `${right}\\${sha256('')}  a\\nb\n`, /is not a SHA-256/],
    ['a binary marker', (right: string) => right.replace('  ', ' *'), /is not a SHA-256/],
  ].map(([what, manifest, says]) => ({
    name: `a manifest with ${what}`,
    code: 65,
    says: [/is refused/, says as RegExp],
    publish: { manifest: manifest as (right: string) => string },
  })),
  {
    name: 'a manifest cut between two lines, though every line is right',
    code: 65,
    says: [/model\.json says/],
    publish: { manifest: (right) => right.split('\n').slice(1).join('\n') },
  },
  {
    name: 'a model larger than declared ends before its weights',
    code: 65,
    says: [/1205200 bytes/, /at most 1000000/, /raise/],
    group: { maxBytes: 1_000_000 },
    check: (bench) => expect(bench.s3.keys().filter((key) => /safetensors/.test(key))).toEqual([]),
  },
  {
    name: 'a model that says less than it holds',
    code: 65,
    says: [/model\.json says 1000/],
    publish: { totalBytes: 1000 },
  },
  { name: 'a model that says less than it holds and holds more than declared', code: 65, says: [/more than the declared 5000 bytes/], publish: { totalBytes: 4000 }, group: { maxBytes: 5000 } },
  { name: 'an empty folder that was published', code: 65, says: [/names no file with a byte/], files: {} },
  { name: 'a model.json without totalBytes', code: 65, says: [/totalBytes/], publish: { totalBytes: null } },
  { name: 'a totalBytes that is a text', code: 65, says: [/totalBytes/], publish: { totalBytes: '12' } },
  {
    name: 'S3-30 a volume that is too small, before the first byte of weights',
    code: 73,
    says: [/still to come/, /100 KiB free/, /raise/],
    prepare: (bench) => {
      const tools = join(bench.root, 'tools');
      mkdirSync(tools);
      writeFileSync(join(tools, 'df'), '#!/bin/sh\nprintf "Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/x y 9000 8900 100 99%% /a b\\n"\n', { mode: 0o755 });
      bench.env.PATH = `${tools}:${bench.shell.path}`;
    },
    check: (bench) => expect(bench.s3.keys().filter((key) => /safetensors/.test(key))).toEqual([]),
  },
  ...(real ? [] : [{
    name: 'a disk that fills up meanwhile',
    code: 73,
    says: [/no space left/i, /raise/],
    env: { STANDIN_DISK_FULL: 'write /volume/1.file: no space left on device [Errno 28] No space left on device' },
  }]),
  {
    name: 'S3-05 an object replaced during the download',
    code: 65,
    says: [/model-00001/, /the manifest says/],
    prepare: (bench, { prefix }) => {
      const hook = () => void bench.s3.objects.set(`${prefix}model-00001.safetensors`, bytes('other', 900_000));
      bench.s3.rules = [{ key: W1, fault: 'hook', after: bench.fetcher === 's5cmd' && !real ? 1 : 0, times: 1, hook }];
    },
  },
];

/** These arrive whole in spite of the fault. */
export const HEALED: Scenario[] = [
  {
    name: 'S3-13 an agent that comes late is waited for',
    env: { MODEL_TRANSFER_CREDENTIALS_WAIT: '20' },
    prepare: async (bench) => {
      await bench.agent.stop();
      setTimeout(() => void bench.agent.start(), 500);
    },
  },
  { name: 'S3-12 an association that is effective late is waited for', env: { MODEL_TRANSFER_CREDENTIALS_WAIT: '20' }, prepare: (bench) => { bench.agent.answers = [404, 404, 'credentials']; } },
  { name: 'S3-14 a throttled EKS Auth is asked again', env: { MODEL_TRANSFER_CREDENTIALS_WAIT: '20' }, prepare: (bench) => { bench.agent.answers = [500, 500, 429, 'malformed', 'credentials']; } },
  { name: 'three 503', rules: [{ fault: '503', times: 3 }], env: { MODEL_TRANSFER_ATTEMPTS: '4' } },
  { name: 'connections reset twice', rules: [{ fault: 'reset', times: 2 }] },
  { name: 'a body cut once', rules: [{ key: W1, fault: 'cut body', times: 1 }] },
  { name: 'S3-06 a bit flipped once', rules: [{ key: W1, fault: 'flip a bit', times: 1 }] },
  { name: 'a short Content-Length once', rules: [{ key: W1, fault: 'short length', times: 1 }] },
  {
    name: 'a body that stands still once',
    rules: [{ key: W1, fault: 'stall in body', times: 1 }],
    env: { MODEL_TRANSFER_STALL: '2', MODEL_TRANSFER_FLOOR: '1000' },
    check: (_, outcome) => expect(outcome.events).toContainEqual(expect.objectContaining({ event: 'retry', reason: expect.stringContaining('stalled') })),
    within: 30,
  },
  { name: 'S3-27 a token that is refused once as expired', rules: [{ key: W1, fault: 'expired', times: 1 }] },
  {
    name: 'S3-27 credentials that end during the transfer are renewed',
    prepare: (bench) => {
      bench.agent.lifetime = 0.9;
      bench.s3.rules = [{ key: W1, fault: 'trickle', times: 1 }];
    },
    files: { ...SMALL_MODEL, 'model-00001.safetensors': bytes('slow', 200_000) },
    check: (bench) => expect(bench.agent.calls).toBeGreaterThan(1),
    env: { MODEL_TRANSFER_JOBS: '1', MODEL_TRANSFER_ATTEMPTS: '6' },
  },
  { name: 'S3-26 the bucket\'s region is used, not the one of the environment', env: { AWS_REGION: 'eu-central-1', AWS_DEFAULT_REGION: 'eu-central-1' } },
  {
    name: 'S3-28 proxies of the environment do not swallow the call to the agent',
    env: Object.fromEntries(['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].map((name) => [name, 'http://127.0.0.1:9'])),
  },
  {
    name: 'S3-29 nothing of the environment is preferred to Pod Identity',
    env: {
      AWS_ACCESS_KEY_ID: 'AKIAWRONG',
      AWS_SECRET_ACCESS_KEY: 'wrong',
      AWS_SESSION_TOKEN: 'wrong',
      AWS_PROFILE: 'other',
      AWS_DEFAULT_PROFILE: 'other',
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/x',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/dev/null',
      AWS_SDK_LOAD_CONFIG: '0',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    },
  },
  { name: 'S3-08 objects newer than this node\'s clock', prepare: (bench) => { bench.s3.modifiedAhead = 86_400_000; } },
  {
    name: 'names are names, however hostile',
    files: {
      ...SMALL_MODEL,
      'with blank and  two': bytes('1', 100),
      ' leading and trailing ': bytes('2', 100),
      'quote\'s and "double"': bytes('3', 100),
      '$(touch pwned);`id`;$HOME': bytes('4', 100),
      '-rf': bytes('5', 100),
      '--version': bytes('6', 100),
      'glob*': bytes('7', 100),
      'glob?[a-z]': bytes('8', 100),
      'grüße/模型 🚀.bin': bytes('9', 100),
      '%s%n%d': bytes('10', 100),
      'a/deep/ly/nested/file': bytes('11', 100),
      '.hidden/.file': bytes('12', 100),
      'empty': Buffer.alloc(0),
      'NoSuchKey AccessDenied status code: 404': bytes('13', 100),
      '1.file': bytes('14', 100),
      '#comment & more | > out': bytes('15', 100),
    },
  },
  {
    name: 'a hostile name is not taken for the error it spells',
    files: { ...SMALL_MODEL, 'AccessDenied status code: 404 An error occurred (404).bin': bytes('spelt', 3_000) },
    rules: [{ key: /AccessDenied/, fault: '503', times: 2 }],
  },
  {
    name: 'S3-06 a hostile name is told rightly when its bytes are wrong',
    code: 65,
    files: { ...SMALL_MODEL, 'say "ü" $(id) %s': bytes('x', 50) },
    rules: [{ key: /say/, fault: 'flip a bit' }],
    says: [/say "ü" \$\(id\) %s has sha256/],
  },
  {
    name: 'a model much smaller than declared is delivered with a warning',
    group: { maxBytes: 50_000_000 },
    check: (_, outcome) => expect(outcome.events).toContainEqual(expect.objectContaining({ event: 'warning', message: expect.stringContaining('less than half') })),
  },
  {
    name: 'the pinned digest',
    prepare: (_, publication) => { (publication as any).pinned = true; },
    check: (_, outcome, { digest }) => expect(outcome.termination).toContain(digest),
  },
];

/** Everything that has to hold of a run, whatever the fault. */
export async function play(bench: Bench, scenario: Scenario): Promise<void> {
  const publication = bench.publish(scenario.files, scenario.publish);
  bench.s3.rules = scenario.rules ?? [];
  bench.env = { ...scenario.env };
  await scenario.prepare?.(bench, publication);
  const group = (publication as any).pinned ? { ...scenario.group, digest: publication.digest } : scenario.group;
  const outcome = await bench.run(bench.arguments(publication, group));
  const told = `${outcome.termination}\n${outcome.stderr}\n${outcome.stdout}`;

  if (scenario.code === undefined) {
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(Object.keys(bench.files()).sort()).toEqual(Object.keys(publication.files).sort());
    for (const [name, content] of Object.entries(publication.files)) expect([name, sha256(bench.files()[name])]).toEqual([name, sha256(content)]);
    expect(bench.leftovers()).toEqual(['.ready']);
    expect(JSON.parse(outcome.termination)).toMatchObject({ v: 1, model: 'llama', digest: publication.digest, bytes: publication.totalBytes });
    expect(outcome.events.at(-1)).toMatchObject({ v: 1, event: 'ready', digest: publication.digest });
  } else {
    expect([outcome.code, outcome.termination]).toEqual([scenario.code, expect.stringMatching(new RegExp(`\\(exit ${scenario.code}\\)\n$`))]);
    for (const pattern of scenario.says ?? []) expect(outcome.termination).toMatch(pattern);
    expect(outcome.termination).toMatch(/^model llama: [^\n]*\n$/);
    expect(Buffer.byteLength(outcome.termination)).toBeLessThanOrEqual(4096);
    expect(outcome.stderr).toBe(outcome.termination);
    expect(outcome.events.at(-1)).toMatchObject({ v: 1, event: 'error', exit: scenario.code });
    expect(bench.leftovers().filter((name) => !/^\.verified(\/|$)/.test(name))).toEqual([]);
    expect(Object.keys(bench.files())).toEqual([]);
  }
  if (scenario.within !== undefined) expect(outcome.seconds).toBeLessThan(scenario.within);
  scenario.check?.(bench, outcome, publication);
  expect(bench.s3.requests.filter((request) => request.operation === 'list')).toEqual([]);
  expect(told).not.toContain(bench.agent.secret);
  expect(told).not.toMatch(/session-\d|service-account-token/);
  await expectNoProcesses(bench);
}

/** Busybox's timeout leaves a watcher that looks once a second whether it is still needed. */
export async function expectNoProcesses(bench: Bench): Promise<void> {
  for (let wait = 0; wait < 30 && bench.shell.name === 'busybox' && bench.processes().length > 0; wait++) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(bench.processes().map((pid) => execFileSync('ps', ['-o', 'pid,ppid,stat,etimes,args', '-p', String(pid)], { encoding: 'utf8' }))).toEqual([]);
}
