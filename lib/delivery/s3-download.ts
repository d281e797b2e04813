import { Duration, Size } from 'aws-cdk-lib';
import { credentialsOf, TOKEN_FOLDER } from './download-credentials';
import { downloadRequests } from './download-requests';
import { Downloader } from './downloader';
import { DOWNLOADER_USER, Landing, TOKEN_VOLUME, volumeName, WORK_VOLUME } from './landing';
import { FLOOR_RATE, secondsAtRate, STALL_TIMEOUT, totalSize } from './limits';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { ModelVolume } from './model-volume';
import { PodFacts, PodParts } from './pod-parts';
import { SKIP_CONTAINERS } from './pod-template';
import { BOOTSTRAP, inlineProgram, transferProgram } from './program';
import { S3DownloadOptions } from './s3-download-options';
import { ModelArtifact } from '../model';
import { dnsLabel } from '../model/names';
import { checkWhole } from '../private/numbers';
import { IModelBucket } from '../storage';

/** A model, and where it lands. */
interface Arrival extends Landing {
  readonly delivered: DeliveredModel;
  /** The folder, in the downloader, that the program publishes into. */
  readonly destination: string;
}

/** @internal */
export class S3Download implements IDeliveryStrategy {
  public readonly sharingKey: string;
  private readonly sources: IModelBucket[];
  private readonly downloader: Downloader;
  private readonly jobs: number;
  private readonly stall: Duration;
  private readonly jitter?: Duration;
  private readonly floor: Size;

  constructor(private readonly options: S3DownloadOptions) {
    this.sources = sourcesOf(options);
    this.downloader = options.downloader ?? Downloader.s5cmd();
    this.stall = wholeSeconds('stallTimeout', options.stallTimeout ?? STALL_TIMEOUT, 'pass Duration.minutes(5)');
    this.jitter = options.startJitter && wholeSeconds('startJitter', options.startJitter, 'pass Duration.minutes(1), or leave it out for none');
    this.floor = options.floorRate ?? FLOOR_RATE;
    this.jobs = checkWhole('parallelFiles', options.parallelFiles ?? 4, 1, 64);
    if (this.floor.isUnresolved() || this.floor.toBytes() < 1 || !Number.isInteger(this.floor.toBytes())) {
      throw new Error('floorRate must be known at synth, in whole bytes and at least one: pass Size.mebibytes(20)');
    }
    this.sharingKey = JSON.stringify(['s3Download', this.downloader.program, this.downloader.image, this.settings(), !!options.ipv6Cluster]);
  }

  public refusal(model: ModelArtifact, pod: PodFacts): string | undefined {
    const refusals = this.sources.flatMap(source => pod.identity?._refusal(model, source) ?? []);
    return refusals.length > 0 ? [...new Set(refusals)].join('; ') : undefined;
  }

  public bind(models: DeliveredModel[], pod: PodFacts): PodParts {
    const { identity } = pod;
    if (!identity) {
      throw new Error(`model ${models[0].model.displayName} is downloaded from S3, and the pod has no identity to read it with: pass identity, as readers.associate({ namespace, serviceAccount }) returns it`);
    }
    const arrivals = models.map(delivered => strategyOf(delivered).arrivalOf(delivered));
    const { env, token } = credentialsOf(identity, this.options.ipv6Cluster ?? false);
    const disk = totalSize(arrivals.map(arrival => arrival.disk)).toBytes();
    const memory = totalSize(arrivals.map(arrival => arrival.memory)).toBytes();
    const requests = downloadRequests({ cpu: '1', memory: this.downloader.memoryRequest, disk, volumes: memory }, pod.requests);
    const volumes = unique(arrivals.map(({ volume }) => volume), volume => volume.name);
    // A role that the service account had before is the application's too.
    const hasOwnRole = identity.irsaRoleArn !== undefined || identity._session !== undefined;
    const withhold = pod.withholdCredentials ?? !hasOwnRole;
    return {
      initContainers: [this.container(arrivals, volumes, [...env, ...this.settings()], requests)],
      volumes: [
        ...volumes,
        { name: WORK_VOLUME, emptyDir: { sizeLimit: '64Mi' } },
        { name: TOKEN_VOLUME, projected: { sources: [{ serviceAccountToken: token }] } },
      ],
      volumeMounts: arrivals.map(({ delivered, volume, folder }) => (
        { name: volume.name, mountPath: delivered.path, subPath: folder === undefined ? 'models' : `${folder}/models`, readOnly: true })),
      annotations: withhold ? { [SKIP_CONTAINERS]: pod.containers.join(',') } : {},
      ephemeralStorage: disk > 0 ? Size.bytes(disk) : undefined,
      memory: memory > 0 ? Size.bytes(memory) : undefined,
      fsGroup: groupOf(arrivals),
      startWindow: Duration.seconds((this.jitter?.toSeconds() ?? 0) + models.reduce((sum, { model }) => sum + this.secondsFor(model), 0)),
    };
  }

