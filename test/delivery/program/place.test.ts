import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, digests, findShell, withBench } from './bench';
import { elsewhere, marker, MODEL, shared, tools } from './place';

jest.setTimeout(60_000);

const dash = findShell('dash');
const busybox = findShell('busybox');
const run = dash ? test.concurrent : test.skip;
const runAsRoot = process.getuid?.() === 0 ? run : test.skip; // files of several users
const bench = (body: (bench: Bench) => Promise<void>) => () => withBench(dash!, 's5cmd', body);
const models = (b: Bench) => join(b.destination, 'models');

async function expectWhole(b: Bench, args: string[], files: Parameters<typeof digests>[0]) {
  const outcome = await b.run(args);
  expect([outcome.code, outcome.stderr]).toEqual([0, '']);
  expect(digests(b.files())).toEqual(digests(files));
}

run('S3-30 a size that is declared to the byte is enough', bench(async (b) => {
  const publication = b.publish(MODEL);
  await expectWhole(b, b.arguments(publication, { maxBytes: publication.totalBytes }), publication.files);
}));

run('an empty name of a model is refused, whichever comes after it', bench(async (b) => {
  const publication = b.publish(MODEL);
  const nameless = b.arguments(publication, { model: '', destination: join(b.destination, 'one') });
  const outcome = await b.run([...nameless, ...b.arguments(publication, { destination: join(b.destination, 'two') })]);
  expect([outcome.code, existsSync(join(b.destination, 'one', 'models'))]).toEqual([64, false]);
}));

run('S3-07 a trusted folder whose files are gone is filled again', bench(async (b) => {
  const publication = b.publish(MODEL);
  await b.run(b.arguments(publication));
  for (const name of readdirSync(models(b))) rmSync(join(models(b), name), { recursive: true });
  await expectWhole(b, b.arguments(publication), publication.files);
}));

run('what was planted among the published files goes, however it is called', bench(async (b) => {
  const publication = b.publish(MODEL);
  await b.run(shared(b, publication));
  elsewhere(b);
  for (const name of ['.x', '..y', 'grü', 'with\nnewline', '-rf', 'a*']) writeFileSync(join(models(b), name), 'x');
  mkdirSync(join(models(b), '.d', '.e'), { recursive: true });
  await expectWhole(b, shared(b, publication), publication.files);
  expect(readdirSync(models(b)).sort()).toEqual(['config.json', 'manifest.sha256', 'model.json', 'tokenizer', 'with blank']);
}));

run('a linked folder among the published files is replaced', bench(async (b) => {
  const publication = b.publish(MODEL);
  await b.run(shared(b, publication));
  elsewhere(b);
  execFileSync('sh', ['-c', 'mv "$1/models/tokenizer" "$1/elsewhere" && ln -s ../elsewhere "$1/models/tokenizer"', 'sh', b.destination]);
  await expectWhole(b, shared(b, publication), publication.files);
}));

run('.verified that links to another volume is no way to change that', bench(async (b) => {
  const publication = b.publish(MODEL);
  const other = join(b.root, 'other');
  mkdirSync(join(other, 'models'), { recursive: true });
  writeFileSync(join(other, 'models', 'x'), 'y');
  symlinkSync(other, join(b.destination, '.verified'));
  await expectWhole(b, b.arguments(publication), publication.files);
  expect(readFileSync(join(other, 'models', 'x'), 'utf8')).toBe('y');
}));

const PLANTED: Record<string, (b: Bench) => void> = {
  '.verified is a file': (b) => writeFileSync(join(b.destination, '.verified'), 'y'),
  'the marker is a folder': (b) => mkdirSync(join(marker(b), 'x'), { recursive: true }),
  'the marker is a fifo': (b) => { execFileSync('mkfifo', [marker(b)]); },
};

for (const [name, plant] of Object.entries(PLANTED)) {
  run(`${name}: it is replaced`, bench(async (b) => {
    const publication = b.publish(MODEL);
    plant(b);
    await expectWhole(b, b.arguments(publication), publication.files);
    expect((await b.run(b.arguments(publication))).events.map(({ event }) => event)).toEqual(['ready']);
  }));
}

run('a marker that cannot be written leaves the old one', bench(async (b) => {
  const publication = b.publish(MODEL);
  await b.run(b.arguments(publication));
  elsewhere(b);
  const before = readFileSync(marker(b), 'utf8');
  const full = 'case $1 in *.ready.*) f="${1%XXXXXX}full" && ln -s /dev/full "$f" && echo "$f" ;; *) exec /usr/bin/mktemp "$@" ;; esac\n';
  b.env = { PATH: tools(b, { mktemp: full }) };
  const outcome = await b.run(b.arguments(publication));
  expect([outcome.code, readFileSync(marker(b), 'utf8')]).toEqual([73, before]);
}));

for (const [what, withVerified] of [['what cannot be removed is told', true], ['what cannot be removed is told where nothing was verified yet', false]] as const) {
  runAsRoot(what, bench(async (b) => {
    for (const folder of [b.root, join(b.root, 'tmp')]) chmodSync(folder, 0o777);
    const verified = join(b.destination, '.verified');
    mkdirSync(join(models(b), 'old'), { recursive: true });
    if (withVerified) mkdirSync(join(verified, 'files'), { recursive: true });
    for (const folder of [b.destination, models(b), ...withVerified ? [verified, join(verified, 'files')] : []]) chownSync(folder, 65532, 65532);
    writeFileSync(join(models(b), 'old', 'file'), 'of root');
    const publication = b.publish(MODEL);
    b.uid = 65532;
    const outcome = await b.run(b.arguments(publication));
    expect([outcome.code, outcome.termination]).toEqual([64, expect.stringMatching(/cannot remove .*volume\/(models|\.verified\/files\/old) as user 65532/)]);
  }));
}

(busybox ? test.concurrent : test.skip)('busybox: a name of an older version that is not ASCII goes', () => withBench(busybox!, 's5cmd', async (b) => {
  expect((await b.run(b.arguments(b.publish({ ...MODEL, 'grüße.bin': bytes('x', 30) })))).code).toBe(0);
  const next = b.publish(MODEL, { prefix: 'models/team-a/llama/v2/' });
  await expectWhole(b, b.arguments(next), next.files);
}));
