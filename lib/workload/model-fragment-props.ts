import type { WorkloadIdentity } from '../access';
import type { DeliveredModel } from '../delivery';

/** Models for pods that are made elsewhere. */
export interface ModelFragmentProps {
  /** The models, at least one. */
  readonly models: DeliveredModel[];

  /** Who the pods are. */
  readonly identity: WorkloadIdentity;

  /**
   * Whether the containers are kept from the credentials of the pod, so that only a downloader holds them. The annotation takes the place of one that
   * the pods have.
   *
   * @default false
   */
  readonly withholdCredentials?: boolean;
}
