import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from '../../bytes';
import { succeed } from '../../processes';

export interface ImageProps {
  /** What is in it. */
  readonly rootFolder: string;
  /** The archive that is written. */
  readonly archive: string;
  /** References by which manifests mention it. A digest in one of them isn't that of this image: it is taken for a part of the name. */
  readonly references: string[];
  readonly entrypoint?: string[];
  readonly command?: string[];
  readonly env?: Record<string, string>;
  readonly workingDirectory?: string;
}

/** Writes an image as an archive in the OCI layout, for `ctr images import`. The same files give the same bytes. */
export async function writeImage(props: ImageProps): Promise<void> {
  const layout = fs.mkdtempSync(path.join(path.dirname(props.archive), 'layout-'));
  try {
    const blobs = path.join(layout, 'blobs', 'sha256');
    fs.mkdirSync(blobs, { recursive: true });
    const layer = await addLayer(blobs, props.rootFolder);
    const config = addJson(blobs, 'application/vnd.oci.image.config.v1+json', {
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {
        Env: Object.entries({ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...props.env }).map(([name, value]) => `${name}=${value}`),
        Entrypoint: props.entrypoint,
        Cmd: props.command,
        WorkingDir: props.workingDirectory,
      },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const manifest = addJson(blobs, 'application/vnd.oci.image.manifest.v1+json', { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [layer] });
    const manifests = props.references.map(reference => ({ ...manifest, annotations: { 'io.containerd.image.name': storedName(reference) } }));
    fs.writeFileSync(path.join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    fs.writeFileSync(path.join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    await archive(layout, props.archive);
  } finally {
    fs.rmSync(layout, { recursive: true, force: true });
  }
}

/** The name under which containerd looks for what a pod calls by this reference: with a digest, the tag counts for nothing. */
export function storedName(reference: string): string {
  const [name, digest] = reference.split('@');
  return digest === undefined ? name : `${name.replace(/:[^/:]*$/, '')}@${digest}`;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function addLayer(blobs: string, rootFolder: string): Promise<Descriptor> {
  const file = path.join(blobs, 'layer');
  await archive(rootFolder, file);
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return stored(blobs, file, 'application/vnd.oci.image.layer.v1.tar', hash.digest('hex'));
}

function addJson(blobs: string, mediaType: string, value: unknown): Descriptor {
  const [text, file] = [JSON.stringify(value), path.join(blobs, 'json')];
  fs.writeFileSync(file, text);
  return stored(blobs, file, mediaType, sha256(text));
}

function stored(blobs: string, file: string, mediaType: string, hash: string): Descriptor {
  const { size } = fs.statSync(file);
  fs.renameSync(file, path.join(blobs, hash));
  return { mediaType, digest: `sha256:${hash}`, size };
}

/** A tar archive that tells nothing of who made it, and when. */
async function archive(folder: string, file: string): Promise<void> {
  await succeed('tar', ['--create', '--file', file, '--directory', folder, '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu', '.']);
}
