import { Duration, Size } from 'aws-cdk-lib';
import { downloadRequests } from './download-requests';
import { FLOOR_RATE, pullSeconds, secondsAtRate, STALL_TIMEOUT } from './limits';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { modelImageWarnings } from './model-image-warnings';
import { OciCopyOptions } from './oci-copy-options';
import { PodFacts, PodParts } from './pod-parts';
import { arrivalOf, arrivalParts, transferContainer, wholeBytes, wholeSeconds } from './transfer-container';
import { withheldCredentials } from './withheld-credentials';
import { ModelArtifact } from '../model';
import { ModelImage } from '../oci/model-image';
import { checkWhole } from '../private/numbers';

/** What a shell and its tools take; files pass through the page cache. */
const MEMORY = '128Mi';

/** @internal */
export class OciCopy implements IDeliveryStrategy {
  public readonly sharingKey: string;
  public readonly image: ModelImage;
  private readonly jobs: number;
  private readonly stall: Duration;
  private readonly floor: Size;

  constructor(private readonly options: OciCopyOptions) {
    this.image = options.image;
    this.stall = wholeSeconds('stallTimeout', options.stallTimeout ?? STALL_TIMEOUT, 'pass Duration.minutes(5)');
    this.floor = wholeBytes('floorRate', options.floorRate ?? FLOOR_RATE, 'pass Size.mebibytes(20)');
    this.jobs = checkWhole('parallelFiles', options.parallelFiles ?? 4, 1, 64);
    this.sharingKey = JSON.stringify(['ociCopy', options.image.reference, options.image.folder, this.settings()]);
  }

  public refusal(_model: ModelArtifact, _pod: PodFacts): string | undefined {
    return undefined;
  }

  public bind(models: DeliveredModel[], pod: PodFacts): PodParts {
    const { image } = this.options;
    const source = `${image.folder}/`;
    const arrivals = models.map(delivered => arrivalOf(delivered, (delivered.delivery.strategy as OciCopy).options.volume, image.reference));
    const parts = arrivalParts(arrivals);
    const needs = { cpu: '1', memory: MEMORY, disk: parts.ephemeralStorage?.toBytes() ?? 0, volumes: parts.memory?.toBytes() ?? 0 };
    const container = transferContainer({
      verb: 'copy',
      image: image.reference,
      fetcher: 'cp',
      arrivals,
      sourceOf: () => [`--source=${source}`],
      env: this.settings(),
      requests: downloadRequests(needs, pod.requests),
    });
    return {
      ...parts,
      initContainers: [{ ...container, imagePullPolicy: image._pullPolicy(true) }],
      annotations: withheldCredentials(pod, [container]),
      warnings: modelImageWarnings(models, image),
      startWindow: Duration.seconds(models.reduce((sum, { model }) => sum + this.secondsFor(model), 0)),
    };
  }

  /** The image is pulled, then copied. */
  private secondsFor({ size }: ModelArtifact): number {
    return pullSeconds(size) + this.stall.toSeconds() + secondsAtRate(size.toBytes(), this.floor);
  }

  private settings(): { name: string; value: string }[] {
    return [
      { name: 'MODEL_TRANSFER_JOBS', value: String(this.jobs) },
      { name: 'MODEL_TRANSFER_STALL', value: String(this.stall.toSeconds()) },
      { name: 'MODEL_TRANSFER_FLOOR', value: String(this.floor.toBytes()) },
    ];
  }
}
