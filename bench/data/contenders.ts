import * as fs from 'node:fs';
import * as path from 'node:path';
import { Contender, Target } from '../../conformance/downloads/contender';
import { shipped } from '../../conformance/downloads/shipped';
import { clientEnvironment } from '../../conformance/s3/gateway';
import { AWS_CLI_NEWEST, KSERVE_STORAGE, RCLONE } from '../../conformance/tools/bench-catalogue';
import { S5CMD } from '../../conformance/tools/catalogue';
import { python } from '../../conformance/tools/python';
import { Tool } from '../../conformance/tools/tool';

/** A downloader, and what it is made of. */
export interface Entrant extends Contender {
  readonly tool: Tool;
  /** Whether it is this library. */
  readonly ours: boolean;
}

/** Ours makes so many attempts, and gives up on silence after some seconds: so do the others, where they have a setting for it. */
const ATTEMPTS = 3;
const SILENCE = 5;
/** Seconds that the AWS CLI takes to start, which is once for each file, on a machine that has other work. */
const START = 3;

function environment({ region, scratch, endpoint }: Target): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: scratch,
    TMPDIR: scratch,
    AWS_ENDPOINT_URL: endpoint,
    AWS_MAX_ATTEMPTS: String(ATTEMPTS),
    ...clientEnvironment(region),
  };
}

/** What all others are compared with. It has no time-out. */
export const BARE_S5CMD: Entrant = {
  name: 's5cmd cp',
  version: S5CMD.version,
  tool: S5CMD,
  ours: false,
  command: target => ({
    command: S5CMD.file('s5cmd'),
    args: ['--log', 'error', '--retry-count', String(ATTEMPTS - 1), '--endpoint-url', target.endpoint, 'cp', `s3://${target.bucket}/${target.prefix}*`, `${target.destination}/`],
    env: environment(target),
  }),
};

/** One of the two clients of the AWS CLI: https://docs.aws.amazon.com/cli/latest/topic/s3-config.html */
function awsCp(client: 'classic' | 'crt'): Entrant {
  return {
    name: `aws s3 cp, ${client}`,
    version: AWS_CLI_NEWEST.version,
    tool: AWS_CLI_NEWEST,
    ours: false,
    command: target => {
      const config = path.join(target.scratch, 'aws-config');
      fs.writeFileSync(config, `[default]\ns3 =\n  preferred_transfer_client = ${client}\n`);
      return {
        command: AWS_CLI_NEWEST.file('aws'),
        args: [
          '--cli-connect-timeout', String(SILENCE), '--cli-read-timeout', String(SILENCE),
          's3', 'cp', '--only-show-errors', '--recursive', `s3://${target.bucket}/${target.prefix}`, target.destination,
        ],
        env: { ...environment(target), AWS_CONFIG_FILE: config },
      };
    },
  };
}

/** https://rclone.org/s3/ */
const RCLONE_COPY: Entrant = {
  name: 'rclone copy',
  version: RCLONE.version,
  tool: RCLONE,
  ours: false,
  command: target => ({
    command: RCLONE.file('rclone'),
    args: [
      'copy', '--config', '/dev/null', '--contimeout', `${SILENCE}s`, '--timeout', `${SILENCE}s`, '--retries', String(ATTEMPTS), '--low-level-retries', String(ATTEMPTS),
      `:s3,provider=AWS,env_auth=true,region=${target.region},endpoint='${target.endpoint}',force_path_style=true:${target.bucket}/${target.prefix}`, target.destination,
    ],
    env: environment(target),
  }),
};

/** What KServe's storage initializer does with `storageUri`, in the environment that its controller gives it: https://github.com/kserve/kserve/blob/master/pkg/credentials/s3/s3_secret.go */
const KSERVE_INITIALIZER: Entrant = {
  name: 'KServe storage initializer',
  version: KSERVE_STORAGE.version,
  tool: KSERVE_STORAGE,
  ours: false,
  command: target => ({
    command: python(KSERVE_STORAGE),
    args: ['-c', 'import sys; from kserve_storage import Storage; Storage.download(sys.argv[1], sys.argv[2])', `s3://${target.bucket}/${target.prefix.replace(/\/$/, '')}`, target.destination],
    env: {
      ...environment(target), S3_USER_VIRTUAL_BUCKET: 'false', S3_VERIFY_SSL: '0', S3_MAX_ATTEMPTS: String(ATTEMPTS), S3_CONNECT_TIMEOUT: String(SILENCE), S3_READ_TIMEOUT: String(SILENCE),
    },
  }),
};

/** The shipped program under the shell and with the tools of this machine. */
function ours(fetcher: 's5cmd' | 'aws', tool: Tool): Entrant {
  const contender = shipped({ fetcher, binary: tool.file(fetcher), version: tool.version, sh: '/bin/sh', path: process.env.PATH!, stall: SILENCE + (fetcher === 'aws' ? START : 0), attempts: ATTEMPTS });
  return { ...contender, tool, ours: true };
}

export const OURS_S5CMD = ours('s5cmd', S5CMD);
export const OURS_AWS = ours('aws', AWS_CLI_NEWEST);

/** All of them. The first is what the others are compared with. */
export const ENTRANTS: readonly Entrant[] = [BARE_S5CMD, OURS_S5CMD, awsCp('classic'), awsCp('crt'), OURS_AWS, RCLONE_COPY, KSERVE_INITIALIZER];
