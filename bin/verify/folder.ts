import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Copy } from './published';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { UsageError } from '../cli/command';

/** A local copy: of the prefix in S3, or the folder in a pod, where the downloader leaves the files in `models/`. */
export class FolderCopy implements Copy {
  public readonly label: string;
  private readonly root: string;

  constructor(folder: string) {
    const inPod = join(folder, 'models');
    this.root = !existsSync(join(folder, ModelChecksums.OBJECT_NAME)) && existsSync(join(inPod, ModelChecksums.OBJECT_NAME)) ? inPod : folder;
    this.label = `${this.root.replace(/\/+$/, '')}/`;
  }

  public async open(path: string): Promise<Readable | undefined> {
    const file = join(this.root, path);
    // Whoever opens a named pipe waits for its other end.
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? createReadStream(file, { highWaterMark: 2 ** 20 }) : undefined;
  }

  /** A link counts as what it is called, and is not followed: what it leads to is checked where the manifest names it. */
  public async paths(): Promise<string[]> {
    return pathsBelow(this.root, '');
  }

  public async signature(): Promise<never> {
    throw new UsageError('--public-key of a folder needs --signature F: signatures are kept apart from the files');
  }
}

function pathsBelow(root: string, prefix: string): string[] {
  return readdirSync(join(root, prefix), { withFileTypes: true }).flatMap(entry => {
    const path = `${prefix}${entry.name}`;
    return entry.isDirectory() ? pathsBelow(root, `${path}/`) : [path];
  });
}
