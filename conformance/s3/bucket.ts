import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, ListObjectVersionsCommand,
  PutBucketVersioningCommand, PutObjectCommand, S3Client,
} from '@aws-sdk/client-s3';
import { ACCOUNT, Gateway } from './gateway';

// Node.js 20 is good for the version of the SDK that is locked here.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** A bucket on the server, and what somebody with every right does in it. */
export class Bucket {
  /** Makes it. @param versioning whether it keeps what is written over or removed */
  static async make(gateway: Gateway, region: string, name: string, versioning = true): Promise<Bucket> {
    const credentials = { accessKeyId: ACCOUNT.AWS_ACCESS_KEY_ID, secretAccessKey: ACCOUNT.AWS_SECRET_ACCESS_KEY };
    const bucket = new Bucket(new S3Client({ endpoint: gateway.endpoint, region, credentials, forcePathStyle: true }), name);
    await bucket.client.send(new CreateBucketCommand({ Bucket: name }));
    if (versioning) await bucket.client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }));
    return bucket;
  }

  private constructor(private readonly client: S3Client, readonly name: string) {}

  get url(): string {
    return `s3://${this.name}`;
  }

  /** Keys below a prefix. */
  async keys(prefix = ''): Promise<string[]> {
    const { Contents, IsTruncated } = await this.client.send(new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix }));
    if (IsTruncated) throw new Error(`more objects are below ${prefix} than one page holds`);
    return (Contents ?? []).map(({ Key }) => Key!);
  }

  /** How many objects and markers below a prefix are superseded or not, of all that there ever were. */
  async versions(prefix: string): Promise<{ objects: number; markers: number }> {
    const { Versions, DeleteMarkers, IsTruncated } = await this.client.send(new ListObjectVersionsCommand({ Bucket: this.name, Prefix: prefix }));
    if (IsTruncated) throw new Error(`more versions are below ${prefix} than one page holds`);
    return { objects: Versions?.length ?? 0, markers: DeleteMarkers?.length ?? 0 };
  }

  async read(key: string): Promise<Buffer> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  /** Writes over what is there. */
  async write(key: string, content: Buffer | string): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body: content }));
  }

  async remove(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }));
  }

  /** Copies what is below a prefix into a folder, as `aws s3 cp --recursive` does. */
  async download(prefix: string, folder: string): Promise<void> {
    for (const key of await this.keys(prefix)) {
      const file = path.join(folder, key.slice(prefix.length));
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, await this.read(key));
    }
  }

  close(): void {
    this.client.destroy();
  }
}
