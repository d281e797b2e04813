import { Duration, Size } from 'aws-cdk-lib';
import { Downloader } from './downloader';
import { IModelBucket } from '../storage';

/** Options of a download from S3. */
export interface S3DownloadOptions {
  /** The bucket that the models are in. */
  readonly bucket: IModelBucket;

  /**
   * What fetches the objects.
   *
   * @default Downloader.s5cmd()
   */
  readonly downloader?: Downloader;

  /**
   * Size of each model's volume, an `emptyDir` on the node's disk.
   *
   * @default - 1.2 times the size of the model
   */
  readonly volumeSize?: Size;

  /**
   * How many files, or batches of small files, are fetched at once.
   *
   * @default 4
   */
  readonly parallelFiles?: number;

  /**
   * How long nothing may land, in whole seconds, before an attempt is given up and tried again.
   *
   * @default - 5 minutes, as containerd grants an image pull
   */
  readonly stallTimeout?: Duration;

  /**
   * Bytes per second below which a download is given up, however steadily it goes.
   *
   * @default - 20 MiB, a quarter of what one S3 connection gives
   */
  readonly floorRate?: Size;

  /**
   * Whether the pods of the cluster have IPv6 addresses: the Pod Identity agent then listens at another address.
   *
   * @default false
   */
  readonly ipv6Cluster?: boolean;
}
