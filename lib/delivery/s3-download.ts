import { Duration, Size } from 'aws-cdk-lib';
import { credentialsOf, TOKEN_FOLDER } from './download-credentials';
import { downloadRequests } from './download-requests';
import { Downloader } from './downloader';
import { TOKEN_VOLUME } from './landing';
import { FLOOR_RATE, secondsAtRate, STALL_TIMEOUT } from './limits';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { PodFacts, PodParts } from './pod-parts';
import { Fetcher } from './program';
import { S3DownloadOptions } from './s3-download-options';
import { Arrival, arrivalOf, arrivalParts, transferContainer, wholeBytes, wholeSeconds } from './transfer-container';
import { withheldCredentials } from './withheld-credentials';
import { ModelArtifact } from '../model';
import { checkWhole } from '../private/numbers';
import { IModelBucket } from '../storage';

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
    this.floor = wholeBytes('floorRate', options.floorRate ?? FLOOR_RATE, 'pass Size.mebibytes(20)');
    this.jobs = checkWhole('parallelFiles', options.parallelFiles ?? 4, 1, 64);
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
    const parts = arrivalParts(arrivals);
    const volumes = { disk: parts.ephemeralStorage?.toBytes() ?? 0, volumes: parts.memory?.toBytes() ?? 0 };
    return {
      ...parts,
      initContainers: [transferContainer({
        verb: 'download',
        image: this.downloader.image,
        fetcher: this.downloader.program as Fetcher,
        arrivals,
        sourceOf: ({ delivered }) => strategyOf(delivered).sourceArguments(delivered),
        env: [...env, ...this.settings()],
        requests: downloadRequests({ cpu: '1', memory: this.downloader.memoryRequest, ...volumes }, pod.requests),
        volumeMounts: [{ name: TOKEN_VOLUME, mountPath: TOKEN_FOLDER, readOnly: true }],
      })],
      volumes: [...parts.volumes, { name: TOKEN_VOLUME, projected: { sources: [{ serviceAccountToken: token }] } }],
      annotations: withheldCredentials(pod),
      warnings: models.flatMap(({ model }) => model.digest !== undefined ? [] : {
        id: 'digestMissing',
        text: `model ${model.displayName} has no digest: pods check the files against the manifest in the bucket, and nothing checks that manifest; pin the digest that publishing printed`,
      }),
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
    return arrivalOf(delivered, this.options.volume, this.sourceUrl(this.sources[0], model));
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

  private sourceArguments({ model }: DeliveredModel): string[] {
    return this.sources.flatMap(source => [`--source=${this.sourceUrl(source, model)}`, `--region=${source.region}`]);
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
