import { createHash } from 'node:crypto';
import { Body, bodyOf, S3Error } from './s3-body';

/** One version of an object, or a delete marker. */
export interface StoredVersion {
  readonly versionId: string;
  readonly deleteMarker: boolean;
  /** Undefined for delete markers, and where the server keeps no bytes. */
  readonly bytes?: Buffer;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  /** Base64, of several parts with `-N` after it; undefined where the writer gave none. */
  readonly sha256?: string;
  readonly metadata: { readonly [name: string]: string };
  readonly storageClass: string;
  lastModified: Date;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly metadata: { readonly [name: string]: string };
  /** Whether the upload was created with SHA-256 as its checksum. */
  readonly sha256: boolean;
  readonly parts: Map<number, Body>;
}

/** What CompleteMultipartUpload lists. */
export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly sha256?: string;
}

/** How the arrangement of a test puts an object. */
export interface PutOptions {
  readonly lastModified?: Date;
  readonly storageClass?: string;
  /** Whether it has a SHA-256 as its checksum. @default true */
  readonly sha256?: boolean;
  readonly metadata?: { readonly [name: string]: string };
}

export interface BucketOptions {
  /** Below `models/`, `publishing/` and `signatures/` nothing is written without `If-None-Match`. @default true */
  enforceWriteOnce?: boolean;
  /** Without it S3 tells nobody whether a key exists: 403 for what is missing. @default true */
  allowListing?: boolean;
  /** @default true */
  allowDeleting?: boolean;
  /** @default true */
  versioned?: boolean;
  /** Whether bytes are kept; else their hashes and sizes alone. @default true */
  keepBytes?: boolean;
  /** Smallest part but the last. @default 5 MiB */
  minimumPartBytes?: number;
  /** Most entries of a page of a listing. @default 1000 */
  pageSize?: number;
  /** The bucket's region: requests signed for another are redirected. @default any */
  region?: string;
}

/** What a bucket holds, by the rules of S3 for writes. */
export class Bucket {
  /** By key, the newest version last. */
  readonly objects = new Map<string, StoredVersion[]>();
  readonly uploads = new Map<string, Upload>();
  readonly options: Required<Omit<BucketOptions, 'region'>> & BucketOptions;
  /** The clock, for `lastModified`. */
  clock?: () => Date;
  private count = 0;

  constructor(readonly name: string, options: BucketOptions = {}) {
    const rules = { enforceWriteOnce: true, allowListing: true, allowDeleting: true, versioned: true };
    this.options = { ...rules, keepBytes: true, minimumPartBytes: 5 * 1024 * 1024, pageSize: 1000, ...options };
  }

  /** Puts an object past all rules, for the arrangement of a test. */
  put(key: string, content: Buffer | string, options: PutOptions = {}): StoredVersion {
    const version = this.store(key, bodyOf(Buffer.from(content), options.sha256 ?? true), options.metadata ?? {}, options.storageClass);
    if (options.lastModified) version.lastModified = options.lastModified;
    return version;
  }

  /** The current version; undefined where there is none, or a delete marker. */
  current(key: string): StoredVersion | undefined {
    const last = this.objects.get(key)?.at(-1);
    return last?.deleteMarker ? undefined : last;
  }

  /** The bytes of the current version. */
  content(key: string): Buffer | undefined {
    return this.current(key)?.bytes;
  }

  /** Keys that have a current version, in the order of their bytes. */
  keys(prefix = ''): string[] {
    return this.sortedKeys(prefix).filter(key => this.current(key) !== undefined);
  }

