import { Size, Token } from 'aws-cdk-lib';
import { mebibytes } from './limits';
import { quantityBytes } from '../private/quantity';

/**
 * What the downloader would like to have, and what its volumes take.
 * @internal
 */
export interface DownloadNeeds {
  /** CPU, as Kubernetes spells it. */
  readonly cpu: string;
  /** Memory, as Kubernetes spells it. */
  readonly memory: string;
  /** Bytes on the node's disk. */
  readonly disk: number;
  /** Bytes in memory. */
  readonly volumes: number;
}

/**
 * What an init container asks for. The scheduler counts the larger of what init containers and the application ask for, so it stays within the
 * application's own; where that has no request, there is none. Volumes come on top of both.
 * @internal
 */
export function downloadRequests(needs: DownloadNeeds, asked: Record<string, string> = {}): Record<string, string> {
  const requests: Record<string, string> = {};
  const cpu = within(needs.cpu, asked.cpu);
  if (cpu !== undefined) requests.cpu = cpu;
  const memory = within(needs.memory, asked.memory);
  if (needs.volumes > 0) {
    requests.memory = mebibytes(Size.bytes(needs.volumes + Math.ceil(memory === undefined ? 0 : quantityBytes(memory))));
  } else if (memory !== undefined) {
    requests.memory = memory;
  }
  if (needs.disk > 0) {
    const disk = mebibytes(Size.bytes(needs.disk));
    requests['ephemeral-storage'] = within(disk, asked['ephemeral-storage']) ?? disk;
  }
  return requests;
}

/** The smaller of both; none where the application asks for none, or for what is known only after deploying. */
function within(wanted: string, asked: string | undefined): string | undefined {
  if (asked === undefined || Token.isUnresolved(asked)) return undefined;
  return quantityBytes(asked) < quantityBytes(wanted) ? asked : wanted;
}
