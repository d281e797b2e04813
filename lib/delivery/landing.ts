import { Size } from 'aws-cdk-lib';
import type { DeliveredModel } from './model-delivery';
import { dnsLabel } from '../model/names';
import { sha256 } from '../private/sha256';

/**
 * Where one model lands.
 * @internal
 */
export interface Landing {
  /** The volume, as a pod spells it. */
  readonly volume: any;
  /** The folder of the volume that the model gets; undefined where it has the volume for itself. */
  readonly folder?: string;
  /** Whether other pods may use the folder at once. */
  readonly shared?: boolean;
  /** The part of the node's disk that it takes. */
  readonly disk?: Size;
  /** The memory that it takes. */
  readonly memory?: Size;
  /** The group that must own the volume. */
  readonly group?: number;
}

/**
 * An unprivileged user and its group: `nonroot`, as distroless images number it.
 * @internal
 */
export const DOWNLOADER_USER = 65532;

/** @internal */
export const TOKEN_VOLUME = 'model-download-token';

/** @internal */
export const WORK_VOLUME = 'model-download-work';

/**
 * What containers of a delivery are called, after their verb: as its volume is.
 * @internal
 */
export function nameOf(delivered: DeliveredModel): string {
  return volumeName(delivered).slice('model-'.length);
}

/**
 * Named after the model where it has its usual path; told apart by the path where not: no two models of a pod share a volume.
 * @internal
 */
export function volumeName({ model, path }: DeliveredModel): string {
  const usual = path === `/mnt/${model.name}/models` && ![TOKEN_VOLUME, WORK_VOLUME].includes(`model-${model.name}`);
  return usual ? dnsLabel('model-', model.name) : `${dnsLabel('model-', model.name, 52)}-${sha256(path).slice(0, 10)}`;
}
