import { IncomingMessage, ServerResponse } from 'node:http';
import { Body, readBody, S3Error } from './s3-body';
import { Bucket, ListedPart, StoredVersion } from './s3-bucket';

export type Operation =
  | 'PutObject' | 'CopyObject' | 'GetObject' | 'HeadObject' | 'DeleteObject' | 'DeleteObjects' | 'ListObjectsV2' | 'ListObjectVersions' | 'HeadBucket' | 'GetBucketVersioning'
  | 'CreateMultipartUpload' | 'UploadPart' | 'UploadPartCopy' | 'CompleteMultipartUpload' | 'AbortMultipartUpload' | 'ListParts' | 'ListMultipartUploads' | 'Unknown';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
export function operationOf({ method, headers }: IncomingMessage, query: URLSearchParams, key: string): Operation {
  const copy = headers['x-amz-copy-source'] !== undefined;
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
    if (method !== 'GET') return 'Unknown';
    if (query.has('versioning')) return 'GetBucketVersioning';
    if (query.has('versions')) return 'ListObjectVersions';
    if (query.has('uploads')) return 'ListMultipartUploads';
    return query.get('list-type') === '2' ? 'ListObjectsV2' : 'Unknown';
  }
  if (query.has('uploads') && method === 'POST') return 'CreateMultipartUpload';
  if (query.has('uploadId')) return ({ GET: 'ListParts', PUT: copy ? 'UploadPartCopy' : 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload' } as { [method: string]: Operation })[method!] ?? 'Unknown';
  return ({ GET: 'GetObject', HEAD: 'HeadObject', PUT: copy ? 'CopyObject' : 'PutObject', DELETE: 'DeleteObject' } as { [method: string]: Operation })[method!] ?? 'Unknown';
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html: a client asks again in the region that the header names. */
export function sameRegion(bucket: Bucket, request: IncomingMessage, response: ServerResponse): boolean {
  const signed = /Credential=[^/]+\/\d+\/([^/]+)\/s3\//.exec(String(request.headers.authorization ?? ''))?.[1];
  if (bucket.options.region === undefined || signed === bucket.options.region) return true;
  response.setHeader('x-amz-bucket-region', bucket.options.region);
  return false;
}

export function existing(bucket: Bucket, key: string, versionId?: string): StoredVersion {
  const found = versionId === undefined ? bucket.current(key) : bucket.objects.get(key)?.find(version => version.versionId === versionId);
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: 403 for what is missing, without s3:ListBucket.
  if (!found) throw bucket.options.allowListing ? new S3Error(404, 'NoSuchKey', 'The specified key does not exist.') : new S3Error(403, 'AccessDenied', 'Access Denied');
  return found;
}

export function allow(allowed: boolean) {
  if (!allowed) throw new S3Error(403, 'AccessDenied', 'Access Denied');
}

export function headersOf(version: StoredVersion, checksum = false): { [name: string]: string } {
  return {
    etag: version.etag,
    ...version.versionId === 'null' ? {} : { 'x-amz-version-id': version.versionId },
    ...checksum && version.sha256 ? { 'x-amz-checksum-sha256': version.sha256, 'x-amz-checksum-type': version.sha256.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT' } : {},
  };
}

export function metadataOf(request: IncomingMessage): { [name: string]: string } {
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-')).map(([name, value]) => [name.slice(11), String(value)]));
}

export function copied(name: string, body: Body): string {
  return `<${name}><ETag>&quot;${body.etag}&quot;</ETag><LastModified>${new Date().toISOString()}</LastModified>${body.checked ? `<ChecksumSHA256>${body.sha256}</ChecksumSHA256>` : ''}</${name}>`;
}

export function listedParts(body: string): ListedPart[] {
  return [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({ number: Number(element(part, 'PartNumber')), etag: element(part, 'ETag') ?? '', sha256: element(part, 'ChecksumSHA256') }));
}

export function element(body: string, name: string): string | undefined {
  const entities: { [name: string]: string } = { quot: '"', apos: '\'', amp: '&', lt: '<', gt: '>' };
  return new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(body)?.[1].replace(/&(?:(quot|apos|amp|lt|gt)|#x([0-9a-fA-F]+)|#(\d+));/g, (_, word, hex, digits) =>
    word ? entities[word] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(digits)));
}

/** A small body; a checksum that is given is compared as everywhere. */
export async function text(request: IncomingMessage): Promise<string> {
  const body = await readBody(request, true);
  return body.bytes!.toString();
}
