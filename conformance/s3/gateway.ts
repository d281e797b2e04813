import * as fs from 'node:fs';
import * as path from 'node:path';
import { freePort, Processes, Started } from '../processes';
import { VERSITYGW } from '../tools/catalogue';

/** The one account of the server. */
export const ACCOUNT = { AWS_ACCESS_KEY_ID: 'AKIACONFORMANCE00000', AWS_SECRET_ACCESS_KEY: 'conformance-secret-key-of-no-account' };

/** What a client needs to reach it: nothing of the machine's own AWS configuration is read. */
export function clientEnvironment(region: string): NodeJS.ProcessEnv {
  return {
    ...ACCOUNT, AWS_REGION: region, AWS_DEFAULT_REGION: region, AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}

export interface GatewayProps {
  readonly region: string;
  /** Buckets are addressed as `<bucket>.<domain>`. @default - by path */
  readonly virtualDomain?: string;
  /** The port on loopback. @default - a free one */
  readonly port?: number;
  /** Keeps versions, so that nothing that is written over is lost. @default true */
  readonly versioning?: boolean;
}

/** A real S3 server, over a folder: it checks signatures, conditions and checksums, and ignores session tokens. */
export class Gateway {
  static async start(processes: Processes, folder: string, props: GatewayProps): Promise<Gateway> {
    const port = props.port ?? await freePort();
    const [data, versions] = [path.join(folder, 'data'), path.join(folder, 'versions')];
    for (const each of [data, versions]) fs.mkdirSync(each, { recursive: true });
    const started = processes.start('versitygw', VERSITYGW.file('versitygw'), [
      `--access=${ACCOUNT.AWS_ACCESS_KEY_ID}`, `--secret=${ACCOUNT.AWS_SECRET_ACCESS_KEY}`, `--port=127.0.0.1:${port}`, `--region=${props.region}`, '--quiet',
      ...props.virtualDomain === undefined ? [] : [`--virtual-domain=${props.virtualDomain}`],
      'posix', ...props.versioning === false ? [] : [`--versioning-dir=${versions}`], data,
    ]);
    await processes.ready(started, async () => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
    return new Gateway(started, port, data);
  }

  private constructor(readonly started: Started, readonly port: number, /** Objects are files in it: `<bucket>/<key>`. */ readonly data: string) {}

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }
}
