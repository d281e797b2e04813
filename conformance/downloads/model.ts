import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ModelChecksums } from '../../lib/model/model-checksums';
import { checksum, noise, sha256 } from '../bytes';
import { ACCOUNT } from '../s3/gateway';

export const REGION = 'us-west-2';

/** A published model: every object below a prefix, by its name there. */
export interface Model {
  readonly objects: ReadonlyMap<string, Buffer>;
  /** Of its manifest. */
  readonly digest: string;
  /** Of what it declares: neither `model.json` nor the manifest. */
  readonly bytes: number;
}

/** Sizes of files, by name. */
export type Sizes = Readonly<Record<string, number>>;

/** Few files. The biggest is above 8 MiB, from where the AWS CLI takes a file in parts unless it is told otherwise. */
export const SIZES: Sizes = { 'model-00001.safetensors': 12_000_000, 'model-00002.safetensors': 2_000_000 };

/** A model of made up bytes, the same ones for the same seed. */
export function makeModel(seed: string, sizes: Sizes = SIZES): Model {
  const objects = new Map(Object.entries(sizes).map(([name, size]) => [name, noise(`${seed}/${name}`, size)]));
  const bytes = [...objects.values()].reduce((sum, { length }) => sum + length, 0);
  objects.set('model.json', Buffer.from(`${JSON.stringify({ totalBytes: bytes })}\n`));
  const manifest = Buffer.from([...objects].map(([name, content]) => `${sha256(content)}  ${name}\n`).sort().join(''));
  objects.set(ModelChecksums.OBJECT_NAME, manifest);
  return { objects, digest: `sha256:${sha256(manifest)}`, bytes };
}

/** Puts a model into a bucket of its own, with a checksum that the server keeps for each object. */
export async function putModel(endpoint: string, bucket: string, prefix: string, { objects }: Model): Promise<void> {
  const credentials = { accessKeyId: ACCOUNT.AWS_ACCESS_KEY_ID, secretAccessKey: ACCOUNT.AWS_SECRET_ACCESS_KEY };
  const client = new S3Client({ endpoint, region: REGION, forcePathStyle: true, credentials });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    for (const [name, body] of objects) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + name, Body: body, ChecksumSHA256: checksum(body) }));
    }
  } finally {
    client.destroy();
  }
}
