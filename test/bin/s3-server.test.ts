import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand, CopyObjectCommand, CreateMultipartUploadCommand, DeleteObjectCommand, DeleteObjectsCommand, GetObjectCommand,
  HeadObjectCommand, ListObjectsV2Command, ListObjectVersionsCommand,
  ListPartsCommand, PutObjectCommand, S3Client, UploadPartCommand, UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { BucketServer } from './s3-server';

const sha = (content: string | Buffer) => createHash('sha256').update(content).digest('base64');
const composite = (...parts: string[]) => `${createHash('sha256').update(Buffer.concat(parts.map(part => Buffer.from(sha(part), 'base64')))).digest('base64')}-${parts.length}`;

let server: BucketServer;
let client: S3Client;
const Bucket = 'models';
/** What S3 says of a request. */
const outcome = async (promise: Promise<unknown>) => promise.then(() => 'ok', error => `${error.$metadata?.httpStatusCode ?? '-'} ${error.name}`);

const settings = () => ({
  endpoint: server.endpoint, forcePathStyle: true, region: 'us-west-2', credentials: { accessKeyId: 'A', secretAccessKey: 'S' }, maxAttempts: 1,
});

beforeEach(async () => {
  server = await new BucketServer(Bucket, { minimumPartBytes: 4 }).start();
  client = new S3Client({ ...settings(), requestChecksumCalculation: 'WHEN_REQUIRED' });
});
afterEach(async () => {
  client.destroy();
  await server.stop();
});

test('an object is written once, whole, with its checksum', async () => {
  const put = (Key: string, Body: string, more = {}) => outcome(client.send(new PutObjectCommand({ Bucket, Key, Body, ...more })));
  expect(await put('models/a', 'one')).toBe('403 AccessDenied');
  expect(await put('models/a', 'one', { IfNoneMatch: '*', ChecksumSHA256: sha('other') })).toBe('400 BadDigest');
  expect(server.main.keys()).toEqual([]);
  expect(await put('models/a', 'one', { IfNoneMatch: '*', ChecksumSHA256: sha('one'), Metadata: { sha256: 'x' } })).toBe('ok');
  expect(await put('models/a', 'two', { IfNoneMatch: '*' })).toBe('412 PreconditionFailed');
  expect(await put('elsewhere/a', 'two', { ChecksumAlgorithm: 'SHA256' })).toBe('ok');
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'models/a', ChecksumMode: 'ENABLED' }));
  expect(head).toMatchObject({ ContentLength: 3, ChecksumSHA256: sha('one'), ChecksumType: 'FULL_OBJECT', Metadata: { sha256: 'x' }, ETag: '"f97c5d29941bfb1b2fdab0874906ab82"' });
  const ranged = await client.send(new GetObjectCommand({ Bucket, Key: 'models/a', Range: 'bytes=1-1', IfMatch: head.ETag }));
  expect([await ranged.Body!.transformToString(), ranged.ContentRange]).toEqual(['n', 'bytes 1-1/3']);
  expect(await outcome(client.send(new GetObjectCommand({ Bucket, Key: 'models/a', IfMatch: '"x"' })))).toBe('412 PreconditionFailed');
  expect(server.main.content('elsewhere/a')!.toString()).toBe('two');
});

test('a body in chunks with its checksum after it', async () => {
  const chunked = new S3Client({ ...settings(), requestChecksumCalculation: 'WHEN_SUPPORTED' });
  const body = (async function* () { yield Buffer.from('one '); yield Buffer.alloc(70_000, 'x'); })();
  await chunked.send(new PutObjectCommand({ Bucket, Key: 'x', Body: Readable.from(body), ContentLength: 70_004, ChecksumAlgorithm: 'SHA256' }));
  expect(server.requests[0].headers['content-encoding']).toBe('aws-chunked');
  expect(server.main.content('x')!.equals(Buffer.concat([Buffer.from('one '), Buffer.alloc(70_000, 'x')]))).toBe(true);
  expect(server.main.current('x')!.sha256).toBe(sha(Buffer.concat([Buffer.from('one '), Buffer.alloc(70_000, 'x')])));
  chunked.destroy();
});

test('parts: checksums, order, smallest size, the condition at the end', async () => {
  const Key = 'models/big';
  const create = async () => (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' }))).UploadId!;
  const part = async (UploadId: string, PartNumber: number, Body: string, ChecksumSHA256: string | undefined = sha(Body)) => {
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ChecksumSHA256 }));
    return { PartNumber, ETag, ChecksumSHA256: sha(Body) };
  };
  const complete = (UploadId: string, Parts: object[], more: object = { IfNoneMatch: '*' }) => client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));
  const first = await create();
  expect(await outcome(part(first, 1, 'aaaa', sha('b')))).toBe('400 BadDigest');
  expect(await outcome(client.send(new UploadPartCommand({ Bucket, Key, UploadId: first, PartNumber: 1, Body: 'a' })))).toBe('400 InvalidRequest');
  const [a, b, short] = [await part(first, 1, 'aaaa'), await part(first, 2, 'bb'), await part(first, 3, 'ccc')];
  const listed = await client.send(new ListPartsCommand({ Bucket, Key, UploadId: first, MaxParts: 2 }));
  expect([listed.Parts!.map(({ PartNumber, ChecksumSHA256 }) => [PartNumber, ChecksumSHA256]), listed.NextPartNumberMarker]).toEqual([[[1, sha('aaaa')], [2, sha('bb')]], '2']);
  expect(await outcome(complete(first, [a, b], {}))).toBe('403 AccessDenied');
  expect(await outcome(complete(first, [b, a]))).toBe('400 InvalidPartOrder');
  expect(await outcome(complete(first, [a, b, short]))).toBe('400 EntityTooSmall');
  expect(await outcome(complete(first, [a, { ...b, ChecksumSHA256: sha('x') }]))).toBe('400 InvalidPart');
  expect(await outcome(complete(first, [a, { ...b, ChecksumSHA256: undefined }]))).toBe('400 InvalidRequest');
  expect(await complete(first, [a, b])).toMatchObject({ ChecksumSHA256: composite('aaaa', 'bb'), ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/) });
  expect(server.main.content(Key)!.toString()).toBe('aaaabb');
  const second = await create();
  expect(await outcome(complete(second, [await part(second, 1, 'zz')]))).toBe('412 PreconditionFailed');
});

