import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Filter, isLitter } from './filter';
import { HubClient, Patience } from './hub-client';
import { nameProblem } from './problems';
import type { Source, SourceFile } from './source';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { Call, CommandError, UsageError } from '../cli/command';
import { PICKLE } from '../cli/formats';

/** The options that say which hub, and who asks. */
export const HUB_OPTIONS = { 'hub-endpoint': { type: 'string' }, 'hub-token-file': { type: 'string' } } as const;

export const HUB_USAGE = [
  '  --hub-endpoint U     the hub of hf:// sources (HF_ENDPOINT, else https://huggingface.co)',
  '  --hub-token-file F   file with the token for it (HF_TOKEN_PATH, else the one that hf auth login writes)',
];

/** A file as the hub lists it. */
interface Entry {
  readonly path: string;
  readonly size: number;
  /** SHA-1 of the blob in Git. */
  readonly oid: string;
  /** SHA-256, where the file is in the LFS. */
  readonly sha256?: string;
}

/** Formats by the ends of names, for people who look for what a version holds. */
const FORMATS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\.safetensors$/, 'safetensors'], [/\.gguf$/, 'gguf'], [/\.onnx$/, 'onnx'], [PICKLE, 'pickle'],
];

/**
 * A commit of a repository, `hf://org/repo@<commit>`. Files in the LFS have their SHA-256 from the hub, all others are checked against the
 * commit as they come.
 *
 * @throws where it is no commit, or holds what can't be published
 */
export async function openHub(url: string, call: Call, filter: Filter, patience: Partial<Patience> = {}): Promise<Source> {
  const hub = HubClient.at(call, patience);
  const { repo, commit } = parseHubUrl(url, hub.endpoint);
  const api = `${hub.endpoint}/api/models/${repo}`;
  const listed = (await hub.entries(repo, `${api}/tree/${commit}?recursive=true`)).map(entry => entryOf(entry, url)).filter(entry => entry !== undefined);
  const entries = listed.filter(({ path }) => filter.accepts(path)).sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const problems = entries.map(problemOf).filter(problem => problem !== undefined);
  if (problems.length > 0) throw new CommandError([`${url} can't be published:`, ...problems].join('\n  '));
  if (entries.every(({ size }) => size === 0)) throw new CommandError(`${url} has no file with a byte in it${listed.length > 0 ? ` that --include and --exclude let in, of ${listed.length}` : ''}`);
  const { cardData } = await hub.object(repo, `${api}/revision/${commit}`);
  return {
    label: url,
    files: entries.map(entry => hubFile(hub, repo, commit, entry)),
    leftOut: listed.map(({ path }) => path).filter(path => isLitter(path) && !filter.accepts(path)),
    description: {
      source: `hf://${repo}`,
      commit,
      ...typeof cardData?.license === 'string' ? { license: cardData.license } : {},
      formats: FORMATS.filter(([name]) => entries.some(({ path }) => name.test(path))).map(([, format]) => format),
    },
    check: async () => undefined, // a commit does not change
  };
}

function parseHubUrl(url: string, endpoint: string): { repo: string; commit: string } {
  // https://huggingface.co/docs/huggingface_hub/package_reference/utilities#huggingface_hub.utils.validate_repo_id
  const match = /^hf:\/\/((?:[\w][-.\w]*\/)?[\w][-.\w]*)(?:@(.*))?$/.exec(url);
  if (!match || match[1].includes('..')) throw new UsageError(`'${url}' is no repository of a hub: give hf://org/repo@<commit>`);
  const [, repo, revision] = match;
  if (!/^[0-9a-f]{40}$/.test(revision ?? '')) {
    const why = revision === undefined ? 'names no commit' : `names '${revision}', which is no full commit: what a branch or tag means changes`;
    throw new UsageError(`'${url}' ${why}. Look it up with: git ls-remote ${endpoint}/${repo} ${/^[\w][-./\w]*$/.test(revision ?? '') ? revision : 'main'}`);
  }
  return { repo, commit: revision };
}

function entryOf(entry: any, url: string): Entry | undefined {
  if (entry?.type === 'directory') return undefined;
  const { path, type, oid, lfs } = entry ?? {};
  const size = lfs?.size ?? entry?.size;
  const isHash = (value: unknown, digits: number) => typeof value === 'string' && new RegExp(`^[0-9a-f]{${digits}}$`).test(value);
  if (type !== 'file' || typeof path !== 'string' || !Number.isSafeInteger(size) || size < 0 || !(lfs ? isHash(lfs.oid, 64) : isHash(oid, 40))) {
    throw new CommandError(`the listing of ${url} has an entry that is not understood: ${JSON.stringify(entry)}`);
  }
  return { path, size, oid, sha256: lfs?.oid };
}

function problemOf({ path }: Entry): string | undefined {
  const own: string[] = [ModelChecksums.OBJECT_NAME, ModelChecksums.DESCRIPTION_NAME];
  return own.includes(path) ? `'${path}' is a name of the layout: leave it out with --exclude ${path}` : nameProblem(path);
}

function hubFile(hub: HubClient, repo: string, commit: string, { path, size, oid, sha256 }: Entry): SourceFile {
  const url = `${hub.endpoint}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return {
    path,
    size,
    sha256,
    open: async ({ start, end } = { start: 0, end: size }) => {
      const bytes = hub.bytes(repo, url, start, end);
      // The hash of a part says nothing about it; no file outside of the LFS is so large that it has several.
      return sha256 === undefined && start === 0 && end === size ? Readable.from(checkedBlob(bytes, path, size, oid), { objectMode: false }) : bytes;
    },
  };
}

/** The bytes of a file that Git keeps: it calls a blob by the SHA-1 of its size and content (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects). */
async function* checkedBlob(bytes: Readable, path: string, size: number, oid: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of bytes) {
    hash.update(chunk as Buffer);
    yield chunk as Buffer;
  }
  const arrived = hash.digest('hex');
  if (arrived !== oid) throw new CommandError(`'${path}' arrived as the blob ${arrived}, the commit has ${oid}: it was damaged on the way, try again`);
}
