import { ClusterFacts } from './cluster-facts';
import { ModelImage } from '../oci/model-image';

/** Options of an image volume. */
export interface ImageVolumeOptions {
  /** The image that carries the model. */
  readonly image: ModelImage;

  /**
   * What is known of the cluster.
   *
   * @default - image volumes are there: Kubernetes 1.35 or later, containerd 2.1 or later
   */
  readonly facts?: ClusterFacts;

  /**
   * Whether the feature gate `ImageVolume` is on, on a control plane and nodes of Kubernetes 1.31 to 1.34, where it is off by default. On EKS it can't be.
   * For 1.33 and 1.34, `featureGates` of `facts` may say so instead.
   *
   * @default false
   */
  readonly acknowledgeFeatureGate?: boolean;

  /**
   * Whether an init container looks through the image before the application starts: that it is that of this model, and that all files are there. It needs
   * a shell in the image.
   *
   * @default true
   */
  readonly check?: boolean;
}