test('copies: pinned, in ranges, with the checksum of what was copied', async () => {
  server.addBucket('other').put('from', 'aaaabbbb');
  const ETag = server.buckets.get('other')!.current('from')!.etag;
  const copy = (more: object) => client.send(new CopyObjectCommand({ Bucket, Key: 'models/c', CopySource: 'other/from', IfNoneMatch: '*', ChecksumAlgorithm: 'SHA256', ...more }));
  expect(await outcome(copy({ CopySourceIfMatch: '"x"' }))).toBe('412 PreconditionFailed');
  expect((await copy({ CopySourceIfMatch: ETag })).CopyObjectResult).toMatchObject({ ChecksumSHA256: sha('aaaabbbb') });
  expect(await outcome(copy({}))).toBe('412 PreconditionFailed');
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'models/d', ChecksumAlgorithm: 'SHA256' }));
  const part = await client.send(new UploadPartCopyCommand({ Bucket, Key: 'models/d', UploadId, PartNumber: 1, CopySource: 'other/from', CopySourceRange: 'bytes=2-5', CopySourceIfMatch: ETag }));
  expect(part.CopyPartResult).toMatchObject({ ChecksumSHA256: sha('aabb') });
});

test('listings in pages, versions and markers', async () => {
  server.options.pageSize = 2;
  for (const key of ['a/1', 'a/2', 'b/x', 'b/y', 'c&<é>', 'd']) server.main.put(key, key);
  const keys: unknown[] = [];
  for (let ContinuationToken: string | undefined, more = true; more;) {
    const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken, Delimiter: '/' }));
    keys.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix), ...(page.Contents ?? []).map(({ Key }) => Key));
    ContinuationToken = page.NextContinuationToken;
    more = page.IsTruncated!;
  }
  expect(keys).toEqual(['a/', 'b/', 'c&<é>', 'd']);
  server.options.pageSize = 3;
  expect(await client.send(new DeleteObjectCommand({ Bucket, Key: 'd' }))).toMatchObject({ DeleteMarker: true });
  await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'c&<é>' }, { Key: 'a/1', VersionId: server.main.current('a/1')!.versionId }] } }));
  expect(server.main.keys()).toEqual(['a/2', 'b/x', 'b/y']);
  const first = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'c' }));
  expect([first.DeleteMarkers!.map(each => [each.Key, each.IsLatest]), first.Versions!.map(each => each.IsLatest)]).toEqual([[['c&<é>', true]], [false]]);
  const pages: number[] = [];
  for (let page = { IsTruncated: true } as any; page.IsTruncated;) {
    page = await client.send(new ListObjectVersionsCommand({ Bucket, KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }));
    pages.push((page.Versions?.length ?? 0) + (page.DeleteMarkers?.length ?? 0));
  }
  expect(pages).toEqual([3, 3, 1]);
});

test('what credentials may not do, and faults', async () => {
  Object.assign(server.options, { allowListing: false, allowDeleting: false });
  expect(await outcome(client.send(new GetObjectCommand({ Bucket, Key: 'x' })))).toBe('403 AccessDenied');
  expect(await outcome(client.send(new ListObjectsV2Command({ Bucket })))).toBe('403 AccessDenied');
  expect(await outcome(client.send(new DeleteObjectCommand({ Bucket, Key: 'x' })))).toBe('403 AccessDenied');
  const put = (Key: string) => outcome(client.send(new PutObjectCommand({ Bucket, Key, Body: 'b', IfNoneMatch: '*' })));
  server.faults = [
    { fault: 503, operation: 'PutObject', times: 1 }, { fault: 409, key: /^models\/y$/ }, { fault: 'lost reply', key: /z$/ }, { fault: 'flip', operation: 'GetObject' },
  ];
  expect([await put('models/x'), await put('models/y'), await put('models/x')]).toEqual(['503 SlowDown', '409 ConditionalRequestConflict', 'ok']);
  expect(await put('models/z')).not.toBe('ok');
  expect(server.main.content('models/z')!.toString()).toBe('b');
  expect(await (await client.send(new GetObjectCommand({ Bucket, Key: 'models/x' }))).Body!.transformToString()).toBe('c');
  expect(server.requests.at(-1)).toMatchObject({ operation: 'GetObject', key: 'models/x', status: 200 });
});
