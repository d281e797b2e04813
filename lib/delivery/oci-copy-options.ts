import { Duration, Size } from 'aws-cdk-lib';
import { ModelVolume } from './model-volume';
import { ModelImage } from '../oci/model-image';

/** Options of a copy out of a model image. */
export interface OciCopyOptions {
  /** The image that carries the model. It needs a shell and the usual tools, as busybox has them all. */
  readonly image: ModelImage;

  /**
   * Where the bytes land.
   *
   * @default ModelVolume.disk()
   */
  readonly volume?: ModelVolume;

  /**
   * How many files, or batches of small files, are copied at once.
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
   * The rate in bytes a second, spelled as the size that lands in one, below which a copy is given up, however steadily it goes. How long a
   * pod may take to start follows from it.
   *
   * @default - 20 MiB, a sixth of what a gp3 volume writes at its least
   */
  readonly floorRate?: Size;
}