  sortedKeys(prefix: string): string[] {
    return [...this.objects.keys()].filter(key => key.startsWith(prefix)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /**
   * The conditions of a write. What may not be written at all is asked first: the policy comes before the object is looked at.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: a delete marker counts as no object.
   */
  checkWrite(key: string, ifNoneMatch: string | undefined, ifMatch: string | undefined) {
    if (this.options.enforceWriteOnce && /^(models|publishing|signatures)\//.test(key) && ifNoneMatch === undefined) throw new S3Error(403, 'AccessDenied', 'Access Denied: explicit deny in a resource-based policy');
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw new S3Error(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented');
    const present = this.current(key);
    if (ifNoneMatch !== undefined && present) throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    if (ifMatch !== undefined && !present) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
    if (ifMatch !== undefined && ifMatch !== present!.etag) throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  }

  store(key: string, body: Body, metadata: StoredVersion['metadata'], storageClass = 'STANDARD'): StoredVersion {
    return this.add(key, { bytes: this.options.keepBytes || body.size < 2 ** 21 ? body.bytes : undefined, size: body.size, etag: `"${body.etag}"`, sha256: body.checked ? body.sha256 : undefined, metadata, storageClass });
  }

  createUpload(key: string, metadata: Upload['metadata'], sha256: boolean): Upload {
    const upload = { id: `upload-${++this.count}`, key, metadata, sha256, parts: new Map() };
    this.uploads.set(upload.id, upload);
    return upload;
  }

  upload(id: string, key: string): Upload {
    const upload = this.uploads.get(id);
    if (upload?.key !== key) throw new S3Error(404, 'NoSuchUpload', 'The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.');
    return upload;
  }

  /** A part has the checksum that its upload was created with, or none where that has none. */
  putPart(upload: Upload, number: number, body: Body) {
    if (!Number.isInteger(number) || number < 1 || number > 10_000) throw new S3Error(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
    if (body.checked !== upload.sha256) {
      throw new S3Error(400, 'InvalidRequest', `Checksum Type mismatch occurred, expected checksum Type: ${upload.sha256 ? 'sha256' : 'null'}, actual checksum Type: ${body.checked ? 'sha256' : 'null'}`);
    }
    upload.parts.set(number, this.options.keepBytes ? body : { ...body, bytes: undefined });
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html; the conditions are asked by the caller. */
  complete(upload: Upload, listed: ListedPart[]): StoredVersion {
    if (listed.length === 0) throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
    if (listed.some(({ number }, index) => index > 0 && number <= listed[index - 1].number)) {
      throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order. Parts must be ordered by part number.');
    }
    const parts = listed.map(({ number, etag, sha256 }, index) => {
      const part = upload.parts.get(number);
      if (upload.sha256 && sha256 === undefined) {
        throw new S3Error(400, 'InvalidRequest', `The upload was created using a sha256 checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`);
      }
      if (!part || part.etag !== etag.replaceAll('"', '') || (sha256 !== undefined && sha256 !== part.sha256)) {
        throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part\'s entity tag.');
      }
      if (index < listed.length - 1 && part.size < this.options.minimumPartBytes) throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
      return part;
    });
    this.uploads.delete(upload.id);
    return this.add(upload.key, {
      bytes: this.options.keepBytes ? Buffer.concat(parts.map(part => part.bytes!)) : undefined,
      size: parts.reduce((sum, part) => sum + part.size, 0),
      etag: `"${hashOf('md5', parts.map(part => Buffer.from(part.etag, 'hex'))).toString('hex')}-${parts.length}"`,
      sha256: upload.sha256 ? `${hashOf('sha256', parts.map(part => Buffer.from(part.sha256, 'base64'))).toString('base64')}-${parts.length}` : undefined,
      metadata: upload.metadata,
      storageClass: 'STANDARD',
    });
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html. Returns what was removed, or the marker that was laid. */
  delete(key: string, versionId?: string): StoredVersion | undefined {
    const versions = this.objects.get(key) ?? [];
    if (versionId === undefined && this.options.versioned) return this.add(key, { deleteMarker: true, size: 0, etag: '', metadata: {}, storageClass: '' });
    const gone = versionId === undefined ? versions.at(-1) : versions.find(version => version.versionId === versionId);
    const left = versions.filter(version => version !== gone);
    if (left.length === 0) this.objects.delete(key);
    else this.objects.set(key, left);
    return gone;
  }

  private add(key: string, version: Omit<StoredVersion, 'versionId' | 'deleteMarker' | 'lastModified'> & { deleteMarker?: boolean }): StoredVersion {
    const added = { deleteMarker: false, ...version, versionId: this.options.versioned ? `version-${++this.count}` : 'null', lastModified: this.clock?.() ?? new Date() };
    this.objects.set(key, this.options.versioned ? [...this.objects.get(key) ?? [], added] : [added]);
    return added;
  }
}

function hashOf(algorithm: string, chunks: Buffer[]): Buffer {
  const hash = createHash(algorithm);
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}
