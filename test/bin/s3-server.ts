import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';
import { Body, bodyOf, readBody, S3Error } from './s3-body';
import { Bucket, BucketOptions } from './s3-bucket';
import { answerListing, xml } from './s3-listing';
import { allow, copied, element, existing, headersOf, listedParts, metadataOf, Operation, operationOf, sameRegion, text } from './s3-request';

/** What a rule does to a request that it applies to. */
export interface Fault {
  /**
   * A number answers so before anything is done; `reset` ends the connection before, `lost reply` after it was done; `stall` never answers; `cut`
   * ends a GET's body half way, `flip` changes a byte of it, or of what UploadPartCopy copies; `late error` is the error that a 200 brings in its
   * body; `none` runs `hook` alone.
   */
  readonly fault: 403 | 404 | 409 | 412 | 500 | 503 | 'reset' | 'lost reply' | 'stall' | 'cut' | 'flip' | 'late error' | 'none';
  readonly operation?: Operation;
  readonly key?: RegExp;
  /** Lets that many matching requests pass first; those that an earlier rule acted on don't count. */
  readonly after?: number;
  /** @default for ever */
  readonly times?: number;
  /** Runs before the request is looked at, such as a delay or what somebody else does meanwhile. */
  readonly hook?: () => unknown;
}

export interface LoggedRequest {
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly query: URLSearchParams;
  /** 0 until it is answered. */
  status: number;
  /** Length of the body that was taken. */
  bytes: number;
}

const CODES: { [status: number]: string } = { 403: 'AccessDenied', 404: 'NoSuchKey', 409: 'ConditionalRequestConflict', 412: 'PreconditionFailed', 500: 'InternalError', 503: 'SlowDown' };

/** Buckets in memory behind the API of S3, path style, which hold to the rules of S3 and fail as they are told. Signatures are not checked. */
export class BucketServer {
  readonly main: Bucket;
  readonly buckets = new Map<string, Bucket>();
  readonly requests: LoggedRequest[] = [];
  faults: Fault[] = [];
  private readonly matched = new Map<Fault, number>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(bucket: string, options: BucketOptions = {}) {
    this.main = this.addBucket(bucket, options);
    this.server = createServer((request, response) => void this.serve(request, response));
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', socket => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  addBucket(name: string, options: BucketOptions = {}): Bucket {
    const bucket = new Bucket(name, options);
    this.buckets.set(name, bucket);
    return bucket;
  }

  /** The objects of the main bucket, by key, with the newest version last. */
  get objects() { return this.main.objects; }
  get options() { return this.main.options; }

