import * as fs from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { digestOf, pushBase } from './base-image';
import { Site } from './site';
import { Part, Run } from '../part';
import { finish, succeed } from '../processes';
import { AWS_CLI, BUSYBOX, CRANE, ORAS, VERSITYGW } from '../tools/catalogue';

/** The program of `ModelImageBuilder` makes images with the real oras and the real AWS CLI, and crane says what they are. */
export const OCI: Part = {
  name: 'oci',
  programs: ['tar', 'find', 'gzip'],
  tools: [ORAS, CRANE, AWS_CLI, VERSITYGW, BUSYBOX],
  async run(run) {
    const site = await Site.make(run);
    try {
      const image = await checkImage(run, site);
      await checkAgain(run, site, image);
      await checkRefused(run, site);
    } finally {
      site.stop();
    }
  },
};

async function checkImage(run: Run, site: Site): Promise<string> {
  const row = run.checks(`${ORAS.title}, ${CRANE.title}`, 'model images: valid, and every byte of the model in them');
  const { code, image, stderr } = await site.build(`${site.host}/models`);
  await row.check('a build', () => expect(code === 0, `it ended with ${code}: ${stderr}`));
  for (const architecture of ['amd64', 'arm64']) {
    const platform = ['--platform', `linux/${architecture}`];
    await row.check(`${architecture}: digests and diff_ids`, () => checkDigests(image, platform));
    await row.check(`OCI-06 ${architecture}: no entry point`, async () => {
      const config = JSON.parse(await crane('config', image, ...platform));
      const { Entrypoint, User } = config.config;
      expect(config.architecture === architecture && Entrypoint === undefined && User === undefined, JSON.stringify(config.config));
    });
    await row.check(`OCI-07 ${architecture}: files`, async () => {
      const folder = path.join(run.folder, `unpacked-${architecture}`);
      const archive = path.join(run.folder, `${architecture}.tar`);
      fs.mkdirSync(folder);
      await crane('export', image, archive, ...platform);
      await succeed('tar', ['-xpf', archive, '-C', folder]);
      compare(site.objects, path.join(folder, 'models'));
      expect(fs.existsSync(path.join(folder, 'bin', 'sh')), 'the shell of its base is not there');
    });
  }
  await row.check('OCI-14 layers', async () => {
    const { layers } = JSON.parse(await crane('manifest', image, '--platform', 'linux/amd64'));
    const types = layers.map(({ mediaType }: any) => mediaType.replace('application/vnd.oci.image.layer.v1.', '')).join(' ');
    expect(types === 'tar+gzip tar tar tar', types);
  });
  return image;
}

async function checkAgain(run: Run, site: Site, image: string): Promise<void> {
  const row = run.checks(ORAS.title, 'model images: the same digest in every build');
  const digest = image.split('@')[1];
  await row.check('the same registry', async () => {
    const again = await site.build(`${site.host}/models`);
    expect(again.image === image && /is there already, with the same digest/.test(again.stdout), `${again.image}: ${again.stderr}`);
  });
  await row.check('a folder with the OCI image layout', async () => {
    const layout = path.join(run.folder, 'layout');
    const built = await site.build(layout, { IMAGE_REGISTRY_FLAGS: '--oci-layout' });
    expect(built.image === `${layout}@${digest}`, `${built.image}: ${built.stderr}`);
  });
  await row.check('a build with something else in it does not take its tags', async () => {
    const { code, stderr } = await site.build(`${site.host}/models`, { IMAGE_LARGE_FILE: '100000000' });
    expect(code === 65 && /already, and this build made/.test(stderr), `${code}: ${stderr}`);
  });
  await row.check('equal files as another version, for one architecture', async () => {
    const other = await site.build(`${site.host}/models`, { MODEL_VERSION: 'v2', IMAGE_PLATFORMS: 'amd64' });
    expect(other.code === 0 && other.image !== image, `${other.code}: ${other.image}, ${other.stderr}`);
    const { config: { Labels: labels } } = JSON.parse(await crane('config', other.image, '--platform', 'linux/amd64'));
    expect(labels['org.opencontainers.image.version'] === 'v2', JSON.stringify(labels));
  });
}

