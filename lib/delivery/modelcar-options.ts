import { ClusterFacts } from './cluster-facts';
import { PodUser } from './pod-parts';
import { ModelImage } from '../oci/model-image';

/** How a modelcar comes to be there before the application looks for its model. */
export enum ModelcarOrdering {
  /** `BOTH` where the cluster has native sidecars, else `PREFETCH_INIT`. */
  AUTO = 'auto',

  /** As `NATIVE_SIDECAR`, after an init container that pulls the image and looks through it. */
  BOTH = 'both',

  /** A native sidecar, which the application waits for: Kubernetes 1.29 and later, or 1.28 with the gate `SidecarContainers`. */
  NATIVE_SIDECAR = 'nativeSidecar',

  /**
   * An ordinary container, after an init container that pulls the image: for any version, with a warning. The application may still start first, find no
   * model, and must then fail and be started again. When the pod ends, the modelcar does not wait for the application, which can open no file of the model
   * from then on.
   */
  PREFETCH_INIT = 'prefetchInit',
}

/** Options of a modelcar. */
export interface ModelcarOptions {
  /** The image that carries the model. It needs a shell and the usual tools, as busybox has them all, and no entrypoint. */
  readonly image: ModelImage;

  /**
   * How the modelcar comes to be there first.
   *
   * @default ModelcarOrdering.AUTO
   */
  readonly ordering?: ModelcarOrdering;

  /**
   * What is known of the cluster.
   *
   * @default - one that EKS supports
   */
  readonly facts?: ClusterFacts;

  /**
   * The user and the group that the application's containers run as. Linux lets a process look into another one's files only where both are equal
   * (https://man7.org/linux/man-pages/man2/ptrace.2.html), so the modelcar runs as them too. They are set on containers that do not say so
   * themselves.
   *
   * @default - as the pod or its containers say by `runAsUser` and `runAsGroup`; where they don't, the delivery is refused
   */
  readonly runAs?: PodUser;
}
