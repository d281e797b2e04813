import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from '../bytes';
import { Processes } from '../processes';
import { Bucket } from '../s3/bucket';
import { CommandLine } from '../s3/command-line';
import { Gateway } from '../s3/gateway';

export const REGION = 'eu-west-1';

/** A server with a bucket, and the command that works on it. */
export class Site {
  /** @param versioning whether the bucket keeps what is written over or removed */
  static async make(processes: Processes, folder: string, versioning = true): Promise<Site> {
    const gateway = await Gateway.start(processes, folder, { region: REGION, versioning });
    return new Site(folder, gateway, await Bucket.make(gateway, REGION, 'acme-models', versioning), new CommandLine(gateway, folder, REGION));
  }

  private constructor(readonly folder: string, readonly gateway: Gateway, readonly bucket: Bucket, readonly command: CommandLine) {}

  /** A folder with files of these sizes, whose bytes are like no others. */
  model(name: string, sizes: Record<string, number>): string {
    const folder = path.join(this.folder, 'sources', name);
    for (const [file, size] of Object.entries(sizes)) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), randomBytes(size));
    }
    return folder;
  }

  /** Throws unless every file of a folder is in the bucket as it is in the folder, beside a manifest and a description. */
  async holds(version: Version, folder: string): Promise<void> {
    const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(folder, name)).isFile());
    const [expected, found] = [[...files, 'manifest.sha256', 'model.json'].sort(), (await this.bucket.keys(version.prefix)).map(key => key.slice(version.prefix.length)).sort()];
    if (expected.join('\n') !== found.join('\n')) throw new Error(`the bucket has ${found.join(', ')}, expected ${expected.join(', ')}`);
    for (const file of files) {
      const content = await this.bucket.read(`${version.prefix}${file}`);
      if (sha256(content) !== sha256(fs.readFileSync(path.join(folder, file)))) throw new Error(`${file} has other bytes in the bucket`);
    }
  }
}

/** A version of a model, of one tenant. */
export class Version {
  constructor(readonly name: string, readonly version = '1') {}

  /** As the command takes it. */
  get options(): string[] {
    return ['--tenant', 'serving', '--name', this.name, '--version', this.version];
  }

  /** Where its files are. */
  get prefix(): string {
    return `models/serving/${this.name}/${this.version}/`;
  }

  get manifest(): string {
    return `${this.prefix}manifest.sha256`;
  }

  get claim(): string {
    return `publishing/serving/${this.name}/${this.version}/manifest.sha256`;
  }
}

export function expect(what: string, found: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one}, expected ${other}`);
}
