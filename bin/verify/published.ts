import type { KeyObject } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ModelId, MODELS, versionPrefix } from '../../lib/model/layout';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { CommandError } from '../cli/command';
import { isMissing, Store } from '../cli/store';
import { signatureKey } from '../sign/signatures';

/** Files that are checked against their manifest, wherever they are. */
export interface Copy {
  /** As messages name it. */
  readonly label: string;
  /** The bytes of a file; undefined where it is not there. */
  open(path: string): Promise<Readable | undefined>;
  /** Every path that is there; undefined where nobody may list. */
  paths(): Promise<string[] | undefined>;
  /** The stored signature by a key, with its name for messages. */
  signature(key: KeyObject): Promise<{ readonly text: string; readonly label: string }>;
}

/** A published version. */
export class PublishedCopy implements Copy {
  public readonly label: string;
  private readonly prefix: string;

  constructor(private readonly store: Store, private readonly id: ModelId) {
    this.prefix = versionPrefix(MODELS, id);
    this.label = store.url(this.prefix);
  }

  public async open(path: string): Promise<Readable | undefined> {
    try {
      return await this.store.stream(`${this.prefix}${path}`);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  public async paths(): Promise<string[] | undefined> {
    const paths: string[] = [];
    try {
      for await (const { key } of this.store.list(this.prefix)) paths.push(key.slice(this.prefix.length));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    return paths;
  }

  public async signature(key: KeyObject) {
    const label = this.store.url(signatureKey(this.id, key));
    const text = await this.store.find(signatureKey(this.id, key));
    if (text === undefined) throw new CommandError(`${label} is not there, or may not be read: the version is not signed with this key`);
    return { text: text.toString(), label };
  }
}

/** Reads the manifest of a copy. */
export async function manifestOf(copy: Copy): Promise<ModelChecksums> {
  const stream = await copy.open(ModelChecksums.OBJECT_NAME);
  if (stream === undefined) throw new CommandError(`${copy.label}${ModelChecksums.OBJECT_NAME} is not there, or may not be read: without it there is no published version`);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  try {
    return ModelChecksums.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks)));
  } catch (error) {
    throw new CommandError(`${copy.label}${ModelChecksums.OBJECT_NAME} is refused: ${(error as Error).message}`);
  }
}
