import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ignore from '@balena/dockerignore';
import { HEAD_BYTES } from './weights';

/** A file that an image build would send. */
export interface ContextFile {
  readonly path: string;
  readonly size: number;
  readonly head: Buffer;
}

/**
 * The file that says what stays out of a build: that of the Dockerfile before that of the context. Undefined where there is none.
 * https://docs.docker.com/build/concepts/context/#filename-and-location
 */
export function ignoreFileOf(folder: string, dockerfile: string): string | undefined {
  return [`${dockerfile}.dockerignore`, join(folder, '.dockerignore')].find(existsSync);
}

/** Every regular file that a build of the folder would send. A link is sent as a link, without what it leads to. */
export function* contextFiles(folder: string, ignoreFile: string | undefined): Generator<ContextFile> {
  const rules = ignoreFile === undefined ? '' : readFileSync(ignoreFile, 'utf8').replace(/^\uFEFF/, '');
  const ignored = ignore({ ignorecase: false }).add(rules.split(/\r?\n/));
  for (const path of filesBelow(folder, '')) {
    if (ignored.ignores(path)) continue;
    const file = join(folder, path);
    const { size } = statSync(file);
    yield { path, size, head: headOf(file) };
  }
}

/** Ignored folders too: a later rule may take a file in one of them back in. */
function* filesBelow(folder: string, prefix: string): Generator<string> {
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, `${path}/`);
    else if (entry.isFile()) yield path;
  }
}

function headOf(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(descriptor, head));
  } finally {
    closeSync(descriptor);
  }
}
