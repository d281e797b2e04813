import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Member, tarOf } from './archives';
import { transferProgram } from '../../lib/delivery/program';
import { buildProgram } from '../../lib/oci/model-image-builder-program';
import { Bench, Publication, Shell } from '../delivery/program/bench';

/** Whether this machine has what the build image has: GNU tar and find. */
export const HAS_GNU_TOOLS = ['tar', 'find'].every(tool => /GNU/.test(spawnSync(tool, ['--version'], { encoding: 'utf8' }).stdout));

export const digestOf = (content: Buffer | string) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** A folder with the OCI image layout. */
export class Layout {
  constructor(readonly folder: string) {}

  blob(digest: string): Buffer {
    return readFileSync(join(this.folder, 'blobs', 'sha256', digest.slice('sha256:'.length)));
  }

  json(digest: string): any {
    return JSON.parse(this.blob(digest).toString());
  }

  /** Digests, by tag. */
  tags(): Record<string, string> {
    const index = join(this.folder, 'index.json');
    if (!existsSync(index)) return {};
    return Object.fromEntries(JSON.parse(readFileSync(index, 'utf8')).manifests.map((each: any) => [each.annotations?.['org.opencontainers.image.ref.name'], each.digest]));
  }

  put(content: Buffer | string): { digest: string; size: number } {
    const digest = digestOf(content);
    mkdirSync(join(this.folder, 'blobs', 'sha256'), { recursive: true });
    writeFileSync(join(this.folder, 'blobs', 'sha256', digest.slice('sha256:'.length)), content);
    return { digest, size: Buffer.byteLength(content) };
  }

  /** An image for two architectures, as a base is published. */
  putBase({ layerType = 'application/vnd.docker.image.rootfs.diff.tar.gzip', layers = [{}], bend = () => {} }: Base = {}): string {
    const manifests = ['amd64', 'arm64'].map(architecture => {
      const archives = layers.map((members, place) => tarOf({ [`bin/sh${place}`]: `shell for ${architecture}`, ...members }));
      const config: any = { architecture, os: 'linux', config: { Cmd: ['sh'], Entrypoint: ['/bin/sh'] }, rootfs: { type: 'layers', diff_ids: archives.map(digestOf) } };
      const manifest: any = {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json' },
        layers: archives.map(archive => ({ mediaType: layerType, ...this.put(gzipSync(archive)) })),
      };
      bend(manifest, config);
      Object.assign(manifest.config, this.put(JSON.stringify(config)));
      return { mediaType: manifest.mediaType, ...this.put(JSON.stringify(manifest)), platform: { architecture, os: 'linux' } };
    });
    const index = this.put(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }));
    writeFileSync(join(this.folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(this.folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: 'application/vnd.oci.image.index.v1+json', ...index }] }));
    return `${this.folder}@${index.digest}`;
  }
}

/** What a base image has that others have not. */
export interface Base {
  readonly layerType?: string;
  /** What is in each layer beside a shell. */
  readonly layers?: Array<Record<string, Member>>;
  /** Changes what describes it. */
  readonly bend?: (manifest: any, config: any) => void;
}

export interface Built {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The reference that the build tells; undefined where it tells none. */
  readonly image?: string;
}

/** What a build is told of the model. */
export function settingsOf(bench: Bench, published: Publication): Record<string, string> {
  return {
    MODEL_BUCKET: bench.s3.bucket,
    MODEL_BUCKET_REGION: 'us-west-2',
    MODEL_PREFIX: published.prefix,
    MODEL_NAME: 'llama',
    MODEL_VERSION: 'v1',
    MODEL_DIGEST: published.digest,
    MODEL_BYTES: String(published.totalBytes),
  };
}

/** Runs the build program as the build does, on what a bench has published. */
export async function build(bench: Bench, published: Publication, target: string, env: Record<string, string> = {}): Promise<Built> {
  const work = join(bench.root, `work-${Math.random().toString(36).slice(2)}`);
  mkdirSync(join(work, 'tmp'), { recursive: true });
  const [transfer, program, result] = ['transfer.sh', 'build.sh', 'image'].map(name => join(work, name));
  writeFileSync(transfer, transferProgram('aws'));
  writeFileSync(program, buildProgram());
  const child = spawn(bench.shell.sh, [program], {
    env: {
      PATH: bench.shell.path,
      TMPDIR: join(work, 'tmp'),
      TRANSFER_BENCH: bench.id,
      AWS: process.env.AWS_BINARY ?? join(__dirname, '..', 'delivery', 'program', 'downloaders', 'aws'),
      AWS_ENDPOINT_URL: bench.s3.endpoint,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: bench.agent.uri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(bench.root, 'token'),
      MODEL_TRANSFER_CREDENTIALS: 'container-role',
      MODEL_TRANSFER_TERMINATION_LOG: '/dev/null',
      MODEL_TRANSFER_BACKOFF_CAP: '0.05',
      ORAS: join(__dirname, 'oras'),
      IMAGE_REGISTRY_FLAGS: '--oci-layout',
      IMAGE_BASE_FLAGS: '--oci-layout',
      IMAGE_RETRY_SECONDS: '0',
      MODEL_TRANSFER: transfer,
      IMAGE_WORK: work,
      IMAGE_RESULT: result,
      IMAGE_REPOSITORY: target,
      ...settingsOf(bench, published),
      ...env,
    },
  });
  let stdout = '', stderr = '';
  child.stdout.on('data', chunk => { stdout += chunk; });
  child.stderr.on('data', chunk => { stderr += chunk; });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, stdout, stderr, image: existsSync(result) ? readFileSync(result, 'utf8').trim() : undefined };
}

/** A stand-in for oras that is a script of the test's own. */
export function orasThat(folder: string, script: string): string {
  const file = join(folder, `oras-${Math.random().toString(36).slice(2)}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/** Runs a script after all functions and settings of the build program, instead of a build. */
export function callProgram({ sh, path }: Shell, folder: string, script: string, env: Record<string, string> = {}) {
  const program = buildProgram();
  const functions = program.replace(/\nbuild_image\n$/, '\n');
  if (functions === program) throw new Error('the program does not end with build_image');
  mkdirSync(join(folder, 'state'), { recursive: true });
  writeFileSync(join(folder, 'script'), `${functions}\nstate=$IMAGE_WORK/state\n${script}\n`);
  const { status, stdout, stderr } = spawnSync(sh, [join(folder, 'script')], {
    encoding: 'utf8',
    env: { PATH: path, ORAS: join(__dirname, 'oras'), IMAGE_WORK: folder, IMAGE_RETRY_SECONDS: '0', IMAGE_REPOSITORY: join(folder, 'registry'), IMAGE_REGISTRY_FLAGS: '--oci-layout', IMAGE_BASE_FLAGS: '--oci-layout', ...env },
  });
  return { status, stdout, stderr };
}
