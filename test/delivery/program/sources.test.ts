import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, digests, Files, findShell, Group, Publication, withBench } from './bench';
import { Fault } from './s3-server';
import { expectNoProcesses } from './scenarios';

jest.setTimeout(60_000);

const shells = { s5cmd: findShell('dash'), aws: findShell('bash') };
const REPLICA = 's3://models-bucket/replica/llama/';
const BOTH = ({ prefix }: Publication): Array<[string, string]> => [[`s3://models-bucket/${prefix}`, 'us-west-2'], [REPLICA, 'us-west-2']];

/** Few files: each costs a process. */
const MODEL: Files = { 'model-00001.safetensors': bytes('w1', 30_000) };

/** A source that fails, and why it is left. */
interface Left {
  readonly prefix: string;
  readonly fault?: Fault;
  readonly region?: string;
  readonly bent?: (bench: Bench) => void;
  readonly because: RegExp;
}

const LEFT: Left[] = [
  { prefix: 'unpublished/', bent: (b) => [...b.s3.objects.keys()].filter((key) => key.startsWith('unpublished/')).forEach((key) => b.s3.objects.delete(key)), because: /not published/ },
  { prefix: 'other/', bent: (b) => b.s3.objects.set('other/manifest.sha256', Buffer.from('other')), because: /pinned is sha256/ },
  { prefix: 'elsewhere/', region: 'us-east-1', because: /not in region us-east-1/ },
  { prefix: 'denied/', fault: 'denied', because: /model-00001.* not granted/ },
  { prefix: 'missing/', fault: '404', because: /model-00001.*: not published/ },
  { prefix: 'archived/', fault: 'archived', because: /archive tier/ },
  { prefix: 'expired/', fault: 'expired', because: /credentials not accepted/ },
  { prefix: 'throttled/', fault: '503', because: /kept failing/ },
  { prefix: 'damaged/', fault: 'flip a bit', because: /the manifest says/ },
];

describe.each(['s5cmd', 'aws'] as const)('%s', (fetcher) => {
  const shell = shells[fetcher];
  (shell ? test.concurrent : test.skip)('one source after the other is left for its reason, until one has the pinned bytes', () => withBench(shell!, fetcher, async (b) => {
    // Real regions and archives are told in s5cmd's words only; what the CLI says of them is in its own suite.
    const left = LEFT.filter(({ prefix }) => fetcher === 's5cmd' || /denied|throttled|damaged/.test(prefix));
    left.forEach(({ prefix }) => b.publish(MODEL, { prefix }));
    const publication = b.publish(MODEL, { prefix: 'replica/' });
    left.forEach(({ bent }) => bent?.(b));
    b.s3.rules = left.flatMap(({ prefix, fault }) => fault ? [{ key: new RegExp(`^${prefix}model-00001`), fault }] : []);
    b.env = { MODEL_TRANSFER_ATTEMPTS: '2' };
    const url = (prefix: string) => `s3://models-bucket/${prefix}`;
    const outcome = await b.run(b.arguments(publication, {
      digest: publication.digest,
      sources: [...left.map(({ prefix, region }) => [url(prefix), region ?? 'us-west-2']), [url('replica/'), 'us-west-2']] as Array<[string, string]>,
    }));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(digests(b.files())).toEqual(digests(publication.files));
    expect(b.leftovers()).toEqual(['.ready']);
    expect(outcome.events.filter(({ event }) => event === 'fallback')).toEqual(left.map(({ prefix, because }, place) => ({
      v: 1, event: 'fallback', model: 'llama', source: url(prefix), next: url(left[place + 1]?.prefix ?? 'replica/'), reason: expect.stringMatching(because),
    })));
    // What one source gave stays: the manifest and model.json came once.
    expect(b.s3.keys().filter((key) => b.s3.objects.has(key) && key.endsWith('model.json') && !key.startsWith('elsewhere/'))).toHaveLength(1);
    await expectNoProcesses(b);
  }));
});

/** Publishes the same bytes twice. */
function twice(bench: Bench): Publication {
  bench.publish(MODEL, { prefix: 'replica/llama/' });
  return bench.publish(MODEL);
}

