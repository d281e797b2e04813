import { Duration } from 'aws-cdk-lib';
import { JsonPatch } from 'cdk8s';
import type { ResourceRequirements } from './server-container-props';
import type { Toleration } from './toleration';
import { IServiceAccount } from '../access';
import { IModelBucket } from '../storage';

/** The version that an import publishes. */
export interface ModelImportVersion {
  /** Name of the model. */
  readonly name: string;

  /** Version of the model. */
  readonly version: string;

  /**
   * The namespace that the model belongs to.
   *
   * @default - published for everybody
   */
  readonly tenant?: string;
}

/** Properties of an import. */
export interface ModelImportProps {
  /** Who the pod is: a `ServiceAccountRole`, or another identity, that `models.grants.publish` was called for. */
  readonly identity: IServiceAccount;

  /** Image with the command, by digest: `images/publisher` of this project makes it. */
  readonly image: string;

  /**
   * Where the files come from: `hf://org/repo@<commit>`, the commit in full, or `s3://bucket/prefix/`, which the identity must be able to list and
   * read as well.
   */
  readonly source: string;

  /** The bucket that is published to. */
  readonly bucket: IModelBucket;

  /** What is published. */
  readonly model: ModelImportVersion;

  /**
   * Name of a Secret in the identity's namespace with the hub's token, which the pod gets as a file.
   *
   * @default - none: what the hub gives to everybody
   */
  readonly hubTokenSecret?: string;

  /**
   * Key of the token in that Secret.
   *
   * @default token
   */
  readonly hubTokenKey?: string;

  /**
   * More arguments of `publish`, such as `['--exclude', '*.bin', '--sign', 'kms:alias/models']`.
   *
   * @default - none
   */
  readonly args?: string[];

  /**
   * CPU and memory of the pod.
   *
   * @default - requests of 1 CPU and 1Gi of memory, and a limit of 1Gi of memory
   */
  readonly resources?: ResourceRequirements;

  /**
   * How many failed pods are followed by another one, which goes on where the last one ended. A pod that is evicted doesn't count.
   *
   * @default 6, as Kubernetes has it
   */
  readonly backoffLimit?: number;

  /**
   * How long the finished Job stays, and its pods' logs with it. Where a GitOps tool then makes it again, it finds the version published and ends.
   *
   * @default Duration.days(7)
   */
  readonly ttlAfterFinished?: Duration;

  /**
   * Taints that the pod tolerates.
   *
   * @default - none
   */
  readonly tolerations?: Toleration[];

  /**
   * Labels that a node must have.
   *
   * @default - any node
   */
  readonly nodeSelector?: { [label: string]: string };

  /**
   * JSON patches of the Job, applied last, such as for a proxy or a certificate authority of yours.
   *
   * @default - none
   */
  readonly patches?: JsonPatch[];
}
