import { createHash } from 'node:crypto';
import { BucketServer } from '../s3-server';

export const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

/** The files of a version, with the two that publishing adds. */
export function published(files: { [path: string]: string }, totalBytes = bytesOf(files)) {
  const all: { [path: string]: string } = { ...files, 'model.json': `{"totalBytes": ${totalBytes}}\n` };
  const paths = Object.keys(all).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const manifest = paths.map(path => `${sha256(all[path])}  ${path}\n`).join('');
  return { files: { ...all, 'manifest.sha256': manifest }, manifest, digest: `sha256:${sha256(manifest)}` };
}

function bytesOf(files: { [path: string]: string }): number {
  return Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
}

export type Published = ReturnType<typeof published>;

/** Puts a version where `--tenant nlp --name m --version 1` finds it. */
export function put(server: BucketServer, { files }: Published) {
  for (const [path, content] of Object.entries(files)) server.main.put(`models/nlp/m/1/${path}`, content);
}

export const ID = ['--tenant', 'nlp', '--name', 'm', '--version', '1'];

/** What the SDK takes from the environment. */
export function useCredentials() {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S', AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' });
}
