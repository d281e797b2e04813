import { JsonPatch } from 'cdk8s';
import { AdditionalContainer } from './additional-container';
import { Autoscaling } from './autoscaling';
import { DisruptionBudget } from './disruption-budget';
import { Exposure } from './exposure';
import { PlacementProps } from './placement-props';
import { Rollout } from './rollout';
import { ServerContainerProps } from './server-container-props';
import { WorkloadIdentity } from '../access';
import { DeliveredModel } from '../delivery/model-delivery';

/** Properties of a model server. */
export interface ModelServerProps extends ServerContainerProps, PlacementProps {
  /** Who the pods are: their namespace and service account. */
  readonly identity: WorkloadIdentity;

  /** The models, and how they reach the pods. The engine is started on the first. */
  readonly models: DeliveredModel[];

  /**
   * LoRA adapters of the first model, which the engine serves beside it by their names.
   *
   * @default - none
   */
  readonly adapters?: DeliveredModel[];

  /**
   * Name of the Deployment, the Service and the file: at most 63 lowercase letters, digits and `-`, starting with a letter. For servers of one
   * name in several namespaces, whose ids must differ.
   *
   * @default - the id of the construct
   */
  readonly name?: string;

  /**
   * Containers beside the server's.
   *
   * @default - none
   */
  readonly containers?: AdditionalContainer[];

  /**
   * How many pods.
   *
   * @default - 1, or what `autoscaling` makes it
   */
  readonly replicas?: number;

  /**
   * The number of pods follows a metric, by a HorizontalPodAutoscaler. The Deployment then has no `replicas`, which each apply would set again. A server
   * that had them is scaled to one pod for a moment by `kubectl apply`: see
   * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling
   *
   * @default - `replicas` pods
   */
  readonly autoscaling?: Autoscaling;

  /**
   * How new pods take the place of old ones.
   *
   * @default - Rollout.replace() where a container has GPUs or other extended resources; else Kubernetes' own, new pods before old ones go
   */
  readonly rollout?: Rollout;

  /**
   * How many pods may be evicted at once.
   *
   * @default - DisruptionBudget.maxUnavailable(1) with more than one replica, or autoscaling; none with one
   */
  readonly disruptionBudget?: DisruptionBudget;

  /**
   * How requests reach the server from outside the cluster.
   *
   * @default - not at all, there is the Service
   */
  readonly exposure?: Exposure;

  /**
   * Whether the containers of the pod are kept from its credentials, which then only the downloader holds.
   *
   * @default - they are, but for a role that the service account has by IRSA: that is the application's as well
   */
  readonly withholdCredentials?: boolean;

  /**
   * JSON patches of the Deployment (those of other objects: `server.service.addJsonPatch` and so on), applied last, whatever they change and whatever Kubernetes version the fields are of.
   *
   * @default - none
   */
  readonly patches?: JsonPatch[];
}