async function checkRefused(run: Run, site: Site): Promise<void> {
  const row = run.checks(`${ORAS.title}, ${AWS_CLI.title}`, 'model images: nothing is tagged where something is wrong');
  const refuses = async (name: string, expected: number, says: RegExp, env: NodeJS.ProcessEnv = {}, disk?: string) => row.check(name, async () => {
    const repository = `${site.host}/${name.replace(/[^a-z]+/g, '-')}`;
    const { code, stderr, image } = await site.build(repository, env, disk);
    expect(code === expected && says.test(stderr) && image === '', `${code}: ${stderr}`);
    const { stdout } = await finish(CRANE.file('crane'), ['ls', '--insecure', repository]);
    expect(stdout.trim() === '', `${repository} has the tags ${stdout}`);
  });
  await refuses('a base that is not there', 69, /can't be had for linux\/amd64/, { IMAGE_BASE: `${site.host}/base@sha256:${'0'.repeat(64)}` });
  const base = await pushBase(path.join(run.folder, 'base-with-models'), `${site.host}/base-with-models`, 'models');
  await refuses('a base with a /models of its own', 65, /has a \/models of its own, \.\/models\/: use one without/, { IMAGE_BASE: base });
  await refuses('a layer limit that a file exceeds', 65, /split the file into shards/, { IMAGE_LAYER_LIMIT: '7500000' });
  const shard = `${site.prefix}weights/model-00001-of-00002.safetensors`;
  const content = await site.bucket.read(shard);
  content[1_000_000] = 255 - content[1_000_000];
  await site.bucket.write(shard, content);
  await refuses('a corrupted source', 65, /has sha256 \w+, the manifest says/, {}, 'empty-disk');
}

/** What `crane validate` does, which takes no layer but one that is gzip. */
async function checkDigests(image: string, platform: string[]): Promise<void> {
  const [host, repository] = image.split('@')[0].split('/');
  const manifest = JSON.parse(await crane('manifest', image, ...platform));
  const blob = async (digest: string) => Buffer.from(await (await fetch(`http://${host}/v2/${repository}/blobs/${digest}`)).arrayBuffer());
  const config = JSON.parse((await blob(manifest.config.digest)).toString());
  expect(config.rootfs.diff_ids.length === manifest.layers.length, `${config.rootfs.diff_ids.length} diff_ids, ${manifest.layers.length} layers`);
  for (const [index, { digest, size, mediaType }] of manifest.layers.entries()) {
    const content = await blob(digest);
    expect(digestOf(content) === digest && content.length === size, `layer ${digest} of ${size} bytes is ${digestOf(content)} of ${content.length}`);
    const diffId = digestOf(mediaType.endsWith('+gzip') ? gunzipSync(content) : content);
    expect(diffId === config.rootfs.diff_ids[index], `layer ${digest} unpacks to ${diffId}, not ${config.rootfs.diff_ids[index]}`);
  }
}

function crane(...args: string[]): Promise<string> {
  return succeed(CRANE.file('crane'), [...args, '--insecure']);
}

function compare(published: string, unpacked: string): void {
  const files = (folder: string) => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => fs.lstatSync(path.join(folder, name)).isFile()).sort();
  const [there, here] = [files(published), files(unpacked)];
  expect(there.join('\n') === here.join('\n'), `the image holds ${here.join(', ')}, published are ${there.join(', ')}`);
  for (const name of there) {
    expect(digestOf(fs.readFileSync(path.join(published, name))) === digestOf(fs.readFileSync(path.join(unpacked, name))), `${name} has other bytes`);
    const mode = (fs.statSync(path.join(unpacked, name)).mode % 0o10000).toString(8);
    expect(mode === '444', `${name} has mode ${mode}`);
  }
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise.slice(0, 1500));
}