describe('sources', () => {
  const run = shells.s5cmd ? test.concurrent : test.skip;
  const bench = (body: (bench: Bench) => Promise<void>) => () => withBench(shells.s5cmd!, 's5cmd', body);

  run('a source that stands still is left', bench(async (b) => {
    const publication = twice(b);
    b.s3.rules = [{ key: /^models\/.*model-00001/, fault: 'stall in body' }];
    b.env = { MODEL_TRANSFER_STALL: '5', MODEL_TRANSFER_FLOOR: '1000', MODEL_TRANSFER_ATTEMPTS: '1' };
    const outcome = await b.run(b.arguments(publication, { digest: publication.digest, sources: BOTH(publication) }));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(outcome.events).toContainEqual(expect.objectContaining({ event: 'fallback', reason: expect.stringMatching(/no byte landed for 5 s/) }));
    await expectNoProcesses(b);
  }));

  run('with a source its other downloads end', bench(async (b) => {
    const files = { ...MODEL, 'model-00002.safetensors': bytes('w2', 30_000) };
    b.publish(files, { prefix: 'replica/llama/' });
    const publication = b.publish(files);
    b.s3.rules = [{ key: /^models\/.*model-00001/, fault: 'stall in body' }, { key: /^models\/.*model-00002/, fault: 'denied' }];
    b.env = { MODEL_TRANSFER_STALL: '100' };
    const outcome = await b.run(b.arguments(publication, { digest: publication.digest, sources: BOTH(publication) }));
    expect([outcome.code, outcome.stderr, outcome.seconds < 40]).toEqual([0, '', true]);
    expect(digests(b.files())).toEqual(digests(publication.files));
    await expectNoProcesses(b);
  }));

  run('when all of them fail each is named with its reason, and the first decides the exit code', bench(async (b) => {
    const publication = twice(b);
    b.s3.rules = [{ key: /^models\/.*model-00001/, fault: '503' }, { key: /^replica\/.*model-00001/, fault: 'denied' }];
    const outcome = await b.run(b.arguments(publication, { digest: publication.digest, sources: BOTH(publication) }));
    expect([outcome.code, outcome.termination]).toEqual([69, expect.stringMatching(
      /none of 2 sources has it: s3:\/\/models-bucket\/models\/\S+model-00001.safetensors: the source kept failing.*; s3:\/\/models-bucket\/replica\/llama\/model-00001.safetensors: not published.*\(exit 69\)\n$/,
    )]);
    expect(b.files()).toEqual({});
  }));

  run('a marker of one source is good for the other, as the digest is the same', bench(async (b) => {
    const publication = twice(b);
    await b.run(b.arguments(publication, { digest: publication.digest }));
    b.s3.requests.length = 0;
    const outcome = await b.run(b.arguments(publication, { digest: publication.digest, source: REPLICA }));
    expect([outcome.code, b.s3.requests]).toEqual([0, []]);
    expect(outcome.events.map(({ event }) => event)).toEqual(['ready']); // nor is anything hashed again
  }));

  run('without a digest the marker of another source is not good', bench(async (b) => {
    const publication = twice(b);
    await b.run(b.arguments(publication));
    b.publish({ 'model-00001.safetensors': bytes('another', 200) }, { prefix: 'replica/llama/' });
    expect((await b.run(b.arguments(publication, { source: REPLICA }))).code).toBe(0);
    expect(b.files()['model-00001.safetensors']).toEqual(bytes('another', 200));
  }));

  run.each<[string, Group, number, RegExp, (bench: Bench) => void]>([
    ['no agent', {}, 77, /no credentials from EKS Pod Identity/, (b) => { b.agent.answers = [404]; }],
    ['a size beyond what was declared', { maxBytes: 20_000 }, 65, /at most 20000/, () => undefined],
    ['a volume that cannot be written', { destination: '/proc/x' }, 64, /cannot write/, () => undefined],
  ])('it is not the source: %s', (_, group, code, says, prepare) => withBench(shells.s5cmd!, 's5cmd', async (b) => {
    const publication = twice(b);
    prepare(b);
    const outcome = await b.run(b.arguments(publication, { digest: publication.digest, sources: BOTH(publication), ...group }));
    expect([outcome.code, outcome.termination]).toEqual([code, expect.stringMatching(says)]);
    expect(outcome.events.filter(({ event }) => event === 'fallback')).toEqual([]);
  }));

  run('a start jitter is waited once, before the network, and not where everything is there', bench(async (b) => {
    const publication = twice(b);
    b.env = { MODEL_TRANSFER_JITTER: '3' };
    let early = 0;
    const outcome = await b.run(b.arguments(publication), (child) => child.stdout!.once('data', () => { early = b.agent.calls; }));
    expect([outcome.code, early]).toEqual([0, 0]);
    expect(outcome.events[0]).toEqual({ v: 1, event: 'wait', model: 'llama', seconds: expect.any(Number), reason: 'start jitter' });
    expect(outcome.events.filter(({ event }) => event === 'wait')).toHaveLength(1);
    expect(outcome.events[0].seconds).toBeLessThanOrEqual(3);
    const again = await b.run(b.arguments(publication));
    expect(again.events.map(({ event }) => event)).toEqual(['ready']);
  }));
});

