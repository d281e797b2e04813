import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pushBase } from './base-image';
import { transferProgram } from '../../lib/delivery/program';
import { MODELS, versionPrefix } from '../../lib/model/layout';
import { lockedModel } from '../../lib/model/lock-file';
import { buildProgram } from '../../lib/oci/model-image-builder-program';
import { Agent, SERVICE_ACCOUNT_TOKEN } from '../downloads/agent';
import { Run } from '../part';
import { finish, Finished, freePort } from '../processes';
import { Bucket } from '../s3/bucket';
import { CommandLine, done } from '../s3/command-line';
import { Gateway } from '../s3/gateway';
import { AWS_CLI, CRANE, ORAS } from '../tools/catalogue';

const REGION = 'eu-west-1';
const ID = { tenant: 'serving', name: 'llama', version: 'v1' };

/** A model that is published, a registry that is empty but for a base image, and what a build has. */
export class Site {
  static async make({ folder, processes }: Run): Promise<Site> {
    const gateway = await Gateway.start(processes, path.join(folder, 's3'), { region: REGION });
    const bucket = await Bucket.make(gateway, REGION, 'models');
    const source = writeModel(path.join(folder, 'source'));
    const lock = path.join(folder, 'models.lock.json');
    const { tenant, name, version } = ID;
    done(await new CommandLine(gateway, folder, REGION).run('publish', source, bucket.url, '--tenant', tenant, '--name', name, '--version', version, '--lock', lock));
    const port = await freePort();
    fs.mkdirSync(path.join(folder, 'registry'));
    const registry = processes.start('registry', CRANE.file('crane'), ['registry', 'serve', '--address', `127.0.0.1:${port}`, '--disk', path.join(folder, 'registry')]);
    await processes.ready(registry, async () => fetch(`http://127.0.0.1:${port}/v2/`).then(({ ok }) => ok, () => false));
    const base = path.join(folder, 'base');
    fs.mkdirSync(base);
    fs.writeFileSync(path.join(folder, 'token'), SERVICE_ACCOUNT_TOKEN);
    const host = `127.0.0.1:${port}`;
    return new Site(folder, gateway, bucket, lock, host, await pushBase(base, `${host}/base`), await Agent.start());
  }

  private builds = 0;

  private constructor(
    readonly folder: string,
    private readonly gateway: Gateway,
    readonly bucket: Bucket,
    readonly lock: string,
    readonly host: string,
    readonly base: string,
    private readonly agent: Agent,
  ) {}

  /** Where the objects of the model are files of the S3 server. */
  get objects(): string {
    return path.join(this.gateway.data, this.bucket.name, versionPrefix(MODELS, ID));
  }

  get prefix(): string {
    return versionPrefix(MODELS, ID);
  }

  /** Runs the shipped programs as CodeBuild does, but for the credentials, which are those of this S3 server, and for a model that an earlier build has fetched into the same disk. */
  async build(repository: string, env: NodeJS.ProcessEnv = {}, disk = 'disk'): Promise<Finished & { readonly image: string }> {
    const work = path.join(this.folder, `build-${++this.builds}`);
    fs.mkdirSync(path.join(work, 'tmp'), { recursive: true });
    const [program, transfer, result] = ['build-image.sh', 'transfer.sh', 'image'].map(name => path.join(work, name));
    fs.writeFileSync(program, buildProgram());
    fs.writeFileSync(transfer, transferProgram('aws'));
    const { digest, totalBytes } = lockedModel(this.lock, ID);
    const finished = await finish('sh', [program], {
      seconds: 300,
      env: {
        PATH: process.env.PATH,
        HOME: work,
        TMPDIR: path.join(work, 'tmp'),
        ORAS: ORAS.file('oras'),
        AWS: AWS_CLI.file('aws'),
        AWS_ENDPOINT_URL: this.gateway.endpoint,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: this.agent.uri,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path.join(this.folder, 'token'),
        MODEL_TRANSFER_CREDENTIALS: 'container-role',
        MODEL_TRANSFER_TERMINATION_LOG: path.join(work, 'termination-log'),
        MODEL_TRANSFER_BACKOFF_CAP: '0.2',
        MODEL_TRANSFER: transfer,
        IMAGE_WORK: path.join(this.folder, disk),
        IMAGE_RESULT: result,
        IMAGE_REPOSITORY: repository,
        IMAGE_BASE: this.base,
        IMAGE_BASE_FLAGS: '--plain-http',
        IMAGE_REGISTRY_FLAGS: '--plain-http',
        MODEL_BUCKET: this.bucket.name,
        MODEL_BUCKET_REGION: REGION,
        MODEL_PREFIX: this.prefix,
        MODEL_NAME: ID.name,
        MODEL_VERSION: ID.version,
        MODEL_DIGEST: digest,
        MODEL_BYTES: String(totalBytes),
        IMAGE_LARGE_FILE: '5000000',
        ...env,
      },
    });
    const image = fs.existsSync(result) ? fs.readFileSync(result, 'utf8').trim() : '';
    return { ...finished, image };
  }

  stop(): void {
    this.agent.stop();
    this.bucket.close();
  }
}

/** Names that are not all plain, and two files that are large enough for a layer of their own. */
function writeModel(folder: string): string {
  const files: Array<[string, number]> = [
    ['weights/model-00001-of-00002.safetensors', 8_000_000], ['weights/model-00002-of-00002.safetensors', 7_000_000],
    ['config.json', 700], ['a b.txt', 5], ["it's [odd].txt", 9_000], [`${'deep/'.repeat(30)}vocab.txt`, 5_000], ['empty.txt', 0],
  ];
  for (const [name, size] of files) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, randomBytes(size));
  }
  return folder;
}
