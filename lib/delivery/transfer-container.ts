import { Duration, Size } from 'aws-cdk-lib';
import { DOWNLOADER_USER, Landing, nameOf, WORK_VOLUME } from './landing';
import { totalSize } from './limits';
import type { DeliveredModel } from './model-delivery';
import { ModelVolume } from './model-volume';
import { PodParts } from './pod-parts';
import { BOOTSTRAP, Fetcher, inlineProgram, transferProgram } from './program';
import { dnsLabel } from '../model/names';

/**
 * A model, and where it lands.
 * @internal
 */
export interface Arrival extends Landing {
  readonly delivered: DeliveredModel;
  /** The folder, in the container, that the program publishes into. */
  readonly destination: string;
}

/** @internal */
export function arrivalOf(delivered: DeliveredModel, volume: ModelVolume | undefined, source: string): Arrival {
  const landing = (volume ?? ModelVolume.disk())._landingOf(delivered, source);
  const mounted = `/models/${landing.volume.name}`;
  return { ...landing, delivered, destination: landing.folder === undefined ? mounted : `${mounted}/${landing.folder}` };
}

/**
 * What runs the transfer program.
 * @internal
 */
export interface TransferContainer {
  /** What the name begins with. */
  readonly verb: 'copy' | 'download';
  readonly image: string;
  readonly fetcher: Fetcher;
  readonly arrivals: Arrival[];
  /** Flags that say where a model comes from. */
  readonly sourceOf: (arrival: Arrival) => string[];
  readonly env: any[];
  readonly requests: Record<string, string>;
  /** Mounts beside those of the models and of the work volume. */
  readonly volumeMounts?: any[];
}

/** @internal */
export function transferContainer({ verb, image, fetcher, arrivals, sourceOf, env, requests, volumeMounts = [] }: TransferContainer): any {
  return {
    name: dnsLabel(`${verb}-`, nameOf(arrivals[0].delivered)),
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c', inlineProgram(BOOTSTRAP)],
    args: [
      inlineProgram(transferProgram(fetcher)),
      // One release in one folder is fetched once, at however many paths it is read.
      ...unique(arrivals, arrival => arrival.destination).flatMap(arrival => modelArguments(arrival, sourceOf(arrival))),
    ],
    env,
    ...Object.keys(requests).length > 0 ? { resources: { requests } } : {},
    volumeMounts: [
      ...volumesOf(arrivals).map(({ name }) => ({ name, mountPath: `/models/${name}` })),
      { name: WORK_VOLUME, mountPath: '/tmp' },
      ...volumeMounts,
    ],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: DOWNLOADER_USER,
      runAsGroup: DOWNLOADER_USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/**
 * The volumes that models land in, where the application finds them, and what that takes.
 * @internal
 */
export function arrivalParts(arrivals: Arrival[]): Required<Pick<PodParts, 'volumes' | 'volumeMounts'>> & PodParts {
  const disk = totalSize(arrivals.map(arrival => arrival.disk));
  const memory = totalSize(arrivals.map(arrival => arrival.memory));
  return {
    volumes: [...volumesOf(arrivals), { name: WORK_VOLUME, emptyDir: { sizeLimit: '64Mi' } }],
    volumeMounts: arrivals.map(({ delivered, volume, folder }) => (
      { name: volume.name, mountPath: delivered.path, subPath: folder === undefined ? 'models' : `${folder}/models`, readOnly: true })),
    ephemeralStorage: disk.toBytes() > 0 ? disk : undefined,
    memory: memory.toBytes() > 0 ? memory : undefined,
    fsGroup: groupOf(arrivals),
  };
}

/** @internal */
export function wholeSeconds(what: string, duration: Duration, fix: string): Duration {
  if (duration.isUnresolved() || !Number.isInteger(duration.toSeconds({ integral: false })) || duration.toSeconds() < 1) {
    throw new Error(`${what} must be known at synth, in whole seconds and at least one: ${fix}`);
  }
  return duration;
}

/** @internal */
export function wholeBytes(what: string, size: Size, fix: string): Size {
  if (size.isUnresolved() || size.toBytes() < 1 || !Number.isInteger(size.toBytes())) {
    throw new Error(`${what} must be known at synth, in whole bytes and at least one: ${fix}`);
  }
  return size;
}

function modelArguments({ delivered: { model }, destination, shared }: Arrival, source: string[]): string[] {
  return [
    `--model=${model.name}`,
    ...source,
    ...model.digest === undefined ? [] : [`--digest=${model.digest}`],
    `--max-bytes=${model.size.toBytes()}`,
    `--destination=${destination}`,
    ...shared ? ['--shared'] : [],
  ].map(inlineProgram);
}

function volumesOf(arrivals: Arrival[]): any[] {
  return unique(arrivals.map(({ volume }) => volume), volume => volume.name);
}

function groupOf(arrivals: Arrival[]): number | undefined {
  const [first, other] = unique(arrivals.filter(({ group }) => group !== undefined), ({ group }) => String(group));
  if (other) {
    throw new Error(`the volumes of models ${first.delivered.model.displayName} and ${other.delivered.model.displayName} belong to groups ${first.group} and ${other.group}, and a pod has one fsGroup: give both claims one group`);
  }
  return first?.group;
}

function unique<T>(items: T[], key: (item: T) => string): T[] {
  const keys = items.map(key);
  return items.filter((_, index) => keys.indexOf(keys[index]) === index);
}
