import * as fs from 'node:fs';
import * as path from 'node:path';
import { bundleCommand } from '../../../projenrc/bundle-command.cjs';
import { succeed } from '../../processes';
import { clientEnvironment, Gateway } from '../../s3/gateway';

/** Which version of which model, and where. */
export interface PublishedVersion {
  readonly bucket: string;
  readonly tenant: string;
  readonly name: string;
  readonly version: string;
}

/** What the command says of what it published. */
export interface Published extends PublishedVersion {
  readonly digest: string;
  readonly totalBytes: number;
  /** Names of the model's own files, with the SHA-256 of each, in hexadecimal. */
  readonly files: Record<string, string>;
}

/** Publishes folders by the project's own command, bundled as it is shipped. */
export class Publisher {
  private readonly command: string;

  /** @param folder for what is made on the way */
  constructor(private readonly gateway: Gateway, private readonly region: string, folder: string) {
    this.command = path.join(folder, 'cdk-eks-model-artifacts.js');
    bundleCommand(this.command);
  }

  /** Publishes what is in a folder. The bucket is made where there is none. */
  async publish(folder: string, version: PublishedVersion): Promise<Published> {
    const { bucket, tenant, name } = version;
    fs.mkdirSync(path.join(this.gateway.data, bucket), { recursive: true });
    const printed = await succeed(process.execPath, [
      this.command, 'publish', folder, `s3://${bucket}`, '--tenant', tenant, '--name', name, '--version', version.version,
      '--region', this.region, '--endpoint-url', this.gateway.endpoint, '--json',
    ], { env: { PATH: process.env.PATH, ...clientEnvironment(this.region) } });
    const { digest, totalBytes } = printed.trim().split('\n').map(line => JSON.parse(line)).find(({ event }) => event === 'result');
    return { ...version, digest, totalBytes, files: this.files(version) };
  }

  /** The file of the server that holds an object of a version: who writes to it damages the object behind the back of the server. */
  objectFile({ bucket, tenant, name, version }: PublishedVersion, file: string): string {
    return path.join(this.gateway.data, bucket, 'models', tenant, name, version, file);
  }

  private files(version: PublishedVersion): Record<string, string> {
    const lines = fs.readFileSync(this.objectFile(version, 'manifest.sha256'), 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map(line => [line.slice(66), line.slice(0, 64)]));
  }
}
