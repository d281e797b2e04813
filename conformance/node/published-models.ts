import * as fs from 'node:fs';
import * as path from 'node:path';
import { ModelId, SHARED } from '../../lib/model/layout';
import { noise, sha256 } from '../bytes';
import { ROOT } from '../examples';
import { succeed } from '../processes';
import { clientEnvironment, Gateway } from '../s3/gateway';
import { S5CMD } from '../tools/catalogue';

/** SHA-256 of files, by their paths. */
export type Digests = Record<string, string>;

/** Models that are published by the command that the package ships, each of its own few files. */
export class PublishedModels {
  private readonly published = new Map<string, Digests>();
  private readonly buckets = new Set<string>();

  /** @param folder for the files that are published */
  constructor(private readonly folder: string, private readonly gateway: Gateway, private readonly region: string) {}

  /** Publishes what a pod downloads from, `s3://<bucket>/models/<tenant>/<name>/<version>/`, unless it was. Answers what must arrive. */
  async atSource(source: string): Promise<Digests> {
    const [bucket, , tenant, name, version] = source.slice('s3://'.length).split('/');
    return this.publish(bucket, { ...tenant === SHARED ? {} : { tenant }, name, version });
  }

  /** Publishes a model, and keeps its digest in a lock file where one is given. */
  async publish(bucket: string, { tenant, name, version }: ModelId, lock?: string): Promise<Digests> {
    const key = [bucket, tenant ?? SHARED, name, version].join('/');
    const known = this.published.get(key);
    if (known !== undefined && lock === undefined) return known;
    await this.ensureBucket(bucket);
    const files = path.join(this.folder, key);
    const digests = writeModel(files, key);
    await this.command([
      'publish', files, `s3://${bucket}`, `--name=${name}`, `--version=${version}`, ...tenant === undefined ? [] : [`--tenant=${tenant}`], ...lock === undefined ? [] : [`--lock=${lock}`],
    ]);
    this.published.set(key, digests);
    return digests;
  }

  /** Runs the package's command from its source: a bundle may be older. */
  async command(args: string[]): Promise<string> {
    return succeed(process.execPath, [
      '--import', 'tsx', '--import', 'data:text/javascript,globalThis.RELEASE="conformance"', path.join(ROOT, 'bin', 'cdk-eks-model-artifacts.ts'),
      ...args, `--endpoint-url=${this.gateway.endpoint}`, `--region=${this.region}`,
    ], { cwd: ROOT, env: this.environment });
  }

  private async ensureBucket(bucket: string): Promise<void> {
    if (this.buckets.has(bucket)) return;
    await succeed(S5CMD.file('s5cmd'), ['--endpoint-url', this.gateway.endpoint, 'mb', `s3://${bucket}`], { env: this.environment });
    this.buckets.add(bucket);
  }

  private get environment(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, HOME: this.folder, ...clientEnvironment(this.region) };
  }
}

/** Writes the files of a model whose bytes are no other model's: a small one, one of some megabytes, one in a folder. */
function writeModel(folder: string, seed: string): Digests {
  const files = {
    'config.json': Buffer.from(JSON.stringify({ made: seed })),
    'model-00001-of-00001.safetensors': noise(seed, 9 * 1024 * 1024 + 1),
    'tokenizer/tokenizer.json': noise(`${seed}/tokenizer`, 10_000),
  };
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), bytes);
    return [name, sha256(bytes)];
  }));
}
