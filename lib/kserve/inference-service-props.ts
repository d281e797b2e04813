import { Duration } from 'aws-cdk-lib';
import { JsonPatch } from 'cdk8s';
import { DeploymentMode } from './deployment-mode';
import { KserveStorage } from './kserve-storage';
import { WorkloadIdentity } from '../access';
import { ClusterFacts } from '../delivery/cluster-facts';
import { DeliveredModel } from '../delivery/model-delivery';
import { PodUser } from '../delivery/pod-parts';
import { ResourceRequirements } from '../workload/server-container-props';
import { Toleration } from '../workload/toleration';

/** Storage of KServe's own, and where it is mounted. */
export interface KserveStorageMount {
  /** The storage. */
  readonly storage: KserveStorage;

  /**
   * Where the runtime finds it: an absolute path of at most 255 characters. All that are no claims are below one folder, and modelcars each in one of their own.
   *
   * @default '/mnt/models'
   */
  readonly mountPath?: string;
}

/** What kind of model it is: runtimes say which they serve. */
export interface ModelFormat {
  /** Such as `sklearn`, `onnx` or `huggingface`. */
  readonly name: string;

  /**
   * Version of the format, such as `1`.
   *
   * @default - any
   */
  readonly version?: string;
}

/** What of an `InferenceService` its container says: it is merged into that of the runtime. */
export interface PredictorProps {
  /** What kind of model it is. */
  readonly modelFormat: ModelFormat;

  /**
   * Name of the ServingRuntime or ClusterServingRuntime.
   *
   * @default - KServe takes one that serves the format
   */
  readonly runtime?: string;

  /**
   * The protocol that the runtime speaks, such as `v2`.
   *
   * @default - KServe takes one of the runtime's
   */
  readonly protocolVersion?: string;

  /**
   * Arguments of the runtime, after its own.
   *
   * @default - the runtime's alone
   */
  readonly args?: string[];

  /**
   * Environment variables.
   *
   * @default - the runtime's alone
   */
  readonly env?: { [name: string]: string };

  /**
   * What the runtime asks for and is held to. The disk that models take is added.
   *
   * @default - as the runtime says
   */
  readonly resources?: ResourceRequirements;

  /**
   * The user and the group that all containers run as, but for those that the configuration of KServe gives a user of their own: its modelcar, and the
   * runtime beside that (`uidModelcar`). A model that a modelcar of this library brings needs them.
   *
   * @default - as the images say, which must not be root, but for a modelcar of KServe
   */
  readonly runAs?: PodUser;

  /**
   * Labels that a node must have.
   *
   * @default - any node
   */
  readonly nodeSelector?: { [label: string]: string };

  /**
   * Taints that the pods tolerate.
   *
   * @default - none
   */
  readonly tolerations?: Toleration[];

  /**
   * Name of a PriorityClass.
   *
   * @default - the cluster's default
   */
  readonly priorityClassName?: string;
}

/** Properties of an inference service of KServe. */
export interface InferenceServiceProps extends PredictorProps {
  /** Who the pods are: their namespace and service account. */
  readonly identity: WorkloadIdentity;

  /**
   * The models, and how they reach the pods. The first is the one that the runtime serves, and is at `modelPath`.
   *
   * @default - KServe brings the model, by `storage` or `storageUris`
   */
  readonly models?: DeliveredModel[];

  /**
   * Where the runtime reads the first of `models`. The runtimes of KServe read `/mnt/models`; another path must be in `args`, such as
   * `--model_dir=/mnt/iris/models`, in `env` or in `patches`.
   *
   * @default '/mnt/models', or the path that the model is delivered to where that is not the default of `deliver`
   */
  readonly modelPath?: string;

  /**
   * Storage of KServe's own, which brings the model to `/mnt/models`.
   *
   * @default - `models` or `storageUris`
   */
  readonly storage?: KserveStorage;

  /**
   * Several storages of KServe's own, since KServe 0.16.
   *
   * @default - `models` or `storage`
   */
  readonly storageUris?: KserveStorageMount[];

  /**
   * What is known of the cluster, its nodes and its KServe, before what the facts of `ModelDelivery.auto` say of the same.
   *
   * @default - what those say
   */
  readonly facts?: ClusterFacts;

  /**
   * What KServe makes of it. It can't be changed later: KServe refuses that. Knative takes no modelcar.
   *
   * @default DeploymentMode.STANDARD
   */
  readonly deploymentMode?: DeploymentMode;

  /**
   * How many pods at least. Zero only on Knative.
   *
   * @default - 1, as KServe has it
   */
  readonly minReplicas?: number;

  /**
   * How many pods at most.
   *
   * @default - as KServe has it
   */
  readonly maxReplicas?: number;

  /**
   * Percentage of requests that the newest revision gets; the rest goes to the one before. Only on Knative.
   *
   * @default - all of them
   */
  readonly canaryTrafficPercent?: number;

  /**
   * How long Knative waits for a revision to become ready. Only on Knative.
   *
   * @default - as long as the models may take to arrive, and ten minutes to load them; Knative's own 600 s where KServe brings the model
   */
  readonly progressDeadline?: Duration;

  /**
   * Name of the InferenceService and the file: at most 53 lowercase letters, digits and `-`, starting with a letter, as KServe adds `-predictor`.
   *
   * @default - the id of the construct
   */
  readonly name?: string;

  /**
   * JSON patches of the InferenceService, applied last.
   *
   * @default - none
   */
  readonly patches?: JsonPatch[];
}
