import { ClusterFacts } from './cluster-facts';
import { PodUser } from './pod-parts';
import { ModelImage } from '../oci/model-image';

/** What a way to deliver a model's image is chosen by. */
export interface AutoOptions {
  /** The image that carries the model. */
  readonly image: ModelImage;

  /** What is known of the cluster and of the application. */
  readonly facts: ClusterFacts;

  /**
   * The user and the group that the application's containers run as, where a modelcar is chosen.
   *
   * @default - as the pod or its containers say by `runAsUser` and `runAsGroup`; where they don't, the delivery is refused
   */
  readonly runAs?: PodUser;
}