describe.each(['s5cmd', 'aws'] as const)('IRSA with %s', (fetcher) => {
  const shell = shells[fetcher];
  const run = shell ? test.concurrent : test.skip;
  const ROLE = 'arn:aws:iam::111122223333:role/reader';
  const irsa = (b: Bench): Record<string, string | undefined> => ({
    MODEL_TRANSFER_CREDENTIALS: 'web-identity',
    AWS_ROLE_ARN: ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: join(b.root, 'token'),
    ...fetcher === 's5cmd' ? { AWS_ENDPOINT_URL: undefined, STANDIN_S3: b.s3.endpoint } : {}, // it would ask that endpoint for AWS STS
    STANDIN_STS: new URL('/sts', b.agent.uri).href,
    // Neither is asked or preferred.
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/',
    AWS_ACCESS_KEY_ID: 'AKIAWRONG',
    AWS_SECRET_ACCESS_KEY: 'wrong',
    AWS_PROFILE: 'other',
  });

  run('S3-29 the downloader exchanges the token itself, again where AWS STS refuses', () => withBench(shell!, fetcher, async (b) => {
    const publication = b.publish(MODEL);
    b.env = irsa(b);
    b.agent.answers = [403, 403, 'credentials'];
    const outcome = await b.run(b.arguments(publication));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(digests(b.files())).toEqual(digests(publication.files));
    expect(outcome.events).toContainEqual(expect.objectContaining({ event: 'retry', reason: expect.stringMatching(/^credentials: .*AssumeRoleWithWebIdentity/) }));
  }));

  run('a refusal that stays is told', () => withBench(shell!, fetcher, async (b) => {
    b.env = { ...irsa(b), AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/other' };
    const outcome = await b.run(b.arguments(b.publish()));
    expect([outcome.code, outcome.termination]).toEqual([77, expect.stringMatching(/credentials not accepted after 3 attempts.*AssumeRoleWithWebIdentity/)]);
  }));
});

describe('IRSA', () => {
  const run = shells.s5cmd ? test.concurrent : test.skip;
  run.each<[string, Record<string, string | undefined>, number, RegExp]>([
    ['no role', { AWS_ROLE_ARN: undefined }, 77, /AWS_ROLE_ARN or AWS_WEB_IDENTITY_TOKEN_FILE is missing.*eks.amazonaws.com\/role-arn.*delete the pod/],
    ['no token', { AWS_WEB_IDENTITY_TOKEN_FILE: '' }, 77, /AWS_WEB_IDENTITY_TOKEN_FILE is missing/],
    ['an empty token', {}, 77, /token, the token of the service account, is missing, empty or not readable/],
    ['an S3 endpoint that s5cmd would send the token to', { AWS_ENDPOINT_URL: 'http://s3.test' }, 64, /instead of AWS STS/],
    ['another word', { MODEL_TRANSFER_CREDENTIALS: 'irsa' }, 64, /pod-identity, web-identity or container-role, not irsa/],
  ])('ends at once with %s', (_, env, code, says) => withBench(shells.s5cmd!, 's5cmd', async (b) => {
    const token = join(b.root, 'empty-token');
    writeFileSync(token, '');
    b.env = { AWS_ENDPOINT_URL: undefined, MODEL_TRANSFER_CREDENTIALS: 'web-identity', AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/x', AWS_WEB_IDENTITY_TOKEN_FILE: token, ...env };
    const outcome = await b.run(b.arguments(b.publish()));
    expect([outcome.code, outcome.termination]).toEqual([code, expect.stringMatching(says)]);
    expect(b.s3.requests).toEqual([]);
  }));
});
