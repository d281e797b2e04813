import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TarEntry, untar } from './archives';
import { build, Built, digestOf, HAS_GNU_TOOLS, Layout } from './build-bench';
import { buildProgram } from '../../lib/oci/model-image-builder-program';
import { Bench, bytes, digests, Files, findShell, Publication, withBench } from '../delivery/program/bench';

jest.setTimeout(180_000); // a build is some 300 processes, and a test may have three of them

// The build image has bash as sh; dash takes less of what is no POSIX.
const [dash, bash] = [findShell('dash'), findShell('bash')];
const why = !dash ? ' (skipped: no dash on this machine)' : !HAS_GNU_TOOLS ? ' (skipped: no GNU tar and find on this machine)' : '';
const run = why === '' ? test.concurrent : test.skip;

interface Arranged {
  readonly b: Bench;
  readonly published: Publication;
  readonly target: Layout;
  /** A reference of a base image. */
  readonly base: string;
}

const building = (check: (arranged: Arranged) => Promise<void>, files?: Files, shell = dash) => () => withBench(shell!, 'aws', async b => {
  const base = new Layout(join(b.root, 'base')).putBase();
  await check({ b, published: b.publish(files), target: new Layout(join(b.root, 'registry')), base });
});

/** For one architecture, unless a test is about both. */
const builtBy = async ({ b, published, target, base }: Arranged, env: Record<string, string> = {}) => (
  build(b, published, target.folder, { IMAGE_BASE: base, IMAGE_PLATFORMS: 'amd64', ...env }));

const BOTH = { IMAGE_PLATFORMS: '' };

/** One build for both architectures, which tests that change nothing look at. */
function usual() {
  let release: () => void = () => {};
  const held = new Promise<void>(resolve => { release = resolve; });
  let made: Promise<Arranged & { built: Built; left: string }> | undefined;
  let over: Promise<void> | undefined;
  const start = () => made ??= new Promise((resolve, reject) => {
    over = building(async arranged => {
      const built = await builtBy(arranged, BOTH);
      resolve({ ...arranged, built, left: spawnSync('find', [arranged.b.root, '-name', 'layer.tar*', '-o', '-name', 'model-image.*'], { encoding: 'utf8' }).stdout });
      await held;
    })().catch(reject);
  });
  afterAll(() => { release(); return over; });
  return start;
}

function manifestsOf(target: Layout, image: string): any[] {
  return target.json(image.split('@')[1]).manifests.map((each: any) => target.json(each.digest));
}

/** What the layers of the model, without that of the base, hold. */
const entriesOf = (target: Layout, manifest: any): TarEntry[] => manifest.layers.slice(1).flatMap((each: any) => untar(target.blob(each.digest)));

function refused(built: Built, target: Layout, code: number, says: RegExp): void {
  expect([built.code, built.stderr, built.image]).toEqual([code, expect.stringMatching(says), undefined]);
  expect(target.tags()).toEqual({});
}

const there = spawnSync('shellcheck', ['--version']).status === 0;

(there ? test : test.skip)(`the program is clean for shellcheck${there ? '' : ' (skipped: no shellcheck on this machine)'}`, () => {
  const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2317', '-'], { input: buildProgram(), encoding: 'utf8' });
  expect(stdout).toBe('');
});

