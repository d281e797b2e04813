import * as path from 'node:path';
import { Contender } from './contender';
import { BOOTSTRAP, Fetcher, transferProgram } from '../../lib/delivery/program';

/** What the shipped program runs with. */
export interface ShippedProps {
  readonly fetcher: Fetcher;
  /** The downloader's real binary. */
  readonly binary: string;
  readonly version: string;
  /** The shell that runs it. */
  readonly sh: string;
  /** Where its tools are. */
  readonly path: string;
  /** Seconds without a byte that end an attempt: as few as the downloader's start allows. */
  readonly stall: number;
  /** How often a file is tried. */
  readonly attempts: number;
  /** Files at once. @default - what pods have */
  readonly jobs?: number;
}

/** The shipped program as a pod starts it, unchanged. Its waits are shorter than in a pod. */
export function shipped({ fetcher, binary, version, sh, path: tools, stall, attempts, jobs }: ShippedProps): Contender {
  return {
    name: `this library with ${fetcher}`,
    version,
    delivered: 'models',
    command: ({ endpoint, region, bucket, prefix, destination, scratch, agent, model }) => ({
      command: sh,
      args: [
        '-c', BOOTSTRAP, transferProgram(fetcher),
        '--model=llama', `--source=s3://${bucket}/${prefix}`, `--region=${region}`, `--digest=${model.digest}`, `--max-bytes=${model.bytes}`, `--destination=${destination}`,
      ],
      env: {
        PATH: tools,
        TMPDIR: scratch,
        [fetcher === 's5cmd' ? 'S5CMD' : 'AWS']: binary,
        AWS_ENDPOINT_URL: endpoint,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.uri,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: agent.tokenFile,
        MODEL_TRANSFER_TERMINATION_LOG: path.join(scratch, 'termination-log'),
        MODEL_TRANSFER_ATTEMPTS: String(attempts),
        MODEL_TRANSFER_BACKOFF_CAP: '0.2',
        MODEL_TRANSFER_STALL: String(stall),
        MODEL_TRANSFER_FLOOR: '10000000',
        MODEL_TRANSFER_CREDENTIALS_WAIT: '5',
        ...jobs === undefined ? {} : { MODEL_TRANSFER_JOBS: String(jobs) },
      },
    }),
  };
}