  async start(): Promise<this> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.sockets.forEach(socket => socket.destroy());
    await new Promise(resolve => this.server.close(resolve));
  }

  /** Keys that an operation was asked for, in order. */
  asked(operation: Operation): string[] {
    return this.requests.filter(request => request.operation === operation).map(request => request.key);
  }

  private async serve(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, 'http://localhost');
    const [, bucketName, ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    const logged: LoggedRequest = {
      operation: operationOf(request, url.searchParams, key),
      bucket: bucketName,
      key,
      headers: request.headers,
      query: url.searchParams,
      status: 0,
      bytes: 0,
    };
    this.requests.push(logged);
    const rule = this.applying(logged);
    await rule?.hook?.();
    const exchange: Exchange = { request, response, logged, rule };
    try {
      if (rule?.fault === 'reset') return void request.socket.destroy();
      if (rule?.fault === 'stall') return void request.resume();
      if (typeof rule?.fault === 'number') throw new S3Error(rule.fault, CODES[rule.fault], 'as the rule says');
      const bucket = this.buckets.get(bucketName);
      if (!bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
      if (!sameRegion(bucket, request, response)) throw new S3Error(301, 'PermanentRedirect', 'The bucket you are attempting to access must be addressed using the specified endpoint.');
      await this.answer(exchange, bucket);
    } catch (error) {
      request.resume();
      const { status, code, message } = error instanceof S3Error ? error : new S3Error(500, 'TestServerError', (error as Error).stack ?? String(error));
      if (response.headersSent) response.destroy();
      else reply(exchange, `<Error><Code>${code}</Code><Message>${xml(message)}</Message><RequestId>R</RequestId></Error>`, {}, status);
    }
  }

  private async answer(exchange: Exchange, bucket: Bucket): Promise<void> {
    const { request, logged: { operation, key, query } } = exchange;
    const header = (name: string) => request.headers[name] as string | undefined;
    switch (operation) {
      case 'PutObject': {
        const body = await this.read(exchange, bucket);
        bucket.checkWrite(key, header('if-none-match'), header('if-match'));
        const stored = bucket.store(key, body, metadataOf(request), header('x-amz-storage-class'));
        return reply(exchange, '', headersOf(stored, body.checked));
      }
      case 'CopyObject': {
        const { bytes } = this.copySource(request);
        const body = bodyOf(bytes, header('x-amz-checksum-algorithm') === 'SHA256');
        bucket.checkWrite(key, header('if-none-match'), header('if-match'));
        return reply(exchange, copied('CopyObjectResult', body), headersOf(bucket.store(key, body, metadataOf(request))));
      }
      case 'GetObject': case 'HeadObject': return this.send(exchange, bucket);
      case 'DeleteObject': {
        allow(bucket.options.allowDeleting);
        const present = bucket.current(key);
        if (header('if-match') !== undefined && header('if-match') !== present?.etag) throw new S3Error(present ? 412 : 404, present ? 'PreconditionFailed' : 'NoSuchKey', 'At least one of the pre-conditions you specified did not hold');
        const touched = bucket.delete(key, query.get('versionId') ?? undefined);
        return reply(exchange, '', touched && bucket.options.versioned ? { 'x-amz-version-id': touched.versionId, ...touched.deleteMarker ? { 'x-amz-delete-marker': 'true' } : {} } : {}, 204);
      }
      case 'DeleteObjects': return this.deleteMany(exchange, bucket);
      case 'CreateMultipartUpload': {
        const upload = bucket.createUpload(key, metadataOf(request), header('x-amz-checksum-algorithm') === 'SHA256');
        return reply(exchange, `<InitiateMultipartUploadResult><Bucket>${bucket.name}</Bucket><Key>${xml(key)}</Key><UploadId>${upload.id}</UploadId></InitiateMultipartUploadResult>`);
      }
      case 'UploadPart': {
        const upload = bucket.upload(query.get('uploadId')!, key);
        const body = await this.read(exchange, bucket);
        bucket.putPart(upload, Number(query.get('partNumber')), body);
        return reply(exchange, '', { etag: `"${body.etag}"`, ...body.checked ? { 'x-amz-checksum-sha256': body.sha256 } : {} });
      }
      case 'UploadPartCopy': {
        const upload = bucket.upload(query.get('uploadId')!, key);
        const { bytes } = this.copySource(request);
        const body = bodyOf(exchange.rule?.fault === 'flip' ? flipped(bytes) : bytes, upload.sha256);
        bucket.putPart(upload, Number(query.get('partNumber')), body);
        return reply(exchange, copied('CopyPartResult', body));
      }
      case 'CompleteMultipartUpload': {
        const upload = bucket.upload(query.get('uploadId')!, key);
        const listed = listedParts(await text(request));
        bucket.checkWrite(key, header('if-none-match'), header('if-match'));
        const stored = bucket.complete(upload, listed);
        return reply(exchange, `<CompleteMultipartUploadResult><Bucket>${bucket.name}</Bucket><Key>${xml(key)}</Key><ETag>${xml(stored.etag)}</ETag>${stored.sha256 ? `<ChecksumSHA256>${stored.sha256}</ChecksumSHA256><ChecksumType>COMPOSITE</ChecksumType>` : ''}</CompleteMultipartUploadResult>`);
      }
      case 'AbortMultipartUpload':
        bucket.uploads.delete(bucket.upload(query.get('uploadId')!, key).id);
        return reply(exchange, '', {}, 204);
      case 'HeadBucket': return reply(exchange, '');
      case 'GetBucketVersioning': return reply(exchange, `<VersioningConfiguration>${bucket.options.versioned ? '<Status>Enabled</Status>' : ''}</VersioningConfiguration>`);
      case 'Unknown': throw new S3Error(501, 'NotImplemented', `the server of the tests has no ${request.method} ${request.url}`);
      default:
        allow(bucket.options.allowListing);
        return reply(exchange, answerListing(operation, bucket, key, query));
    }
  }

  private async read({ request, logged }: Exchange, bucket: Bucket): Promise<Body> {
    const small = Number(request.headers['content-length']) < 2 ** 21; // a manifest is read again
    const body = await readBody(request, bucket.options.keepBytes || small);
    logged.bytes = body.size;
    return body;
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
  private copySource(request: IncomingMessage): { bytes: Buffer } {
    const [path, versionId] = String(request.headers['x-amz-copy-source']).split('?versionId=');
    const [bucketName, ...rest] = decodeURIComponent(path).replace(/^\//, '').split('/');
    const bucket = this.buckets.get(bucketName);
    if (!bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
    const source = existing(bucket, rest.join('/'), versionId);
    const match = request.headers['x-amz-copy-source-if-match'];
    if (match !== undefined && match !== source.etag) throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    const range = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers['x-amz-copy-source-range'] ?? ''));
    if (range && Number(range[2]) >= source.size) throw new S3Error(400, 'InvalidArgument', 'Range specified is not valid for source object of size');
    return { bytes: range ? source.bytes!.subarray(Number(range[1]), Number(range[2]) + 1) : source.bytes! };
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
  private async deleteMany(exchange: Exchange, bucket: Bucket) {
    const { headers } = exchange.request;
    if (!headers['content-md5'] && !Object.keys(headers).some(name => name.startsWith('x-amz-checksum-'))) throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
    const body = await text(exchange.request);
    const results = [...body.matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, object]) => {
      const key = element(object, 'Key')!;
      if (!bucket.options.allowDeleting) return `<Error><Key>${xml(key)}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`;
      const touched = bucket.delete(key, element(object, 'VersionId'));
      const marker = touched?.deleteMarker ? `<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>${touched.versionId}</DeleteMarkerVersionId>` : '';
      return element(body, 'Quiet') === 'true' ? '' : `<Deleted><Key>${xml(key)}</Key>${marker}</Deleted>`;
    });
    reply(exchange, `<DeleteResult>${results.join('')}</DeleteResult>`);
  }

  private send(exchange: Exchange, bucket: Bucket) {
    const { request, response, rule, logged: { operation, key, query } } = exchange;
    const object = existing(bucket, key, query.get('versionId') ?? undefined);
    if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== object.etag) throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    const head = operation === 'HeadObject';
    if (!head && /^(GLACIER|DEEP_ARCHIVE)$/.test(object.storageClass)) throw new S3Error(403, 'InvalidObjectState', 'The operation is not valid for the object\'s storage class');
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (asked && Number(asked[1]) >= object.size) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable');
    const start = asked ? Number(asked[1]) : 0;
    const end = Math.min(asked?.[2] ? Number(asked[2]) + 1 : object.size, object.size);
    const length = end - start;
    exchange.logged.status = asked ? 206 : 200;
    response.writeHead(exchange.logged.status, {
      ...headersOf(object, request.headers['x-amz-checksum-mode'] === 'ENABLED' && length === object.size),
      ...object.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': object.storageClass },
      ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
      ...asked ? { 'content-range': `bytes ${start}-${end - 1}/${object.size}` } : {},
      'content-length': length,
      'content-type': 'binary/octet-stream',
      'last-modified': object.lastModified.toUTCString(),
      'accept-ranges': 'bytes',
    });
    if (head) return void response.end();
    const bytes = object.bytes!.subarray(start, end);
    if (rule?.fault === 'cut') return void response.write(bytes.subarray(0, length / 2), () => setTimeout(() => request.socket.destroy(), 20));
    response.end(rule?.fault === 'flip' ? flipped(bytes) : bytes);
  }

  private applying(request: LoggedRequest): Fault | undefined {
    for (const rule of this.faults) {
      if ((rule.operation && rule.operation !== request.operation) || (rule.key && !rule.key.test(request.key))) continue;
      const seen = (this.matched.get(rule) ?? 0) + 1;
      this.matched.set(rule, seen);
      if (seen > (rule.after ?? 0) && seen <= (rule.after ?? 0) + (rule.times ?? Infinity)) return rule;
    }
    return undefined;
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly logged: LoggedRequest;
  readonly rule?: Fault;
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[Math.floor(bytes.length / 2)] += 1;
  return copy;
}

function reply({ request, response, rule, logged }: Exchange, body: string, headers: { [name: string]: string } = {}, status = 200) {
  if (rule?.fault === 'lost reply') return void request.socket.destroy();
  if (rule?.fault === 'late error') body = '<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message></Error>';
  const content = body === '' || request.method === 'HEAD' ? '' : `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
  logged.status = status;
  response.writeHead(status, { 'content-length': Buffer.byteLength(content), ...content === '' ? {} : { 'content-type': 'application/xml' }, ...headers });
  response.end(content);
}
