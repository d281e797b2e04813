import { Bucket, StoredVersion } from './s3-bucket';

export function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** The listings of S3, in pages. */
export function answerListing(operation: string, bucket: Bucket, key: string, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : xml;
  const size = Math.min(Number(query.get('max-keys') ?? query.get('max-parts') ?? bucket.options.pageSize), bucket.options.pageSize);
  const head = `<Name>${bucket.name}</Name><Prefix>${encode(prefix)}</Prefix><MaxKeys>${size}</MaxKeys>`;
  if (operation === 'ListObjectsV2') {
    const rows = grouped(bucket.keys(prefix), prefix, query.get('delimiter'));
    const after = query.get('continuation-token') ? Buffer.from(query.get('continuation-token')!, 'base64').toString() : query.get('start-after') ?? '';
    const { page, next } = cut(rows, row => isAfter(row.name, after), size);
    const entries = page.map(({ name, isPrefix }) => isPrefix ? commonPrefix(encode(name)) : `<Contents><Key>${encode(name)}</Key>${described(bucket.current(name)!)}</Contents>`);
    return `<ListBucketResult>${head}<KeyCount>${page.length}</KeyCount>${truncated(next !== undefined)}${next ? `<NextContinuationToken>${Buffer.from(next.name).toString('base64')}</NextContinuationToken>` : ''}${entries.join('')}</ListBucketResult>`;
  }
  if (operation === 'ListObjectVersions') {
    const delimiter = query.get('delimiter');
    type Row = { name: string; version?: StoredVersion; latest: boolean };
    const rows: Row[] = grouped(bucket.sortedKeys(prefix), prefix, delimiter).flatMap<Row>(({ name, isPrefix }) => isPrefix
      ? [{ name, latest: false }]
      : bucket.objects.get(name)!.map((version, index, all) => ({ name, version, latest: index === all.length - 1 })).reverse());
    const [keyMarker, versionMarker] = [query.get('key-marker') ?? '', query.get('version-id-marker')];
    const marked = rows.findIndex(row => row.name === keyMarker && row.version?.versionId === versionMarker);
    const { page, next } = cut(rows, (row, index) => marked >= 0 ? index > marked : isAfter(row.name, keyMarker), size);
    const entries = page.map(({ name, version, latest }) => version === undefined ? commonPrefix(encode(name))
      : version.deleteMarker ? `<DeleteMarker><Key>${encode(name)}</Key>${identified(version, latest)}</DeleteMarker>`
        : `<Version><Key>${encode(name)}</Key>${described(version)}${identified(version, latest)}</Version>`);
    const marker = next ? `<NextKeyMarker>${encode(next.name)}</NextKeyMarker>${next.version ? `<NextVersionIdMarker>${next.version.versionId}</NextVersionIdMarker>` : ''}` : '';
    return `<ListVersionsResult>${head}${truncated(next !== undefined)}${marker}${entries.join('')}</ListVersionsResult>`;
  }
  if (operation === 'ListParts') {
    const rows = [...bucket.upload(query.get('uploadId')!, key).parts].sort(([a], [b]) => a - b);
    const { page, next } = cut(rows, ([number]) => number > Number(query.get('part-number-marker') ?? 0), size);
    const entries = page.map(([number, part]) => `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${part.etag}&quot;</ETag><Size>${part.size}</Size>${part.checked ? `<ChecksumSHA256>${part.sha256}</ChecksumSHA256>` : ''}</Part>`);
    return `<ListPartsResult>${truncated(next !== undefined)}${next ? `<NextPartNumberMarker>${next[0]}</NextPartNumberMarker>` : ''}${entries.join('')}</ListPartsResult>`;
  }
  const uploads = [...bucket.uploads.values()].filter(upload => upload.key.startsWith(prefix));
  return `<ListMultipartUploadsResult>${truncated(false)}${uploads.map(upload => `<Upload><Key>${encode(upload.key)}</Key><UploadId>${upload.id}</UploadId></Upload>`).join('')}</ListMultipartUploadsResult>`;
}

/** Keys, where those that share what stands before the next delimiter are one common prefix. */
function grouped(keys: string[], prefix: string, delimiter: string | null): Array<{ readonly name: string; readonly isPrefix: boolean }> {
  const rows = new Map<string, boolean>();
  for (const key of keys) {
    const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    rows.set(at < 0 ? key : key.slice(0, at + delimiter!.length), at >= 0);
  }
  return [...rows].map(([name, isPrefix]) => ({ name, isPrefix }));
}

/** A page, and the last row of it where more follow. */
function cut<T>(rows: T[], wanted: (row: T, index: number) => boolean, size: number): { page: T[]; next?: T } {
  const left = rows.filter(wanted);
  return { page: left.slice(0, size), next: left.length > size ? left[size - 1] : undefined };
}

function isAfter(name: string, marker: string): boolean {
  return marker === '' || Buffer.compare(Buffer.from(name), Buffer.from(marker)) > 0;
}

function commonPrefix(name: string): string {
  return `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`;
}

function truncated(more: boolean): string {
  return `<IsTruncated>${more}</IsTruncated>`;
}

function described(version: StoredVersion): string {
  return `<LastModified>${version.lastModified.toISOString()}</LastModified><ETag>${xml(version.etag)}</ETag><Size>${version.size}</Size><StorageClass>${version.storageClass}</StorageClass>`;
}

function identified(version: StoredVersion, latest: boolean): string {
  return `<VersionId>${version.versionId}</VersionId><IsLatest>${latest}</IsLatest>${version.deleteMarker ? `<LastModified>${version.lastModified.toISOString()}</LastModified>` : ''}`;
}
