import { Duration, Size } from 'aws-cdk-lib';
import { WorkloadIdentity } from '../access';

/** What a delivery knows of the pod that it brings models to. */
export interface PodFacts {
  /** Names of the application's containers. */
  readonly containers: string[];

  /**
   * Names of those that read the models.
   *
   * @default - all of them
   */
  readonly readers?: string[];

  /**
   * Who the pod is.
   *
   * @default - nobody in particular; deliveries that need credentials refuse
   */
  readonly identity?: WorkloadIdentity;

  /**
   * What the application's containers ask for together, spelled as in a pod, without what `PodParts.ephemeralStorage` and `PodParts.memory` add
   * to it. What a delivery adds asks for no more, as the scheduler counts the larger of both.
   *
   * @default - nothing
   */
  readonly requests?: { [name: string]: string };

  /**
   * The spec of the pod before models are delivered to it, as a manifest has it: what runs in it, as which user.
   *
   * @default - not known yet: what depends on it is refused once it is
   */
  readonly spec?: any;

  /**
   * Whether the application's containers are kept from the credentials of the pod, so that only a downloader holds them.
   *
   * @default - they are, but where the service account has a role of its own, by IRSA or Pod Identity, which is the application's as well
   */
  readonly withholdCredentials?: boolean;
}

/** A user of a container, and its group. */
export interface PodUser {
  /** Number of the user. */
  readonly user: number;

  /** Number of the group. */
  readonly group: number;
}

/** A warning with a stable id, that users can acknowledge as `cdk-eks-model-artifacts:<id>`. */
export interface PodWarning {
  /** Its id: a word in camel case. */
  readonly id: string;

  /** What it says: the value, the reason, and the way out. */
  readonly text: string;
}

/**
 * What a delivery adds to a pod: plain Kubernetes data, spelled as in a manifest, so that fields of any Kubernetes version pass through.
 * One merge puts it into any pod template.
 */
export interface PodParts {
  /**
   * Init containers, in the order in which they run.
   *
   * @default - none
   */
  readonly initContainers?: any[];

  /**
   * Containers that run beside the application's.
   *
   * @default - none
   */
  readonly containers?: any[];

  /**
   * Whether the containers of the pod see each other's processes. A pod that says they don't is refused.
   * https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/
   *
   * @default - as the pod has it
   */
  readonly shareProcessNamespace?: boolean;

  /**
   * The user and the group that the application's containers run as, where they do not say so themselves.
   *
   * @default - as the pod has it
   */
  readonly runAs?: PodUser;

  /**
   * Volumes of the pod.
   *
   * @default - none
   */
  readonly volumes?: any[];

  /**
   * Mounts for each of the application's containers.
   *
   * @default - none
   */
  readonly volumeMounts?: any[];

  /**
   * Annotations of the pod. `eks.amazonaws.com/skip-containers` is a list, and adds to what the pod has.
   *
   * @default - none
   */
  readonly annotations?: { [key: string]: string };

  /**
   * Disk of the node that the parts take up as long as the pod lives, so that a workload can ask for it.
   *
   * @default - none
   */
  readonly ephemeralStorage?: Size;

  /**
   * Memory that the parts take up as long as the pod lives, as a volume in memory does: it counts as the application's.
   *
   * @default - none
   */
  readonly memory?: Size;

  /**
   * The group that volumes of the pod must belong to, so that another user than root can write to them. A pod that has one already keeps it.
   *
   * @default - none
   */
  readonly fsGroup?: number;

  /**
   * What somebody should know of the delivery before it is deployed.
   *
   * @default - nothing
   */
  readonly warnings?: PodWarning[];

  /**
   * How long the parts may take, without trying again, until the application's containers start.
   *
   * @default - no time worth counting
   */
  readonly startWindow?: Duration;
}
