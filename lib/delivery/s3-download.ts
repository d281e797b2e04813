import { Duration, Size } from 'aws-cdk-lib';
import { Downloader } from './downloader';
import { FLOOR_RATE, mebibytes, secondsAtRate, STALL_TIMEOUT, VOLUME_HEADROOM } from './limits';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { PodFacts, PodParts } from './pod-parts';
import { SKIP_CONTAINERS } from './pod-template';
import { BOOTSTRAP, inlineProgram, transferProgram } from './program';
import { S3DownloadOptions } from './s3-download-options';
import { ModelArtifact } from '../model';
import { dnsLabel, sha256 } from '../model/names';

// Names and path differ from those that EKS injects, so that its webhook leaves the downloader's own declaration as it is.
const TOKEN_VOLUME = 'model-download-token';
const TOKEN_FOLDER = '/var/run/secrets/model-download';
const TOKEN_FILE = 'pod-identity-token';
const WORK_VOLUME = 'model-download-work';

// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
const AGENT = 'http://169.254.170.23/v1/credentials';
const AGENT_IPV6 = 'http://[fd00:ec2::23]/v1/credentials';
const AUDIENCE = 'pods.eks.amazonaws.com';
/** The longest life that the agent's webhook asks for itself; the kubelet renews the token at 80 % of it. */
const TOKEN_SECONDS = 86400;

/** An unprivileged user: `nonroot`, as distroless images number it. */
const DOWNLOADER_USER = 65532;

/** @internal */
export class S3Download implements IDeliveryStrategy {
  public readonly sharingKey: string;
  private readonly downloader: Downloader;
  private readonly stall: Duration;
  private readonly floor: Size;
  private readonly jobs: number;

  constructor(private readonly options: S3DownloadOptions) {
    this.downloader = options.downloader ?? Downloader.s5cmd();
    this.stall = wholeSeconds(options.stallTimeout ?? STALL_TIMEOUT);
    this.floor = options.floorRate ?? FLOOR_RATE;
    this.jobs = options.parallelFiles ?? 4;
    if (!Number.isInteger(this.jobs) || this.jobs < 1 || this.jobs > 64) {
      throw new Error(`parallelFiles is ${this.jobs}: give a whole number from 1 to 64`);
    }
    if (this.floor.isUnresolved() || this.floor.toBytes() < 1 || !Number.isInteger(this.floor.toBytes())) {
      throw new Error('floorRate must be known at synth, in whole bytes and at least one: pass Size.mebibytes(20)');
    }
    this.sharingKey = JSON.stringify(['s3Download', this.downloader.program, this.downloader.image, this.jobs, this.stall.toSeconds(), this.floor.toBytes(), !!options.ipv6Cluster]);
  }

  public refusal(model: ModelArtifact, pod: PodFacts): string | undefined {
    return pod.identity?._refusal(model, this.options.bucket);
  }

  public bind(models: DeliveredModel[], pod: PodFacts): PodParts {
    if (!pod.identity) {
      throw new Error(`model ${models[0].model.displayName} is downloaded from S3, and the pod has no identity to read it with: pass identity, as readers.associate({ namespace, serviceAccount }) returns it`);
    }
    const volumes = models.map(delivered => sourceOf(delivered).volumeOf(delivered));
    const bytes = volumes.reduce((sum, volume) => sum + volume.size.toBytes(), 0);
    const token = { audience: AUDIENCE, expirationSeconds: TOKEN_SECONDS, path: TOKEN_FILE };
    return {
      initContainers: [this.container(models, volumes, bytes)],
      volumes: [
        ...volumes.map(({ name, size }) => ({ name, emptyDir: { sizeLimit: mebibytes(size) } })),
        { name: WORK_VOLUME, emptyDir: { sizeLimit: '64Mi' } },
        { name: TOKEN_VOLUME, projected: { sources: [{ serviceAccountToken: token }] } },
      ],
      volumeMounts: models.map((delivered, index) => ({ name: volumes[index].name, mountPath: delivered.path, subPath: 'models', readOnly: true })),
      annotations: pod.withholdCredentials ?? true ? { [SKIP_CONTAINERS]: pod.containers.join(',') } : {},
      ephemeralStorage: Size.bytes(bytes),
      startWindow: Duration.seconds(models.reduce((sum, { model }) => sum + this.secondsFor(model), 0)),
    };
  }

