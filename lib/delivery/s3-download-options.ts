import { Duration, Size } from 'aws-cdk-lib';
import { Downloader } from './downloader';
import { ModelVolume } from './model-volume';
import { IModelBucket } from '../storage';

/** Options of a download from S3. */
export interface S3DownloadOptions {
  /**
   * The bucket that the models are in.
   *
   * @default - one of `sources`
   */
  readonly bucket?: IModelBucket;

  /**
   * Buckets that hold the same models, such as one and its replica in another region: the first that gives a model whole is taken, in this order.
   * A model that comes from several must be pinned by digest, else they might hold different ones.
   *
   * @default - `bucket` alone
   */
  readonly sources?: IModelBucket[];

  /**
   * What fetches the objects.
   *
   * @default Downloader.s5cmd()
   */
  readonly downloader?: Downloader;

  /**
   * Where the bytes land.
   *
   * @default ModelVolume.disk()
   */
  readonly volume?: ModelVolume;

  /**
   * How many files, or batches of small files, are fetched at once.
   *
   * @default 4
   */
  readonly parallelFiles?: number;

  /**
   * Up to how long, in whole seconds, a download waits before it begins, each pod for a random part of it. For scale-outs by hundreds of pods: S3
   * gives 5,500 GET requests a second for each prefix before it slows callers down
   * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html), and EKS throttles requests for credentials
   * (https://github.com/aws/eks-pod-identity-agent/issues/50). A model that is there already is not waited for.
   *
   * @default - none
   */
  readonly startJitter?: Duration;

  /**
   * How long nothing may land, in whole seconds, before an attempt is given up and tried again.
   *
   * @default - 5 minutes, as containerd grants an image pull
   */
  readonly stallTimeout?: Duration;

  /**
   * The rate in bytes a second, spelled as the size that lands in one, below which a download is given up, however steadily it goes. How long a
   * pod may take to start follows from it.
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
