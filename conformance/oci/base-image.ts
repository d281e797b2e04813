import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../processes';
import { BUSYBOX, ORAS } from '../tools/catalogue';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Pushes an image of one layer, a static busybox, as it is published for two architectures. Its programs are those of this machine in both. Folders more may be in it. */
export async function pushBase(folder: string, repository: string, ...folders: string[]): Promise<string> {
  const root = path.join(folder, 'root', 'bin');
  fs.mkdirSync(root, { recursive: true });
  fs.copyFileSync(BUSYBOX.file('bin/busybox'), path.join(root, 'busybox'));
  for (const applet of ['sh', 'cp', 'ls', 'sha256sum']) fs.symlinkSync('busybox', path.join(root, applet));
  for (const each of folders) fs.mkdirSync(path.join(folder, 'root', each));
  const archive = path.join(folder, 'layer.tar');
  await succeed('tar', ['-cf', archive, '-C', path.join(folder, 'root'), '.']);
  const diffId = digestOf(fs.readFileSync(archive));
  await succeed('gzip', ['-n', archive]);
  const layer = await pushBlob(repository, `${archive}.gz`, 'application/vnd.oci.image.layer.v1.tar+gzip');
  const manifests = [];
  for (const architecture of ['amd64', 'arm64']) {
    const config = path.join(folder, `config-${architecture}.json`);
    fs.writeFileSync(config, JSON.stringify({ architecture, os: 'linux', config: { Entrypoint: ['/bin/sh'] }, rootfs: { type: 'layers', diff_ids: [diffId] } }));
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: await pushBlob(repository, config, 'application/vnd.oci.image.config.v1+json'), layers: [layer] };
    manifests.push({ ...await pushManifest(repository, folder, architecture, manifest), platform: { architecture, os: 'linux' } });
  }
  const { digest } = await pushManifest(repository, folder, 'base', { schemaVersion: 2, mediaType: INDEX, manifests });
  return `${repository}@${digest}`;
}

export function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function pushBlob(repository: string, file: string, mediaType: string): Promise<Descriptor> {
  const content = fs.readFileSync(file);
  await succeed(ORAS.file('oras'), ['blob', 'push', '--plain-http', `${repository}@${digestOf(content)}`, file]);
  return { mediaType, digest: digestOf(content), size: content.length };
}

interface Manifest {
  readonly mediaType: string;
  readonly [key: string]: unknown;
}

async function pushManifest(repository: string, folder: string, tag: string, manifest: Manifest): Promise<Descriptor> {
  const file = path.join(folder, `${tag}.json`);
  const text = JSON.stringify(manifest);
  fs.writeFileSync(file, text);
  await succeed(ORAS.file('oras'), ['manifest', 'push', '--plain-http', '--media-type', manifest.mediaType, `${repository}:${tag}`, file]);
  return { mediaType: manifest.mediaType, digest: digestOf(text), size: text.length };
}
