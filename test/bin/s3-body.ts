import { createHash, Hash } from 'node:crypto';
import { IncomingMessage } from 'node:http';

/** An error as S3 answers it. */
export class S3Error extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/** What a request brought, once it was read to its end and compared with what its headers promise. */
export interface Body {
  /** Undefined where the server keeps no bytes. */
  readonly bytes?: Buffer;
  readonly size: number;
  /** 32 hexadecimal digits: MD5, or the half of a SHA-256 where the server keeps no bytes, for speed. */
  readonly etag: string;
  /** Base64. */
  readonly sha256: string;
  /** Whether the client gave the SHA-256 as a checksum, so that S3 stores it. */
  readonly checked: boolean;
}

/** Hashes what passes. */
class Digest {
  size = 0;
  private readonly sha256 = createHash('sha256');
  private readonly md5?: Hash;
  private readonly chunks: Buffer[] = [];

  constructor(private readonly keep: boolean) {
    if (keep) this.md5 = createHash('md5');
  }

  update(chunk: Buffer) {
    this.size += chunk.length;
    this.sha256.update(chunk);
    this.md5?.update(chunk);
    if (this.keep) this.chunks.push(chunk);
  }

  end(): Omit<Body, 'checked'> {
    const sha = this.sha256.digest();
    return {
      bytes: this.keep ? Buffer.concat(this.chunks) : undefined,
      size: this.size,
      etag: this.md5?.digest('hex') ?? sha.toString('hex').slice(0, 32),
      sha256: sha.toString('base64'),
    };
  }
}

export function bodyOf(bytes: Buffer, checked: boolean): Body {
  const digest = new Digest(true);
  digest.update(bytes);
  return { ...digest.end(), checked };
}

/**
 * Reads a body and checks it as PutObject and UploadPart do
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html). Checksums of other kinds than
 * SHA-256 and MD5 are taken unseen.
 */
export async function readBody(request: IncomingMessage, keep: boolean): Promise<Body> {
  const digest = new Digest(keep);
  const trailers: { [name: string]: string } = {};
  const wire = createHash('sha256');
  const signed = String(request.headers['x-amz-content-sha256'] ?? '');
  const chunked = String(request.headers['content-encoding'] ?? '').includes('aws-chunked');
  const decode = chunked ? chunkDecoder(data => digest.update(data), trailers) : undefined;
  const hashed = /^[0-9a-f]{64}$/.test(signed);
  let cut: unknown;
  try {
    for await (const chunk of request) {
      if (hashed) wire.update(chunk);
      if (decode) decode(chunk);
      else digest.update(chunk);
    }
  } catch (error) {
    cut = error;
  }
  if (cut !== undefined || !request.complete) throw new S3Error(400, 'IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header');
  const body = digest.end();
  const wanted = request.headers['x-amz-checksum-sha256'] ?? trailers['x-amz-checksum-sha256'];
  const md5 = request.headers['content-md5'];
  const length = request.headers['x-amz-decoded-content-length'];
  if (hashed && wire.digest('hex') !== signed) throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The provided \'x-amz-content-sha256\' header does not match what was computed.');
  if (length !== undefined && Number(length) !== body.size) throw new S3Error(400, 'IncompleteBody', 'x-amz-decoded-content-length is another length');
  if (wanted !== undefined && wanted !== body.sha256) throw new S3Error(400, 'BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  if (md5 !== undefined && keep && md5 !== Buffer.from(body.etag, 'hex').toString('base64')) throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  return { ...body, checked: wanted !== undefined };
}

/**
 * Takes `aws-chunked` apart, with and without signatures of chunks, and its trailing headers
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html).
 */
function chunkDecoder(emit: (data: Buffer) => void, trailers: { [name: string]: string }): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let left = 0; // of a chunk's data
  let state: 'size' | 'data' | 'end of data' | 'trailers' = 'size';
  return chunk => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      if (state === 'data') {
        const data = pending.subarray(0, left);
        if (data.length > 0) emit(data);
        pending = pending.subarray(data.length);
        left -= data.length;
        if (left > 0) return;
        state = 'end of data';
      }
      const end = pending.indexOf('\r\n');
      if (end < 0) return;
      const line = pending.subarray(0, end).toString();
      pending = pending.subarray(end + 2);
      if (state === 'end of data') {
        state = 'size';
      } else if (state === 'size') {
        left = parseInt(line, 16);
        state = left === 0 ? 'trailers' : 'data';
      } else if (line.includes(':')) {
        trailers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
      }
    }
  };
}
