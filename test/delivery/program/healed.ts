import { bytes, SMALL_MODEL } from './bench';
import { Scenario } from './scenarios';

const W1 = /model-00001/;

/** These arrive whole in spite of the fault. */
export const HEALED: Scenario[] = [
  {
    name: 'S3-13 an agent that comes late is waited for',
    env: { MODEL_TRANSFER_CREDENTIALS_WAIT: '20' },
    prepare: async (bench) => {
      await bench.agent.stop();
      bench.later(500, () => void bench.agent.start());
    },
  },
  { name: 'S3-12 an association that is effective late is waited for', env: { MODEL_TRANSFER_CREDENTIALS_WAIT: '20' }, prepare: (bench) => { bench.agent.answers = [404, 404, 'credentials']; } },
  { name: 'S3-14 a throttled EKS Auth is asked again', env: { MODEL_TRANSFER_CREDENTIALS_WAIT: '20' }, prepare: (bench) => { bench.agent.answers = [500, 500, 429, 'malformed', 'credentials']; } },
  { name: 'three 503', rules: [{ fault: '503', times: 3 }], env: { MODEL_TRANSFER_ATTEMPTS: '4' } },
  { name: 'connections reset twice', rules: [{ fault: 'reset', times: 2 }] },
  { name: 'a body cut once', rules: [{ key: W1, fault: 'cut body', times: 1 }] },
  { name: 'S3-06 a bit flipped once', rules: [{ key: W1, fault: 'flip a bit', times: 1 }] },
  {
    name: 'S3-06 a manifest that comes wrong once',
    rules: [{ key: /manifest/, fault: 'flip a bit', times: 1 }],
    prepare: (_, publication) => { (publication as any).pinned = true; },
    check: (_, outcome) => expect(outcome.events).toContainEqual(expect.objectContaining({ event: 'retry', file: 'manifest.sha256', reason: expect.stringMatching(/^mismatch: sha256 .* pinned is sha256:/) })),
  },
  { name: 'a short Content-Length once', rules: [{ key: W1, fault: 'short length', times: 1 }] },
  {
    name: 'a body that stands still once',
    rules: [{ key: W1, fault: 'stall in body', times: 1 }],
    env: { MODEL_TRANSFER_STALL: '5', MODEL_TRANSFER_FLOOR: '1000' },
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