describe(`a model image${why}`, () => {
  const looked = usual();

  run('holds every byte of the model, for all to read and for nobody to write', async () => {
    const { published, target, built } = await looked();
    expect([built.code, built.stderr]).toEqual([0, '']);
    expect(built.image).toMatch(/registry@sha256:[0-9a-f]{64}$/);
    const manifests = manifestsOf(target, built.image!);
    expect(manifests).toHaveLength(2);
    for (const manifest of manifests) {
      const entries = entriesOf(target, manifest);
      const files = entries.filter(({ type }) => type === '0');
      expect(digests(Object.fromEntries(files.map(({ path, content }) => [path, content]))))
        .toEqual(digests(Object.fromEntries(Object.entries(published.files).map(([name, content]) => [`models/${name}`, content]))));
      expect([...new Set(files.map(({ mode }) => mode))]).toEqual(['444']);
      expect([...new Set(entries.filter(({ type }) => type === '5').map(({ mode }) => mode))]).toEqual(['555']);
      expect([...new Set(entries.map(({ owner, time }) => `${owner} ${time}`))]).toEqual(['0:0 : 0']);
      expect([...new Set(entries.map(({ type }) => type))].sort()).toEqual(['0', '5']); // OCI-17: files and folders, no links
    }
  });

  run('OCI-11 is an image, which containerd can unpack: a configuration, and layers with right digests', async () => {
    const { target, built: { image } } = await looked();
    const index = target.json(image!.split('@')[1]);
    expect(index.manifests.map((each: any) => each.platform)).toEqual([{ architecture: 'amd64', os: 'linux' }, { architecture: 'arm64', os: 'linux' }]);
    for (const [each, manifest] of index.manifests.map((entry: any) => [entry, target.json(entry.digest)])) {
      expect([manifest.mediaType, manifest.config.mediaType, manifest.artifactType]).toEqual(['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.config.v1+json', undefined]);
      const config = target.json(manifest.config.digest);
      expect([config.architecture, config.os, config.rootfs.type]).toEqual([each.platform.architecture, 'linux', 'layers']);
      expect(config.rootfs.diff_ids).toHaveLength(manifest.layers.length);
      expect(manifest.layers[0].mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip'); // Docker's own type would not belong into an OCI manifest
      manifest.layers.slice(1).forEach((layer: any, place: number) => {
        const content = target.blob(layer.digest);
        expect(layer).toEqual({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(content), size: content.length });
        expect(config.rootfs.diff_ids[place + 1]).toBe(digestOf(content));
      });
    }
  });

  run('OCI-06 has no entry point, no command and no user, and says what it is', async () => {
    const { published, target, built: { image } } = await looked();
    for (const manifest of manifestsOf(target, image!)) {
      const { config } = target.json(manifest.config.digest);
      expect(Object.keys(config).sort()).toEqual(['Env', 'Labels']);
      expect(config.Labels).toEqual({
        'io.github.cdk-eks-model-artifacts.model.digest': published.digest,
        'org.opencontainers.image.title': 'llama',
        'org.opencontainers.image.version': 'v1',
      });
    }
  });

  run('OCI-07 has the layers of its base, with their shell, unless it has none', async () => {
    const { target, base, built: { image } } = await looked();
    const bases = new Layout(base.split('@')[0]);
    const theirs = manifestsOf(bases, base);
    manifestsOf(target, image!).forEach((manifest, place) => {
      expect(manifest.layers[0].digest).toBe(theirs[place].layers[0].digest);
      expect(target.blob(manifest.layers[0].digest)).toEqual(bases.blob(manifest.layers[0].digest));
      expect(target.json(manifest.config.digest).rootfs.diff_ids[0]).toBe(bases.json(theirs[place].config.digest).rootfs.diff_ids[0]);
    });
  });

  run('OCI-07 has no layer but those of the model where it has no base', building(async arranged => {
    const { target } = arranged;
    const bare = await builtBy(arranged, { IMAGE_BASE: '' });
    expect(manifestsOf(target, bare.image!).map(({ layers }) => layers.length)).toEqual([1]);
    expect(target.json(manifestsOf(target, bare.image!)[0].config.digest).config.Env).toBeUndefined();
  }));

  run('has the same digest when it is built again, which is no failure', async () => {
    const arranged = await looked();
    const again = await builtBy(arranged, BOTH);
    expect([again.code, again.image, again.stdout]).toEqual([0, arranged.built.image, expect.stringContaining('is there already, with the same digest')]);
  });

  (bash ? run : test.skip)('has the same digest elsewhere, under bash, which the build image has', building(async arranged => {
    const [elsewhere, { built }] = [await builtBy(arranged, BOTH), await looked()];
    expect([elsewhere.code, elsewhere.stderr]).toEqual([0, '']);
    expect(elsewhere.image!.split('@')[1]).toBe(built.image!.split('@')[1]);
  }, undefined, bash));

  run('OCI-15 has tags that follow from what it is made of; equal files are also another version, for other architectures', building(async arranged => {
    const { published, target } = arranged;
    const first = await builtBy(arranged);
    const tags = Object.keys(target.tags()).sort();
    expect(tags).toEqual([expect.stringMatching(`^model-${published.digest.slice(7)}-[0-9a-f]{12}$`), `${tags[0]}-amd64`]);
    expect(target.tags()[tags[0]]).toBe(first.image!.split('@')[1]);
    const before = target.tags();
    const other = await builtBy(arranged, { MODEL_VERSION: 'v2', ...BOTH });
    expect([other.code, other.stderr]).toEqual([0, '']);
    expect(target.tags()).toMatchObject(before);
    expect(Object.keys(target.tags())).toHaveLength(5);
  }));

  run('OCI-14 has a layer for each large file, largest first, and one for the small ones', building(async arranged => {
    const { target } = arranged;
    const { image } = await builtBy(arranged, { IMAGE_LARGE_FILE: '30000' });
    const layers = manifestsOf(target, image!)[0].layers.slice(1).map((each: any) => untar(target.blob(each.digest)).map(({ path }) => path));
    expect(layers).toEqual([
      ['models/', 'models/w-2.safetensors'],
      ['models/', 'models/deep/', 'models/deep/w-1.safetensors'],
      ['models/', 'models/deep/', 'models/config.json', 'models/deep/tokenizer.txt', 'models/manifest.sha256', 'models/model.json'],
    ]);
  }, { 'config.json': bytes('c', 10), 'deep/w-1.safetensors': bytes('1', 30_000), 'w-2.safetensors': bytes('2', 40_000), 'deep/tokenizer.txt': bytes('t', 9_000) }));

  run('OCI-14 a file that no layer may hold is refused before anything of the model is pushed', building(async arranged => {
    const built = await builtBy(arranged, { IMAGE_LAYER_LIMIT: '800000' });
    refused(built, arranged.target, 65, /model-00001\.safetensors has 900000 bytes, and a layer at most 800000 .*: split the file into shards/);
  }));

  run('takes names with blanks, quotes and more than a hundred characters', building(async arranged => {
    const { published, target } = arranged;
    const { image } = await builtBy(arranged);
    const files = entriesOf(target, manifestsOf(target, image!)[0]).filter(({ type }) => type === '0');
    expect(digests(Object.fromEntries(files.map(({ path, content }) => [path.replace('models/', ''), content])))).toEqual(digests(published.files));
  }, { 'a b.txt': bytes('1', 5), 'it\'s "$(id)`*?[a]': bytes('2', 5), '-rf': bytes('3', 5), '@file': bytes('4', 5), [`${'d/'.repeat(60)}ü`]: bytes('5', 5) }));

  run('a corrupted source ends the build, with nothing pushed', building(async arranged => {
    const { b, published, target } = arranged;
    b.s3.objects.set(`${published.prefix}model-00001.safetensors`, bytes('other', 900_000));
    refused(await builtBy(arranged), target, 65, /model-00001\.safetensors has sha256 \w+, the manifest says/);
    expect(spawnSync('ls', [target.folder]).status).not.toBe(0);
  }));

  run('another model than the pinned one ends the build', building(async arranged => {
    refused(await builtBy(arranged, { MODEL_DIGEST: `sha256:${'a'.repeat(64)}` }), arranged.target, 65, /pinned is sha256:a/);
  }));

  run('a registry that takes no layer ends the build, with no tag pushed', building(async arranged => {
    refused(await builtBy(arranged, { ORAS_FAILS: 'blob push' }), arranged.target, 69, /takes no sha256:\w+ of \d+ bytes: Error: .*503/);
  }));

  run('a base image that can\'t be had ends the build before anything of the model is fetched', building(async arranged => {
    refused(await builtBy(arranged, { ORAS_FAILS: 'manifest fetch \\S*base@' }), arranged.target, 69, /the base image .* can't be had for linux\/amd64: Error: .*503/);
    expect(arranged.b.s3.requests).toEqual([]);
  }));

  run.each<[string, Record<string, string>, RegExp]>([
    ['no digest', { MODEL_DIGEST: '' }, /MODEL_DIGEST is missing/],
    ['a digest that is cut', { MODEL_DIGEST: 'sha256:abc' }, /MODEL_DIGEST must be/],
    ['a base by its tag', { IMAGE_BASE: 'busybox:1.37' }, /pin it by its digest/],
    ['a name that would be JSON', { MODEL_NAME: 'a","b' }, /holds more than letters/],
    ['an architecture that does not exist', { IMAGE_PLATFORMS: 'amd64 sparc' }, /IMAGE_PLATFORMS has sparc/],
    ['no role', { AWS_CONTAINER_CREDENTIALS_FULL_URI: '' }, /this container has no role/],
  ])('settings are refused: %s', async (_, env, says) => building(async arranged => {
    const built = await builtBy(arranged, env);
    expect([built.code, built.stderr]).toEqual([expect.any(Number), expect.stringMatching(says)]);
    expect([64, 77]).toContain(built.code);
    expect(arranged.target.tags()).toEqual({});
  })());

  run('leaves nothing but the model on the disk', async () => {
    const { built, left } = await looked();
    expect(built.code).toBe(0);
    expect(left).toBe('');
  });
});

test('the limits are those of ECR and of overlay file systems', () => {
  const program = readFileSync(join(__dirname, '..', '..', 'lib', 'oci', 'build-image.sh'), 'utf8');
  expect(buildProgram()).toContain('large_file=${IMAGE_LARGE_FILE:-67108864} ');
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html: 52,000 MiB
  expect(program).toContain(`layer_limit=\${IMAGE_LAYER_LIMIT:-${52_000 * 1024 * 1024}}`);
  expect(program).toContain('most_layers=${IMAGE_LAYERS:-60}');
});
