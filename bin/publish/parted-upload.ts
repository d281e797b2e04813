import { AbortMultipartUploadCommand, CompletedPart, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { base64, compositeChecksum } from './digests';
import { signedWith } from './objects';
import { CommandError } from '../cli/command';
import type { Store } from '../cli/store';

/** An object that comes in parts, and is there only when all of them are. */
export class PartedUpload {
  public static async begin(store: Store, key: string, sha256: string): Promise<PartedUpload> {
    const { UploadId } = await store.client.send(new CreateMultipartUploadCommand({
      Bucket: store.bucket, Key: key, ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE', Metadata: { sha256 },
    }));
    return new PartedUpload(store, { Bucket: store.bucket, Key: key, UploadId: UploadId! });
  }

  private readonly parts: CompletedPart[] = [];
  private aborted?: Promise<void>;

  private constructor(
    private readonly store: Store,
    private readonly target: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
  ) {}

  public async part(index: number, body: Buffer, sha256: string, abortSignal: AbortSignal): Promise<void> {
    const command = new UploadPartCommand({ ...this.target, PartNumber: index + 1, Body: body, ChecksumSHA256: base64(sha256) });
    const { ETag } = await this.store.client.send(signedWith(command, sha256), { abortSignal });
    this.parts[index] = { PartNumber: index + 1, ETag, ChecksumSHA256: base64(sha256) };
  }

  /**
   * Has S3 copy a part from another object, as long as that has this ETag. A range is for objects of more than 5 MB
   * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html).
   *
   * @returns the SHA-256 that S3 computed of it: hexadecimal digits
   */
  public async copyPart(
    index: number,
    from: { readonly bucket: string; readonly key: string; readonly etag: string },
    range: { readonly start: number; readonly end: number } | undefined,
    abortSignal?: AbortSignal,
  ): Promise<string | undefined> {
    const { CopyPartResult: copied } = await this.store.client.send(new UploadPartCopyCommand({
      ...this.target,
      PartNumber: index + 1,
      CopySource: [from.bucket, ...from.key.split('/')].map(encodeURIComponent).join('/'),
      CopySourceIfMatch: from.etag,
      CopySourceRange: range && `bytes=${range.start}-${range.end - 1}`,
    }), { abortSignal });
    this.parts[index] = { PartNumber: index + 1, ETag: copied?.ETag, ChecksumSHA256: copied?.ChecksumSHA256 };
    return copied?.ChecksumSHA256 && Buffer.from(copied.ChecksumSHA256, 'base64').toString('hex');
  }

  /** @throws where an object with that key is there */
  public async complete(hashes: readonly string[]): Promise<void> {
    const { ChecksumSHA256 } = await this.store.client.send(new CompleteMultipartUploadCommand({
      ...this.target, IfNoneMatch: '*', ChecksumType: 'COMPOSITE', MultipartUpload: { Parts: this.parts },
    }));
    if (ChecksumSHA256 !== undefined && ChecksumSHA256 !== compositeChecksum(hashes)) {
      throw new CommandError(`${this.store.url(this.target.Key)} was completed with the checksum ${ChecksumSHA256}, expected ${compositeChecksum(hashes)}: S3 put other parts together than were sent`);
    }
  }

  /** Gives the parts back, as far as that works now: the lifecycle of the bucket takes away what stays. */
  public abort(): Promise<void> {
    this.aborted ??= this.store.client.send(new AbortMultipartUploadCommand(this.target)).then(() => undefined, () => undefined);
    return this.aborted;
  }
}
