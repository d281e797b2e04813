import type { Readable } from 'node:stream';

/** A file of a model that is not published yet. */
export interface SourceFile {
  /** Path below the model, with `/` between segments. */
  readonly path: string;
  readonly size: number;
  /** SHA-256 in hexadecimal digits where it is known before the file is read, as that of a file in the LFS of a hub: what arrives is checked against it. */
  readonly sha256?: string;
  /** Where it is on this machine, and what tells whether it is still what was listed: it is hashed there, beside the main thread. */
  readonly local?: { readonly path: string; readonly identity: string };
  /** Where S3 can copy the file without its bytes coming here; pinned to this ETag. */
  readonly copyFrom?: { readonly bucket: string; readonly key: string; readonly etag: string };
  /**
   * The bytes from `start` up to, but without, `end`; all of them where no range is given.
   *
   * @throws where the file is no longer what was listed
   */
  open(range?: { readonly start: number; readonly end: number }): Promise<Readable>;
}

/** Where the files of a model come from. */
export interface Source {
  /** As messages name it. */
  readonly label: string;
  /** In the order of their paths' bytes. */
  readonly files: SourceFile[];
  /** Paths of known litter that is not a part of it. */
  readonly leftOut?: string[];
  /** What `model.json` says beside `totalBytes`: only what follows from the source alone, so that two publishers write the same. */
  readonly description: { readonly [key: string]: unknown };
  /**
   * Asked when everything was read.
   *
   * @throws where the source changed since it was listed
   */
  check(): Promise<void>;
}
