import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageReference } from '../../lib/delivery/images';
import { transferProgram } from '../../lib/delivery/program';
import { bytes, digests, Files, withBench } from '../delivery/program/bench';

jest.setTimeout(60_000);

const FOLDER = join(__dirname, '..', '..', 'images', 'downloader');
const recipe = readFileSync(join(FOLDER, 'Dockerfile'), 'utf8');
const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
/** Instructions as Docker joins them. */
const instructions = recipe.replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, ' ').split('\n').filter((line) => line !== '');
const values = (name: string) => instructions.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
const argument = (name: string) => values('ARG').find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
const TOOLS = /for tool in ([^;]*);/.exec(recipe)![1].split(' ');

const locate = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
const BUILTINS = ['kill', 'printf'];

test('it builds the version of s5cmd that the library runs, with an SDK that knows Pod Identity', () => {
  expect(imageReference('s5cmd')).toContain(`/s5cmd:${argument('S5CMD_VERSION')}@`);
  // https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html: 1.47.11
  const [, minor] = /^v1\.(\d+)\.\d+$/.exec(argument('AWS_SDK_VERSION')!)!;
  expect(Number(minor)).toBeGreaterThanOrEqual(55);
});

test('its stages start from images that the builder may replace', () => {
  expect(values('FROM')).toEqual(['--platform=$BUILDPLATFORM ${GO_IMAGE} AS build', '${BASE_IMAGE}']);
  for (const name of ['GO_IMAGE', 'BASE_IMAGE']) expect(argument(name)).toMatch(/^docker\.io\/library\/[a-z]+:\d+\.\d+(-alpine)?$/);
  for (const name of ['GO_IMAGE', 'BASE_IMAGE', 'S5CMD_VERSION', 'AWS_SDK_VERSION']) expect(readme).toContain(name);
});

test('it is built for every architecture from one, and runs as the user of the init container', () => {
  expect(values('ARG')).toEqual(expect.arrayContaining(['TARGETARCH', 'TARGETOS=linux']));
  expect(values('USER')).toEqual(['65532:65532']);
  expect(values('ENTRYPOINT')).toEqual(['["/s5cmd"]']);
  expect(values('COPY')).toEqual(['--from=build /build/s5cmd /s5cmd']);
  expect(values('LABEL').join(' ')).toMatch(/org\.opencontainers\.image\.version="\$S5CMD_VERSION"/);
});

test('a shell can read its commands', () => {
  expect(values('RUN')).toHaveLength(2);
  for (const command of values('RUN')) execFileSync('sh', ['-n', '-c', command]);
});

test('its README lists the same tools', () => {
  expect([...readme.split('## Tools')[1].matchAll(/`([a-z0-9]+)`/g)].map(([, tool]) => tool).sort()).toEqual(TOOLS);
});

// Every utility that POSIX or a small image has: what the program uses of them has to be on the list.
const UTILITIES = ('awk basename base64 cat chmod chown cksum cmp comm cp cut date dd df dirname du env expr find flock fuser grep gzip head hostname id jq kill link ln ls md5sum mkdir ' +
  'mkfifo mktemp mv nl nohup od openssl paste pgrep pkill ps printf readlink realpath rm rmdir sed seq setsid sh sha256sum sleep sort split stat stty sync tail tar tee timeout touch tr ' +
  'truncate tsort uname uniq uuidgen wc wget xargs').split(' ');

test('the tools that the program calls are on the list, and nothing else is', () => {
  const code = transferProgram('s5cmd').split('\n').filter((line) => !/^\s*#/.test(line)).join('\n');
  const start = String.raw`(?:^|[|;&({]|\$\(|\b(?:then|do|else|if|until|while|exec)\b|(?:timeout -k 5 "\$\w+")|(?:timeout 5)|\w+=\w*)\s*`;
  const called = UTILITIES.filter((tool) => new RegExp(`${start}${tool}(?=[ )]|$)`, 'm').test(code));
  expect(called.filter((tool) => !TOOLS.includes(tool))).toEqual([]);
  expect(TOOLS.filter((tool) => tool !== 'sh' && !called.includes(tool))).toEqual([]);
});

const missing = TOOLS.filter((tool) => !BUILTINS.includes(tool) && tool !== 'sh' && !locate(tool));
(missing.length === 0 && locate('dash') ? test : test.skip)(`the program needs nothing but these${missing.length ? ` (skipped: no ${missing})` : ''}`, async () => {
  const path = mkdtempSync(join(tmpdir(), 'tools-'));
  try {
    for (const tool of TOOLS.filter((name) => existsSync(locate(name)))) symlinkSync(tool === 'sh' ? locate('dash') : locate(tool), join(path, tool));
    symlinkSync(process.execPath, join(path, 'node')); // for the stand-in
    await withBench({ name: 'dash', sh: join(path, 'sh'), path }, 's5cmd', async (b) => {
      const files: Files = { 'config.json': bytes('config', 200), 'model.bin': bytes('weights', 9_000) };
      const publication = b.publish(files);
      const args = b.arguments(publication, { digest: publication.digest, shared: true });
      b.s3.rules = [{ key: /model\.bin/, fault: '503', times: 4 }];
      b.env = { MODEL_TRANSFER_JITTER: '1' };
      const first = await b.run(args);
      expect([first.code, first.stderr]).toEqual([0, '']);
      const marker = join(b.destination, '.ready');
      writeFileSync(marker, readFileSync(marker, 'utf8').replace(/\n.*\n/, '\nanother-boot\n'));
      writeFileSync(join(b.destination, 'models', 'config.json'), 'damaged');
      const second = await b.run(args);
      expect([second.code, second.stderr]).toEqual([0, '']);
      expect(digests(b.files())).toEqual(digests(publication.files));
    });
  } finally {
    rmSync(path, { recursive: true });
  }
});
