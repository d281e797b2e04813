import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Bench, bytes, digests, Files, findShell, Outcome, Publication, sha256, withBench } from './bench';

jest.setTimeout(60_000);

const [dash, busybox] = [findShell('dash'), findShell('busybox')];
const run = dash ? test.concurrent : test.skip;
const inBusybox = busybox ? test.concurrent : test.skip;
const image = (b: Bench) => join(b.root, 'image', 'models');
const AWS = ['AWS_ENDPOINT_URL', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_REGION'];
const NO_AWS = Object.fromEntries(AWS.map((name) => [name, undefined]));
const copying = (test: (b: Bench, publication: Publication) => Promise<void>, shell = dash) => () => withBench(shell!, 'cp', async (b) => {
  b.env = NO_AWS;
  await test(b, bake(b, b.publish()));
});

/** The files of a model where an image has them. */
function bake(b: Bench, publication: Publication): Publication {
  for (const [name, content] of Object.entries(publication.files)) {
    const file = join(image(b), name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o444 });
  }
  return publication;
}

const flags = (b: Bench, { digest, totalBytes }: Publication) =>
  ['--model=llama', `--source=${image(b)}/`, `--digest=${digest}`, `--max-bytes=${totalBytes}`, `--destination=${b.destination}`];

async function refused(b: Bench, publication: Publication, code: number, says: RegExp): Promise<Outcome> {
  const outcome = await b.run(flags(b, publication));
  expect([outcome.code, outcome.termination]).toEqual([code, expect.stringMatching(says)]);
  expect([existsSync(join(b.destination, 'models')), existsSync(join(b.destination, '.ready')), b.processes()]).toEqual([false, false, []]);
  return outcome;
}

async function whole(b: Bench, publication: Publication): Promise<void> {
  const outcome = await b.run(flags(b, publication));
  expect([outcome.code, outcome.stderr]).toEqual([0, '']);
  expect(digests(b.files())).toEqual(digests(publication.files));
  expect(JSON.parse(outcome.termination)).toMatchObject({ digest: publication.digest, bytes: publication.totalBytes });
  expect([b.leftovers(), b.s3.requests, b.agent.calls]).toEqual([['.ready'], [], 0]);
}

const replace = (file: string, content: Buffer | string) => {
  chmodSync(file, 0o644);
  writeFileSync(file, content);
};

describe(`a copy out of a model image${dash ? '' : ' (skipped: no dash on this machine)'}`, () => {
  run('brings every byte, without network, region and credentials', copying(whole));
  inBusybox(`brings every byte under busybox, as model images have it${busybox ? '' : ' (skipped: no busybox on this machine)'}`, copying(whole, busybox));

  run('OCI-17 brings the files that links lead to, as the cache of a hub has them', copying(async (b, publication) => {
    const [blobs, file] = [join(b.root, 'image', 'blobs'), join(image(b), 'model-00001.safetensors')];
    mkdirSync(blobs);
    renameSync(file, join(blobs, 'f00d'));
    symlinkSync('../blobs/f00d', file);
    await whole(b, publication);
  }));

  run('OCI-17 needs no right to give files away', copying(async (b, publication) => {
    chmodSync(b.root, 0o777);
    for (const folder of ['tmp', 'volume']) chmodSync(join(b.root, folder), 0o777);
    b.uid = 65532;
    await whole(b, publication);
  }));

  run('copies many small files, names with blanks and quotes among them', copying(async (b) => {
    const files: Files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`shards/${index}.json`, bytes(`shard ${index}`, 50)]));
    await whole(b, bake(b, b.publish({ ...files, 'it\'s "a" name.txt': bytes('odd', 9), '-rf': bytes('option', 9), 'ünï/$(id).bin': bytes('shell', 9) })));
  }));

  run('a corrupted file ends it, with nothing visible', copying(async (b, publication) => {
    replace(join(image(b), 'model-00001.safetensors'), bytes('another', 900_000));
    await refused(b, publication, 65, /model-00001\.safetensors has sha256 \w+, the manifest says \w+, twice/);
  }));

  run('a file that is missing ends it, with nothing visible', copying(async (b, publication) => {
    rmSync(join(image(b), 'tokenizer'), { recursive: true });
    await refused(b, publication, 66, /tokenizer\/vocab\.txt: not in the image, or not readable/);
  }));

  run('the image of another version ends it, with nothing visible', copying(async (b, publication) => {
    replace(join(image(b), 'manifest.sha256'), `${sha256('other')}  model.json\n`);
    await refused(b, publication, 65, /pinned is sha256:/);
  }));

  run('an image without a manifest ends it, and says what is missing', copying(async (b, publication) => {
    rmSync(join(image(b), 'manifest.sha256'));
    await refused(b, publication, 66, /manifest\.sha256: not in the image/);
  }));

  run('a file that its user may not read ends it, and says so', copying(async (b, publication) => {
    chmodSync(b.root, 0o777);
    for (const folder of ['tmp', 'volume']) chmodSync(join(b.root, folder), 0o777);
    chmodSync(join(image(b), 'config.json'), 0o400);
    b.uid = 65532;
    await refused(b, publication, 66, /config\.json: not in the image, or not readable/);
  }));

  run('a source that is not a folder is refused', copying(async (b, publication) => {
    const outcome = await b.run(flags(b, publication).map((flag) => flag.replace(`--source=${image(b)}/`, '--source=s3://bucket/models/')));
    expect([outcome.code, outcome.termination]).toEqual([64, expect.stringMatching(/--source must be \/folder\//)]);
  }));

  run('killed at random points, it ends whole when it is started again', copying(async (b) => {
    const files: Files = { 'model-1.bin': bytes('large', 20_000_000), ...Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`small/${index}`, bytes(`${index}`, 1000)])) };
    const publication = bake(b, b.publish(files));
    for (const delay of [40, 90, 140, 200, 270, 350]) {
      const outcome = await b.run(flags(b, publication), () => b.later(delay, () => b.killAll()));
      if (outcome.code === 0) break;
      const visible = existsSync(join(b.destination, 'models'));
      if (visible) expect(digests(b.files())).toEqual(digests(publication.files));
      expect(visible || !existsSync(join(b.destination, '.ready'))).toBe(true);
    }
    await whole(b, publication);
  }));
});