  /** The models of a pod are fetched one after the other: each may stall once, and go at the floor rate. */
  private secondsFor(model: ModelArtifact): number {
    return this.stall.toSeconds() + secondsAtRate(model.size.toBytes(), this.floor);
  }

  private arrivalOf(delivered: DeliveredModel): Arrival {
    const { model } = delivered;
    if (this.sources.length > 1 && model.digest === undefined) {
      throw new Error(`model ${model.displayName} has ${this.sources.length} sources and no digest, and they might hold different ones: pin the digest that publishing printed, or give one bucket`);
    }
    const landing = (this.options.volume ?? ModelVolume.disk())._landingOf(delivered, this.sourceUrl(this.sources[0], model));
    const mounted = `/models/${landing.volume.name}`;
    return { ...landing, delivered, destination: landing.folder === undefined ? mounted : `${mounted}/${landing.folder}` };
  }

  private sourceUrl({ bucketName }: IModelBucket, model: ModelArtifact): string {
    return `s3://${bucketName}/${model.prefix}`;
  }

  private settings(): { name: string; value: string }[] {
    return [
      { name: 'MODEL_TRANSFER_JOBS', value: String(this.jobs) },
      { name: 'MODEL_TRANSFER_STALL', value: String(this.stall.toSeconds()) },
      { name: 'MODEL_TRANSFER_FLOOR', value: String(this.floor.toBytes()) },
      ...this.jitter ? [{ name: 'MODEL_TRANSFER_JITTER', value: String(this.jitter.toSeconds()) }] : [],
    ];
  }

  private container(arrivals: Arrival[], volumes: any[], env: any[], requests: Record<string, string>): any {
    return {
      name: dnsLabel('download-', volumeName(arrivals[0].delivered).slice('model-'.length)),
      image: this.downloader.image,
      imagePullPolicy: 'IfNotPresent',
      command: ['/bin/sh', '-c', inlineProgram(BOOTSTRAP)],
      args: [
        inlineProgram(transferProgram(this.downloader.program as 's5cmd' | 'aws')),
        // One release in one folder is fetched once, at however many paths it is read.
        ...unique(arrivals, arrival => arrival.destination).flatMap(arrival => strategyOf(arrival.delivered).modelArguments(arrival)),
      ],
      env,
      ...Object.keys(requests).length > 0 ? { resources: { requests } } : {},
      volumeMounts: [
        ...volumes.map(({ name }) => ({ name, mountPath: `/models/${name}` })),
        { name: WORK_VOLUME, mountPath: '/tmp' },
        { name: TOKEN_VOLUME, mountPath: TOKEN_FOLDER, readOnly: true },
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

  private modelArguments({ delivered: { model }, destination, shared }: Arrival): string[] {
    return [
      `--model=${model.name}`,
      ...this.sources.flatMap(source => [`--source=${this.sourceUrl(source, model)}`, `--region=${source.region}`]),
      ...model.digest === undefined ? [] : [`--digest=${model.digest}`],
      `--max-bytes=${model.size.toBytes()}`,
      `--destination=${destination}`,
      ...shared ? ['--shared'] : [],
    ].map(inlineProgram);
  }
}

/** Models that share a container may come from different buckets: each delivery knows its own. Only deliveries of this class have its key. */
function strategyOf(delivered: DeliveredModel): S3Download {
  return delivered.delivery.strategy as S3Download;
}

function sourcesOf({ bucket, sources }: S3DownloadOptions): IModelBucket[] {
  if ((bucket === undefined) === (sources === undefined)) {
    throw new Error(`a download from S3 has ${bucket ? 'bucket and sources' : 'no bucket'}: give either bucket or sources`);
  }
  const all = bucket ? [bucket] : [...sources!];
  if (all.length === 0) throw new Error('sources of a download from S3 are empty: give at least one bucket');
  const double = all.find((source, index) => all.slice(0, index).some(earlier => earlier.bucketName === source.bucketName));
  if (double) throw new Error(`bucket '${double.bucketName}' is twice among the sources of a download: name it once`);
  return all;
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

function wholeSeconds(what: string, duration: Duration, fix: string): Duration {
  if (duration.isUnresolved() || !Number.isInteger(duration.toSeconds({ integral: false })) || duration.toSeconds() < 1) {
    throw new Error(`${what} must be known at synth, in whole seconds and at least one: ${fix}`);
  }
  return duration;
}