  /** The models of a pod are fetched one after the other: each may stall once, and go at the floor rate. */
  private secondsFor(model: ModelArtifact): number {
    return this.stall.toSeconds() + secondsAtRate(model.size.toBytes(), this.floor);
  }

  /** Where one model lands. */
  public volumeOf(delivered: DeliveredModel): ModelVolume {
    const { model } = delivered;
    const size = this.options.volumeSize ?? Size.bytes(Math.ceil(model.size.toBytes() * VOLUME_HEADROOM));
    if (size.isUnresolved() || size.toBytes() < model.size.toBytes()) {
      const given = size.isUnresolved() ? 'an unresolved token' : mebibytes(size);
      throw new Error(`volumeSize is ${given}, and model ${model.displayName} needs ${mebibytes(model.size)}: give at least that, or leave it out for 1.2 times as much`);
    }
    const name = volumeName(delivered);
    return { name, size, mountPath: `/models/${name}` };
  }

  private container(models: DeliveredModel[], volumes: ModelVolume[], bytes: number): any {
    return {
      name: dnsLabel('download-', volumes[0].name.slice('model-'.length)),
      image: this.downloader.image,
      imagePullPolicy: 'IfNotPresent',
      command: ['/bin/sh', '-c', inlineProgram(BOOTSTRAP)],
      args: [
        inlineProgram(transferProgram(this.downloader.program as 's5cmd' | 'aws')),
        ...models.flatMap((delivered, index) => sourceOf(delivered).modelArguments(delivered.model, volumes[index])),
      ],
      env: [
        { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: this.options.ipv6Cluster ? AGENT_IPV6 : AGENT },
        { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: `${TOKEN_FOLDER}/${TOKEN_FILE}` },
        { name: 'MODEL_TRANSFER_JOBS', value: String(this.jobs) },
        { name: 'MODEL_TRANSFER_STALL', value: String(this.stall.toSeconds()) },
        { name: 'MODEL_TRANSFER_FLOOR', value: String(this.floor.toBytes()) },
      ],
      resources: { requests: { 'cpu': '1', 'memory': this.downloader.memoryRequest, 'ephemeral-storage': mebibytes(Size.bytes(bytes)) } },
      volumeMounts: [
        ...volumes.map(volume => ({ name: volume.name, mountPath: volume.mountPath })),
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

  public modelArguments(model: ModelArtifact, volume: ModelVolume): string[] {
    const { bucketName, region } = this.options.bucket;
    return [
      `--model=${model.name}`,
      `--source=s3://${bucketName}/${model.prefix}`,
      `--region=${region}`,
      ...(model.digest === undefined ? [] : [`--digest=${model.digest}`]),
      `--max-bytes=${model.size.toBytes()}`,
      `--destination=${volume.mountPath}`,
    ].map(inlineProgram);
  }
}

const RESERVED = [TOKEN_VOLUME, WORK_VOLUME];

/** Named after the model where it has its usual path; told apart by the path where not: no two models of a pod share a volume. */
function volumeName({ model, path }: DeliveredModel): string {
  const usual = path === `/mnt/${model.name}/models` && !RESERVED.includes(`model-${model.name}`);
  return usual ? dnsLabel('model-', model.name) : `${dnsLabel('model-', model.name, 52)}-${sha256(path).slice(0, 10)}`;
}

interface ModelVolume {
  readonly name: string;
  readonly size: Size;
  readonly mountPath: string;
}

/** Models that share a container may come from different buckets: each delivery knows its own. */
function sourceOf(delivered: DeliveredModel): S3Download {
  return delivered.delivery.strategy as S3Download;
}

function wholeSeconds(duration: Duration): Duration {
  if (duration.isUnresolved() || !Number.isInteger(duration.toSeconds({ integral: false })) || duration.toSeconds() < 1) {
    throw new Error('stallTimeout must be known at synth, in whole seconds and at least one: pass Duration.minutes(5)');
  }
  return duration;
}
