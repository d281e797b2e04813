import { Duration, Size } from 'aws-cdk-lib';

/**
 * The rate below which a download counts as stuck. The slowest part of a healthy path is a gp3 root volume, 125 MiB/s until more is bought
 * (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html), or one S3 connection of 85 to 90 MB/s
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-design-patterns.html): this is a quarter of the lower one.
 * @internal
 */
export const FLOOR_RATE = Size.mebibytes(20);

/**
 * How long nothing may land before an attempt is given up: what containerd grants an image pull
 * (`image_pull_progress_timeout` of its CRI plugin, 5 minutes by default).
 * @internal
 */
export const STALL_TIMEOUT = Duration.minutes(5);

/**
 * How much larger than the model a volume is: the manifest, the file system's own needs, and the room that a retry takes.
 * @internal
 */
export const VOLUME_HEADROOM = 1.2;

/**
 * The time that moving so many bytes takes at a rate, in whole seconds.
 * @internal
 */
export function secondsAtRate(bytes: number, ratePerSecond: Size): number {
  return Math.ceil(bytes / ratePerSecond.toBytes());
}

/** @internal */
export function totalSize(sizes: Array<Size | undefined>): Size {
  return Size.bytes(sizes.reduce((bytes, size) => bytes + (size?.toBytes() ?? 0), 0));
}

/**
 * A size as Kubernetes spells it: whole mebibytes, rounded up.
 * @internal
 */
export function mebibytes(size: Size): string {
  return `${Math.ceil(size.toBytes() / 2 ** 20)}Mi`;
}

/**
 * How long the pull of an image with a model may take: at the floor rate, as for downloads. A cold pull of 140 GB took 4,603 s, 29 MiB/s, where the
 * node had a gp3 volume of 125 MiB/s (https://github.com/kserve/kserve/tree/master/docs/samples/storage/oci-image-volume): layers are written as
 * they come, and then once more unpacked.
 * @internal
 */
export function pullSeconds(size: Size): number {
  return STALL_TIMEOUT.toSeconds() + secondsAtRate(size.toBytes(), FLOOR_RATE);
}
