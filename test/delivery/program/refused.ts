import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, Outcome, sha256, SMALL_MODEL } from './bench';
import { Scenario } from './scenarios';

const W1 = /model-00001/;
const manifestLine = (name: string) => (right: string) => `${right}${sha256('')}  ${name}\n`;
const real = process.env.S5CMD_BINARY !== undefined || process.env.AWS_BINARY !== undefined;

/** Trying again would not help, and somebody waits. */
function atOnce(_: Bench, outcome: Outcome) {
  expect(outcome.events.filter((event) => event.event === 'retry')).toEqual([]);
}

/** These end with nothing visible. */
export const REFUSED: Scenario[] = [
  {
    name: 'S3-12 a pod that was admitted without Pod Identity ends at once',
    code: 77,
    says: [/AWS_CONTAINER_CREDENTIALS_FULL_URI/, /service account/, /delete the pod/],
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined, MODEL_TRANSFER_CREDENTIALS_WAIT: '60' },
    within: 30,
  },
  {
    name: 'S3-13 S3-31 an agent that never comes ends the wait, and where none ever does is told',
    code: 77,
    says: [/within 1 s/, /no answer/, /not running on this node/, /Fargate/],
    prepare: (bench) => bench.agent.stop(),
    within: 20,
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
    says: [/model-00001/, /no byte landed for 5 s/],
    rules: [{ key: W1, fault: 'stall before headers' }],
    env: { MODEL_TRANSFER_STALL: '5', MODEL_TRANSFER_FLOOR: '1000', MODEL_TRANSFER_ATTEMPTS: '1' },
    within: 30,
  },
  {
    name: 'a body that stands still is ended by the watch',
    code: 75,
    says: [/model-00001/, /no byte landed for 5 s/],
    rules: [{ key: W1, fault: 'stall in body' }],
    env: { MODEL_TRANSFER_STALL: '5', MODEL_TRANSFER_FLOOR: '1000', MODEL_TRANSFER_ATTEMPTS: '1', MODEL_TRANSFER_JOBS: '1' }, // four AWS CLIs that start at once may take as long
    within: 30,
  },
  {
    name: 'a body that trickles is ended by the deadline',
    code: 75,
    says: [/model-00001/, /not finished within 5 s/],
    rules: [{ key: W1, fault: 'trickle' }],
    env: { MODEL_TRANSFER_STALL: '5', MODEL_TRANSFER_ATTEMPTS: '1' },
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
  ...[
    ['.. inside', manifestLine('a/../../escape'), /leaves the folder/],
    ['a NUL', manifestLine('a\0b'), /control characters/],
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
    name: 'a disk that cannot be read back',
    code: 75,
    says: [/model\.json/, /can't be read back/, /check the volume/],
    prepare: (bench) => {
      const tools = join(bench.root, 'tools');
      mkdirSync(tools);
      writeFileSync(join(tools, 'openssl'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      writeFileSync(join(tools, 'sha256sum'), '#!/bin/sh\ncase $* in *.file*) exit 1 ;; esac\nexec /usr/bin/sha256sum "$@"\n', { mode: 0o755 });
      bench.env.PATH = `${tools}:${bench.shell.path}`;
    },
  },
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
