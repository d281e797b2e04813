import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, digests, findShell, namesBelow, withBench } from './bench';
import { boots, elsewhere, MODEL, OTHER_BOOT, otherTmp, shared, tools, until } from './place';

jest.setTimeout(60_000);

const dash = findShell('dash');
const why = dash && existsSync('/usr/bin/flock') ? '' : ' (skipped: no dash or no flock on this machine)';
const run = why ? test.skip : test.concurrent; // most of a run is waiting
const runAsRoot = process.getuid?.() === 0 ? run : test.skip; // files of several users
const bench = (body: (bench: Bench) => Promise<void>) => () => withBench(dash!, 's5cmd', body);

/** NFSv4 makes byte-range locks of flock's: refused unless the file is open for reading (shared) or for writing (exclusive). */
const NFS_FLOCK = `mode=$(sed -n 's/^flags:.*\\([0-7]\\)$/\\1/p' /proc/self/fdinfo/9)
case "$* $mode" in *-s*' 1' | *-x*' 0') echo 'flock: 9: Bad file descriptor' >&2; exit 65 ;; esac
exec /usr/bin/flock "$@"
`;
const NO_FLOCK = '[ "$1" = -u ] || { echo "flock: 9: Function not implemented" >&2; exit 71; }\n';
/** Each program on a node of its own. */
const OWN_BOOT = '[ "$1" != /proc/sys/kernel/random/boot_id ] || { echo "$FAKE_BOOT"; exit; }\nexec /bin/cat "$@"\n';

const landing = (b: Bench) => {
  const incoming = join(b.destination, '.incoming');
  return namesBelow(incoming).filter((name) => /file/.test(name));
};

/** Programs on so many nodes at once. */
function onNodes(b: Bench, count: number, path: string, args: string[]) {
  return Promise.all(Array.from({ length: count }, (_, index) => {
    b.env = { PATH: path, TMPDIR: otherTmp(b, `tmp${index}`), FAKE_BOOT: `boot-${index}` };
    return b.run(args);
  }));
}

describe(`programs beside each other${why}`, () => {
  run('the lock is one that NFS grants', bench(async (b) => {
    b.env = { PATH: tools(b, { flock: NFS_FLOCK }) };
    const outcome = await b.run(shared(b, b.publish(MODEL)));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
  }));

  run('a program that ends while it waits leaves what another one is fetching', bench(async (b) => {
    const publication = b.publish(MODEL);
    b.s3.rules = [{ key: /config/, fault: 'stall in body', times: 1 }];
    b.env = { MODEL_TRANSFER_STALL: '60', TRANSFER_BENCH: `${b.id}-holder` };
    const first = b.run(shared(b, publication));
    const stalled = () => b.s3.keys().some((key) => /config/.test(key)) && landing(b).length > 0;
    await until(stalled);
    b.env = { TMPDIR: otherTmp(b) };
    const second = await b.run(shared(b, publication), (child) => child.stdout!.once('data', () => child.kill('SIGTERM')));
    await until(stalled);
    b.killAll(`${b.id}-holder`);
    await first;
    expect(second.code).toBe(143);
  }));

  run('nor does one that cannot lock disturb it', bench(async (b) => {
    const publication = b.publish({ ...MODEL, slow: bytes('slow', 300_000) });
    b.s3.rules = [{ key: /slow/, fault: 'trickle', times: 1 }];
    b.env = { TRANSFER_BENCH: `${b.id}-holder` };
    const first = b.run(shared(b, publication));
    await until(() => b.s3.keys().some((key) => /slow/.test(key)));
    b.env = { TMPDIR: otherTmp(b), PATH: tools(b, { flock: NO_FLOCK }) };
    const second = await b.run(shared(b, publication));
    const outcome = await first;
    expect([second.code, outcome.code, outcome.events.filter(({ event }) => event === 'retry')]).toEqual([64, 0, []]);
  }));

  runAsRoot('a volume that cannot be written to is told', bench(async (b) => {
    for (const folder of [b.root, join(b.root, 'tmp')]) chmodSync(folder, 0o777);
    const publication = b.publish(MODEL);
    b.uid = 65532;
    const outcome = await b.run(shared(b, publication));
    expect([outcome.code, outcome.termination]).toEqual([64, expect.stringMatching(/cannot write to .* as user 65532/)]);
  }));

  runAsRoot('two users of one group repair each other\'s folder', bench(async (b) => {
    for (const folder of [b.root, join(b.root, 'tmp')]) chmodSync(folder, 0o777);
    chownSync(b.destination, 0, 0);
    chmodSync(b.destination, 0o2775);
    const publication = b.publish(MODEL);
    b.uid = 65532;
    expect((await b.run(shared(b, publication))).code).toBe(0);
    elsewhere(b);
    writeFileSync(join(b.destination, 'models', 'tokenizer', 'vocab.txt'), bytes('lost', 5_000));
    rmSync(join(b.root, 'tmp'), { recursive: true });
    mkdirSync(join(b.root, 'tmp'));
    chmodSync(join(b.root, 'tmp'), 0o777);
    b.uid = 65533;
    const outcome = await b.run(shared(b, publication));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('S3-14 of nodes that start at once one fetches, the others look together, and all are remembered', bench(async (b) => {
    const publication = b.publish(MODEL);
    const outcomes = await onNodes(b, 4, tools(b, { cat: OWN_BOOT }), shared(b, publication));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(outcomes.filter(({ events }) => !events.at(-1).cached)).toHaveLength(1);
    expect(boots(b)).toEqual(['boot-0', 'boot-1', 'boot-2', 'boot-3']);
  }));

  run('nodes that confirm at once are all remembered', bench(async (b) => {
    const publication = b.publish(MODEL);
    await b.run(shared(b, publication));
    elsewhere(b);
    const outcomes = await onNodes(b, 4, tools(b, { cat: OWN_BOOT }), shared(b, publication));
    expect(outcomes.map(({ code, events }) => [code, events.at(-1).cached])).toEqual(Array(4).fill([0, true]));
    expect(boots(b)).toEqual([OTHER_BOOT, 'boot-0', 'boot-1', 'boot-2', 'boot-3']);
  }));
});
