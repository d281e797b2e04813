import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadBucketCommand, ListObjectsV2Command, S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { Call, CommandError, text, UsageError } from './command';

/** The options of every command that talks to S3. Credentials come from where the AWS CLI takes them. */
export const STORE_OPTIONS = { 'endpoint-url': { type: 'string' }, 'region': { type: 'string' }, 'profile': { type: 'string' } } as const;

/** What `STORE_OPTIONS` mean, for the usage of a command. */
export const STORE_USAGE = [
  '  --region R         region of the bucket; by default S3 is asked for it',
  '  --profile P        profile of the shared configuration',
  '  --endpoint-url U   another endpoint of S3, such as that of a VPC',
];

/** An object of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: Date;
  /** As S3 calls it, such as `GLACIER`. */
  readonly storageClass?: string;
}

/** An object that fits in memory, and what S3 says of it. */
export interface SmallObject {
  readonly content: Buffer;
  readonly etag: string;
  readonly lastModified: Date;
  readonly metadata: { readonly [name: string]: string };
}

/** How often an answer that breaks off is asked for. */
const READS = 4;

/** How many requests may be under way at once. */
export const MAX_PARALLEL = 256;

/** A bucket. */
export class Store {
  /** The bucket of `s3://bucket`; a path below it is refused, for the layout is ours. */
  public static at(url: string | undefined, call: Call): Store {
    const { bucket, prefix } = parseS3Url(url);
    if (prefix !== '') throw new UsageError(`'${url}' names a prefix: give the bucket alone, s3://${bucket}; --tenant, --name and --version say where in it`);
    return new Store(bucket, clientFor(bucket, call));
  }

  constructor(public readonly bucket: string, public readonly client: S3Client) {}

  /** `s3://…` for messages. */
  public url(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  /** The bytes of a small object, or undefined as of `get`. */
  public async find(key: string): Promise<Buffer | undefined> {
    return (await this.get(key))?.content;
  }

  /**
   * A small object.
   *
   * @returns undefined where it is not there, or may not be read: without `s3:ListBucket` S3 tells no difference
   */
  public async get(key: string): Promise<SmallObject | undefined> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key })).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (answer === undefined) return undefined;
      try {
        const content = Buffer.from(await answer.Body!.transformToByteArray());
        return { content, etag: answer.ETag!, lastModified: answer.LastModified!, metadata: answer.Metadata ?? {} };
      } catch (error) {
        if (attempt === READS) throw error; // the SDK repeats requests, but not answers that break off
      }
    }
  }

  /** The bytes of an object, of the version with this ETag where one is given, in a range where one is given: first and last byte. */
  public async stream(key: string, options: { etag?: string; range?: readonly [number, number] } = {}): Promise<Readable> {
    const { Body } = await this.client.send(new GetObjectCommand({
      Bucket: this.bucket,
      Key: key,
      IfMatch: options.etag,
      Range: options.range && `bytes=${options.range[0]}-${options.range[1]}`,
    }));
    return Body as Readable;
  }

  /** Every object below a prefix, in the order of S3. */
  public async *list(prefix: string): AsyncGenerator<ListedObject> {
    for (let token: string | undefined, more = true; more;) {
      const page = await this.client.send(new ListObjectsV2Command({ Bucket: this.bucket, Prefix: prefix, ContinuationToken: token }));
      for (const { Key, Size, ETag, LastModified, StorageClass } of page.Contents ?? []) {
        yield { key: Key!, size: Size!, etag: ETag!, lastModified: LastModified!, storageClass: StorageClass };
      }
      token = page.NextContinuationToken;
      more = page.IsTruncated === true || token !== undefined;
      if (more && token === undefined) throw new CommandError(`the listing of ${this.url(prefix)} is cut and says not where it goes on: ask S3 itself, not what stands in front of it`);
    }
  }
}

/** A client for a bucket, by the options of a command line. */
export function clientFor(bucket: string, call: Call): S3Client {
  const endpoint = text(call, 'endpoint-url');
  const sockets = { maxSockets: MAX_PARALLEL };
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint)) throw new UsageError(`--endpoint-url is '${endpoint}': give an address that begins with https:// or http://`);
  const config: S3ClientConfig = {
    region: text(call, 'region'),
    profile: text(call, 'profile'),
    maxAttempts: 10, // with the SDK's backoff about a minute, then S3 is not slow but gone
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 120_000, httpsAgent: sockets, httpAgent: sockets },
    // Checksums are this program's own: SHA-256 where it writes, the manifest where it reads.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...endpoint === undefined ? {} : { endpoint, forcePathStyle: true },
  };
  return new S3Client({ ...config, region: config.region ?? once(() => regionOf(bucket, config)) });
}

/** Where a bucket is: S3 says so to whoever asks in whatever region of its partition, and even where it denies all else. */
async function regionOf(bucket: string, config: S3ClientConfig): Promise<string> {
  const configured = await new S3Client(config).config.region().catch(() => 'us-east-1');
  const client = new S3Client({ ...config, region: configured });
  try {
    return (await client.send(new HeadBucketCommand({ Bucket: bucket }))).BucketRegion ?? configured;
  } catch (error) {
    return (error as { $response?: { headers?: Record<string, string> } }).$response?.headers?.['x-amz-bucket-region'] ?? configured;
  } finally {
    client.destroy();
  }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => answer ??= ask();
}

export function parseS3Url(url: string | undefined): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([a-z0-9][-.a-z0-9]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url ?? '');
  if (!match) throw new UsageError(`${url === undefined ? 'the bucket is missing' : `'${url}' is no bucket`}: give s3://bucket`);
  return { bucket: match[1], prefix: match[2] ?? '' };
}

/** Whether S3 says that an object is not there, or does not let it be seen. An answer to HEAD has no body, and so no name but that of its status. */
export function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return name === 'NoSuchKey' || name === 'NotFound' || ($metadata?.httpStatusCode === 403 && ['AccessDenied', 'Forbidden', 'Unknown', '403'].includes(name!));
}

/** @throws where the object is not there, or may not be read */
export async function read(store: Store, key: string): Promise<Buffer> {
  const content = await store.find(key);
  if (content === undefined) throw new CommandError(`${store.url(key)} is not there, or these credentials may not read it`);
  return content;
}
