import * as path from 'node:path';
import { Download, isDownloader } from './example-pods';
import { ask } from './pods';
import { KubernetesObject } from '../static/manifest';

/** A file of a token of the pod's service account, where a container finds it. */
export interface Token {
  readonly container: string;
  readonly volume: string;
  readonly file: string;
}

/** Variables by which an SDK is told of a token. */
const TOKEN_VARIABLES = ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'];

/** Every token of a service account in a pod, whoever added it. */
export function tokensOf(spec: KubernetesObject): Token[] {
  const files = new Map<string, string[]>((spec.volumes ?? []).map(({ name, projected }: KubernetesObject) =>
    [name, (projected?.sources ?? []).flatMap(({ serviceAccountToken }: KubernetesObject) => serviceAccountToken?.path ?? [])]));
  const mountsOf = ({ name: container, volumeMounts = [] }: KubernetesObject) => volumeMounts.map((mount: object) => ({ ...mount, container }));
  const mounts = containersOf(spec).flatMap(mountsOf);
  return mounts.flatMap(({ container, name: volume, mountPath }) =>
    (files.get(volume) ?? []).map(file => ({ container, volume, file: path.posix.join(mountPath, file) })));
}

/** The tokens that downloaders are told of. Throws where one does not mount its own. */
export function tokensOfDownloaders(spec: KubernetesObject): Token[] {
  const tokens = tokensOf(spec);
  return containersOf(spec).filter(isDownloader).map(({ name, env = [] }) => {
    const told = env.filter((variable: { name: string }) => TOKEN_VARIABLES.includes(variable.name)).map(({ value }: { value: string }) => value);
    const token = tokens.find(({ container, file }) => container === name && told.includes(file));
    if (token === undefined) throw new Error(`${name} mounts no token at ${told.join(', ') || 'a place that it is told of'}`);
    return token;
  });
}

/** Throws unless the tokens of the downloaders are theirs alone, and, where it is to read none, no other token is the application's. */
export function checkMounts(spec: KubernetesObject, ownRole: boolean): void {
  const volumes = tokensOfDownloaders(spec).map(({ volume }) => volume);
  if (volumes.length === 0) throw new Error('the pod has no downloader');
  const downloaders = containersOf(spec).filter(isDownloader).map(({ name }) => name);
  const wrong = tokensOf(spec).filter(({ container, volume }) => !downloaders.includes(container) && (!ownRole || volumes.includes(volume)));
  if (wrong.length > 0) throw new Error(wrong.map(({ container, file }) => `${container} mounts ${file}`).join(', '));
}

/**
 * Throws unless the application of a pod is kept from credentials: it mounts none, finds none where they are in the pod, and is told of none.
 * @param ownRole whether its service account's role is its own too: it is then kept from the token of the downloader only
 */
export async function checkReading(pod: KubernetesObject, ownRole = false): Promise<void> {
  checkMounts(pod.spec, ownRole);
  const tokens = ownRole ? tokensOfDownloaders(pod.spec) : tokensOf(pod.spec);
  for (const file of new Set(tokens.map(token => token.file))) await refused(pod, 'read', file, /no such file/);
  if (ownRole) return;
  const names = (await ask<string[]>(pod, '/env')).filter(name => name.startsWith('AWS_'));
  if (names.length > 0) throw new Error(`the application has ${names.join(', ')}`);
}

/** Throws unless the application can neither change a file of its models nor add one. */
export async function checkWriting(pod: KubernetesObject, downloads: Download[]): Promise<void> {
  if (downloads.length === 0) throw new Error('the application mounts no model');
  for (const { folder } of downloads) {
    const files = await ask<Array<{ path: string }>>(pod, `/files?under=${folder}`);
    if (files.length === 0) throw new Error(`${folder} is empty`);
    // Of a file that is there, the kernel may say first that it belongs to somebody else.
    for (const file of files) await refused(pod, 'write', `${folder}/${file.path}`, /permission denied|read-only file system/);
    await refused(pod, 'write', `${folder}/new`, /read-only file system/);
  }
}

async function refused(pod: KubernetesObject, what: 'read' | 'write', file: string, expected: RegExp): Promise<void> {
  const { done, error } = await ask<{ done: boolean; error: string }>(pod, `/try?${what}=${encodeURIComponent(file)}`);
  if (done || !expected.test(error)) throw new Error(done ? `the application can ${what} ${file}` : error);
}

function containersOf({ initContainers = [], containers }: KubernetesObject): KubernetesObject[] {
  return [...initContainers, ...containers];
}
