import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, digests, Files, findShell, sha256, SMALL_MODEL, withBench } from './bench';
import { expectNoProcesses } from './scenarios';
import { transferProgram } from '../../../lib/delivery/program';

jest.setTimeout(60_000);

const dash = findShell('dash');
const run = dash ? test.concurrent : test.skip; // most of a run is waiting
const bench = (test: (bench: Bench) => Promise<void>) => () => withBench(dash!, 's5cmd', test);
const busybox = findShell('busybox');

/** What depends on how a shell and its tools treat signals and processes. */
function inBoth(name: string, body: (bench: Bench) => Promise<void>) {
  for (const [label, shell] of Object.entries({ dash, busybox })) {
    (shell ? test.concurrent : test.skip)(`${name}, under ${label}${shell ? '' : ' (skipped: not on this machine)'}`, () => withBench(shell!, 's5cmd', body));
  }
}

const OTHER_BOOT = '11111111-2222-3333-4444-555555555555';
const boot = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
/** The note of what was verified, for which manifest and on which boot. */
const note = (digest: string) => `${digest.slice('sha256:'.length)} ${boot()}\n`;

const rewrite = (file: string, change: (text: string) => string) => writeFileSync(file, change(readFileSync(file, 'utf8')));

describe(`restarts${dash ? '' : ' (skipped: no dash on this machine)'}`, () => {
  run('a second start does nothing and asks nobody', bench(async (b) => {
    const publication = b.publish();
    expect((await b.run(b.arguments(publication))).code).toBe(0);
    b.s3.requests.length = b.agent.calls = 0;
    await b.agent.stop();
    const again = await b.run(b.arguments(publication, { digest: publication.digest }));
    expect([again.code, b.s3.requests, b.agent.calls]).toEqual([0, [], 0]);
    expect(JSON.parse(again.termination)).toMatchObject({ cached: true, digest: publication.digest, bytes: publication.totalBytes });
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('every user may read what was delivered, whatever the downloader made of it', bench(async (b) => {
    const publication = b.publish();
    expect((await b.run(b.arguments(publication))).code).toBe(0);
    const mode = (name: string) => statSync(join(b.destination, 'models', name)).mode.toString(8).slice(-3);
    for (const name of Object.keys(publication.files)) expect([name, mode(name)]).toEqual([name, '644']);
    expect(mode('tokenizer')).toBe('755');
  }));

  run('a file that the manifest does not name is never delivered', bench(async (b) => {
    const publication = b.publish();
    const verified = join(b.destination, '.verified');
    mkdirSync(join(verified, 'files'), { recursive: true });
    writeFileSync(join(verified, 'for'), note(publication.digest));
    writeFileSync(join(verified, 'files', 'extra.bin'), '');
    const outcome = await b.run(b.arguments(publication));
    expect([outcome.code, outcome.termination]).toEqual([70, expect.stringMatching(/files are verified, expected are/)]);
    expect(existsSync(join(b.destination, 'models'))).toBe(false);
  }));

  run('a kill between rename and marker heals without fetching', bench(async (b) => {
    const publication = b.publish();
    await b.run(b.arguments(publication));
    rmSync(join(b.destination, '.ready'));
    for (const name of ['.ready.Ab12Cd', '.incoming/1/1.file', '.verified/for']) {
      mkdirSync(join(b.destination, name, '..'), { recursive: true });
      writeFileSync(join(b.destination, name), 'left by the killed one');
    }
    b.s3.requests.length = 0;
    expect((await b.run(b.arguments(publication, { digest: publication.digest }))).code).toBe(0);
    expect([b.s3.requests, b.leftovers()]).toEqual([[], ['.ready']]);
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('S3-09 a kill right after the marker leaves nothing that nobody sweeps', bench(async (b) => {
    const publication = b.publish();
    const tools = join(b.root, 'tools');
    mkdirSync(tools);
    // The rename of the marker is the last thing that this program does.
    writeFileSync(join(tools, 'mv'), '#!/bin/sh\nPATH=${PATH#*:}\nmv "$@" || exit\ncase $* in *.ready) kill -9 "$PPID" ;; esac\n', { mode: 0o755 });
    b.env = { PATH: `${tools}:${b.shell.path}` };
    expect((await b.run(b.arguments(publication))).signal).toBe('SIGKILL');
    b.killAll();
    expect(b.leftovers()).toEqual(['.ready']);
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('S3-07 a folder without a marker is hashed again and only what is wrong is fetched', bench(async (b) => {
    const publication = b.publish();
    await b.run(b.arguments(publication));
    rmSync(join(b.destination, '.ready'));
    writeFileSync(join(b.destination, 'models', 'model-00002.safetensors'), bytes('stale', 300_000)); // of the same size
    writeFileSync(join(b.destination, 'models', 'model-00002.safetensors123456'), 'not published');
    b.s3.requests.length = 0;
    expect((await b.run(b.arguments(publication, { digest: publication.digest }))).code).toBe(0);
    expect(new Set(b.s3.keys())).toEqual(new Set([`${publication.prefix}model-00002.safetensors`]));
    expect(digests(b.files())).toEqual(digests(publication.files));
    expect(b.leftovers()).toEqual(['.ready']);
  }));

  run('S3-07 after another boot every file is hashed again', bench(async (b) => {
    const publication = b.publish();
    await b.run(b.arguments(publication));
    rewrite(join(b.destination, '.ready'), (text) => text.replace(boot(), OTHER_BOOT));
    writeFileSync(join(b.destination, 'models', 'config.json'), bytes('lost', 200));
    b.s3.requests.length = 0;
    expect((await b.run(b.arguments(publication))).code).toBe(0);
    expect(new Set(b.s3.keys())).toEqual(new Set([`${publication.prefix}config.json`]));
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('verified files of another boot are hashed again', bench(async (b) => {
    const publication = b.publish();
    b.s3.rules = [{ key: /model-00001/, fault: 'denied' }];
    b.env = { MODEL_TRANSFER_JOBS: '1' };
    await b.run(b.arguments(publication));
    const verified = join(b.destination, '.verified');
    const kept = Object.keys(b.files(join(verified, 'files'))).filter((name) => !/manifest|model\.json/.test(name));
    expect(kept.length).toBeGreaterThan(0);
    kept.forEach((name) => writeFileSync(join(verified, 'files', name), 'lost by a crash'));
    rewrite(join(verified, 'for'), (text) => text.replace(boot(), OTHER_BOOT));
    b.s3.rules = [];
    expect((await b.run(b.arguments(publication))).code).toBe(0);
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('S3-07 a new version replaces the old one, whose shards have the same size', bench(async (b) => {
    const old = b.publish();
    await b.run(b.arguments(old));
    const files: Files = { ...SMALL_MODEL, 'model-00002.safetensors': bytes('tuned', 300_000) };
    const tuned = b.publish(files, { prefix: 'models/team-a/llama/v2/' });
    b.s3.requests.length = 0;
    b.s3.rules = [{ key: /model-00002/, fault: 'denied', times: 1 }];
    expect((await b.run(b.arguments(tuned))).code).toBe(66);
    expect(existsSync(join(b.destination, 'models'))).toBe(false);
    expect((await b.run(b.arguments(tuned))).code).toBe(0);
    expect(digests(b.files())).toEqual(digests(tuned.files));
    expect(b.s3.keys().filter((key) => /model-00001/.test(key))).toEqual([]); // the same bytes in both
  }));

  run('S3-09 what a killed downloader left is swept, never moved', bench(async (b) => {
    const publication = b.publish();
    const junk = ['.incoming/1/1.file83746', '.incoming/config.json', '.verified/files/odd/config.json', '.verified/odd/file', '.ready.Ab12Cd'];
    for (const name of junk) {
      mkdirSync(join(b.destination, name, '..'), { recursive: true });
      writeFileSync(join(b.destination, name), 'junk');
    }
    let during: string[] = ['nothing was fetched'];
    b.s3.rules = [{ key: /config\.json/, fault: 'hook', times: 1, hook: () => { during = junk.filter((name) => existsSync(join(b.destination, name))); } }];
    expect((await b.run(b.arguments(publication))).code).toBe(0);
    expect(digests(b.files())).toEqual(digests(publication.files));
    expect(b.leftovers()).toEqual(['.ready']);
    expect(during).toEqual([]); // before more bytes come, not only at the end
  }));

  inBoth('S3-09 a SIGKILL at any of ten points loses nothing that was verified', async (b) => {
    const files: Files = Object.fromEntries(Array.from({ length: 10 }, (_, shard) => [`shards/model-${shard}.bin`, bytes(`shard ${shard}`, 20_000)]));
    const publication = b.publish(files);
    b.env = { MODEL_TRANSFER_JOBS: '2' };
    const verified = () => existsSync(join(b.destination, '.verified'))
      ? readdirSync(join(b.destination, '.verified'), { recursive: true }).map(String).map((name) => name.slice('files/'.length)).filter((name) => name in publication.files && name !== 'manifest.sha256')
      : [];
    // Where the shell's tools can lock, the folder is shared, and one that is whole is damaged to see it repaired.
    const shared = b.shell.name === 'dash' && spawnSync('flock', ['--version']).status === 0;
    const args = b.arguments(publication, { digest: publication.digest, shared });
    const [damaged] = Object.keys(files), damage = bytes('damage', 20_000);
    const expectNothingElse = () => {
      for (const [name, content] of Object.entries(b.files())) {
        if (!(shared && name === damaged && content.equals(damage))) expect([name, sha256(content)]).toEqual([name, sha256(publication.files[name])]);
      }
      expect([0, Object.keys(publication.files).length]).toContain(Object.keys(b.files()).length);
    };
    let seed = 20_240_601, finished = 0, everKept = 0;
    for (let point = 0; point < 10; point++) {
      const before = verified();
      b.s3.requests.length = 0;
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      // After some requests, and a while: a point in the transfer, however fast the machine is.
      const requests = 1 + seed % 7, wait = seed % 113;
      let timer: NodeJS.Timeout | undefined;
      const outcome = await b.run(args, () => {
        timer = setInterval(() => {
          if (b.s3.requests.length < requests) return;
          clearInterval(timer);
          timer = setTimeout(() => b.killAll(), wait);
        }, 5);
      });
      clearTimeout(timer);
      const fetched = b.s3.keys().map((key) => key.slice(publication.prefix.length));
      expect(fetched.filter((name) => before.includes(name))).toEqual([]);
      expectNothingElse();
      if (outcome.code === 0) { // it was faster: begin anew
        expect(digests(b.files())).toEqual(digests(publication.files));
        finished++;
        if (shared) {
          writeFileSync(join(b.destination, 'models', damaged), damage);
          rewrite(join(b.destination, '.ready'), (text) => text.replace(boot(), OTHER_BOOT));
        } else {
          rmSync(b.destination, { recursive: true });
          mkdirSync(b.destination);
        }
      }
      everKept += verified().length;
    }
    const before = verified();
    b.s3.requests.length = 0;
    expect((await b.run(args)).code).toBe(0);
    expect(b.s3.keys().map((key) => key.slice(publication.prefix.length)).filter((name) => before.includes(name))).toEqual([]);
    expect(digests(b.files())).toEqual(digests(publication.files));
    // Beside others, a temporary marker may be another one's: the next change of the folder sweeps it.
    expect(b.leftovers().filter((name) => !(shared && name.startsWith('.ready.')))).toEqual([...shared ? ['.lock'] : [], '.ready']);
    expect(everKept + finished).toBeGreaterThan(0); // else it was killed too early to show anything
  });

  inBoth('SIGTERM ends everything and keeps what was verified', async (b) => {
    const publication = b.publish();
    b.s3.rules = [{ key: /model-00001/, fault: 'stall in body' }];
    const kept = () => b.leftovers().filter((name) => /\.verified\/.*\/config\.json$/.test(name));
    b.env = { MODEL_TRANSFER_STALL: '60' };
    let signalled = 0;
    const outcome = await b.run(b.arguments(publication), (child) => {
      const timer = setInterval(() => {
        if (kept().length === 0) return;
        clearInterval(timer);
        signalled = Date.now();
        child.kill('SIGTERM');
      }, 50);
      child.on('exit', () => clearInterval(timer));
    });
    expect([outcome.code, outcome.termination]).toEqual([143, expect.stringContaining('signal')]);
    await expectNoProcesses(b);
    expect(Date.now() - signalled).toBeLessThan(30_000); // far below the stall that it was in
    expect(kept()).toHaveLength(1);
    expect(b.leftovers().filter((name) => name.startsWith('.incoming'))).toEqual([]);
    b.s3.rules = [];
    b.s3.requests.length = 0;
    expect((await b.run(b.arguments(publication))).code).toBe(0);
    expect(b.s3.keys().filter((key) => /config\.json/.test(key))).toEqual([]);
  });

  run('SIGTERM while credentials are awaited', bench(async (b) => {
    await b.agent.stop();
    b.env = { MODEL_TRANSFER_CREDENTIALS_WAIT: '60', MODEL_TRANSFER_BACKOFF_CAP: '60' };
    const outcome = await b.run(b.arguments(b.publish()), (child) => setTimeout(() => child.kill('SIGTERM'), 600));
    expect(outcome.code).toBe(143);
    expect(outcome.seconds).toBeLessThan(30); // of sixty that it would have waited
    await expectNoProcesses(b);
  }));
});

describe(`the command line${dash ? '' : ' (skipped: no dash on this machine)'}`, () => {
  run('two models in one call, each to its own folder', bench(async (b) => {
    const base = b.publish();
    const adapter = b.publish({ 'adapter.bin': bytes('adapter', 3_000) }, { prefix: 'models/team-a/adapter/v7/' });
    const second = join(b.destination, 'adapter');
    const outcome = await b.run([...b.arguments(base, { destination: join(b.destination, 'base') }), ...b.arguments(adapter, { model: 'adapter "7"', destination: second })]);
    expect(outcome.code).toBe(0);
    expect(digests(b.files(join(second, 'models')))).toEqual(digests(adapter.files));
    expect(digests(b.files(join(b.destination, 'base', 'models')))).toEqual(digests(base.files));
    expect(outcome.termination.trim().split('\n').map((line) => JSON.parse(line).model)).toEqual(['llama', 'adapter "7"']);
  }));

  run('thousands of small files travel in batches', bench(async (b) => {
    const files: Files = Object.fromEntries(Array.from({ length: 900 }, (_, file) => [`part-${file % 7}/row-${file}.json`, bytes(`row ${file}`, 40)]));
    const publication = b.publish(files);
    b.s3.rules = [{ key: /row-55\./, fault: '503', times: 4 }, { key: /row-700\./, fault: 'flip a bit', times: 1 }];
    b.env = { MODEL_TRANSFER_STALL: '60' };
    const outcome = await b.run(b.arguments(publication));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(digests(b.files())).toEqual(digests(publication.files));
    // One file that fails is asked for again, not its batch.
    expect(b.s3.keys().filter((key) => /row-/.test(key)).length).toBeLessThan(910);
    expect(b.agent.calls).toBeLessThan(20); // each process of the downloader asks once
  }));

  run('the object that is to blame in a batch is named', bench(async (b) => {
    const files: Files = Object.fromEntries(Array.from({ length: 40 }, (_, file) => [`row-${file}.json`, bytes(`row ${file}`, 40)]));
    b.s3.rules = [{ key: /row-33\./, fault: '404' }, { key: /row-31\./, fault: '503' }];
    const outcome = await b.run(b.arguments(b.publish(files)));
    expect([outcome.code, outcome.termination]).toEqual([66, expect.stringContaining('row-33.json: not published')]);
  }));

  run('the first failure ends the other workers', bench(async (b) => {
    b.s3.rules = [{ key: /model-00001/, fault: 'stall in body' }, { key: /model-00002/, fault: 'denied' }];
    b.env = { MODEL_TRANSFER_STALL: '60' };
    const outcome = await b.run(b.arguments(b.publish()));
    expect([outcome.code, outcome.seconds < 30]).toEqual([66, true]);
    await expectNoProcesses(b);
  }));

  run('progress tells bytes, total, rate and time left', bench(async (b) => {
    b.s3.rules = [{ key: /model-00001/, fault: 'stall in body', times: 1 }];
    b.env = { MODEL_TRANSFER_STALL: '5' };
    const publication = b.publish({ 'model-00001.safetensors': bytes('slow', 300_000), 'model-00002.safetensors': bytes('fast', 100_000) });
    const outcome = await b.run(b.arguments(publication));
    const progress = outcome.events.filter(({ event }) => event === 'progress');
    expect(outcome.code).toBe(0);
    expect(progress.length).toBeGreaterThan(0);
    for (const event of progress) {
      expect(event).toEqual({ v: 1, event: 'progress', model: 'llama', bytes: expect.any(Number), totalBytes: 400_000, rate: expect.any(Number), eta: event.rate > 0 ? expect.any(Number) : null });
      expect(event.bytes).toBeLessThanOrEqual(400_000);
    }
    expect(progress.at(-1).bytes).toBeGreaterThanOrEqual(100_000);
  }));

  run('S3-10 nothing but the destination and TMPDIR has to be writable, and nobody has to be root', bench(async (b) => {
    chmodSync(b.root, 0o777);
    if (process.getuid!() === 0) {
      b.uid = 65534;
      [b.destination, join(b.root, 'tmp')].forEach((folder) => chownSync(folder, 65534, 65534));
    }
    b.env = { HOME: '/nonexistent' };
    const publication = b.publish();
    const outcome = await b.run(b.arguments(publication));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('S3-01 the bridge gives what credential_process needs, and the downloader alone gets nothing', bench(async (b) => {
    const program = join(b.root, 'program.sh');
    writeFileSync(program, transferProgram('s5cmd'));
    const env = { PATH: dash!.path, AWS_CONTAINER_CREDENTIALS_FULL_URI: b.agent.uri, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(b.root, 'token') };
    const bridge = await new Promise<string>((resolve) => {
      execFile(dash!.sh, [program, 'credentials'], { env }, (_, stdout) => resolve(stdout));
    });
    expect(JSON.parse(bridge)).toEqual({
      Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/), SecretAccessKey: b.agent.secret, SessionToken: expect.stringMatching(/^session-/), Expiration: expect.stringMatching(/Z$/),
    });
    expect(bridge.length).toBeLessThan(8192);
    // The public image's SDK; a build of images/downloader would ask the agent itself.
    const alone = await new Promise<[unknown, string]>((resolve) => {
      const variables = { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials', AWS_REGION: 'us-west-2', S3_ENDPOINT_URL: b.s3.endpoint };
      execFile(process.env.S5CMD_BINARY ?? join(__dirname, 'downloaders', 's5cmd'), ['--log', 'error', 'cp', 's3://models-bucket/x', 'x'], { env: variables, cwd: b.root, timeout: 20_000 }, (error, _, stderr) => resolve([error?.code, stderr]));
    });
    expect(alone).toEqual([1, process.env.S5CMD_BINARY ? expect.any(String) : expect.stringContaining('NoCredentialProviders')]);
  }));
});
