import { Size } from 'aws-cdk-lib';
import { Engine } from './engine';

/** What a container asks for and is held to: resource names and quantities, spelled as in a pod. */
export interface ResourceRequirements {
  /**
   * What the scheduler sets aside, such as `{ cpu: '4', memory: '32Gi' }`.
   *
   * @default - nothing
   */
  readonly requests?: { [name: string]: string };

  /**
   * What the container may not exceed. Extended resources, such as `vpc.amazonaws.com/efa` or `aws.amazon.com/neuron`, are given here.
   *
   * @default - no limit
   */
  readonly limits?: { [name: string]: string };
}

/** The server's own container. */
export interface ServerContainerProps {
  /** Image of the server, by digest: `repository:tag@sha256:…`. */
  readonly image: string;

  /**
   * The engine in the image, which knows how to hand over the model.
   *
   * @default - none: `args` or `env` mention the model's path, and `port` is given
   */
  readonly engine?: Engine;

  /**
   * The command; replaces the entry point of the image.
   *
   * @default - the engine's, or that of the image
   */
  readonly command?: string[];

  /**
   * Arguments; they follow the engine's.
   *
   * @default - those of the engine alone
   */
  readonly args?: string[];

  /**
   * Environment variables with literal values.
   *
   * @default - none of yours
   */
  readonly env?: { [name: string]: string };

  /**
   * Port that the server listens on.
   *
   * @default - the engine's
   */
  readonly port?: number;

  /**
   * How many NVIDIA GPUs each pod has (`nvidia.com/gpu`). Others are `resources.limits`.
   *
   * @default 0
   */
  readonly gpus?: number;

  /**
   * CPU, memory and extended resources.
   *
   * @default - the disk for models and scratch, and the GPUs; no CPU or memory, and no limit on them
   */
  readonly resources?: ResourceRequirements;

  /**
   * The user and group, other than root, that the server runs as.
   *
   * @default 1000
   */
  readonly runAsUser?: number;

  /**
   * Shared memory at `/dev/shm`, which counts as the pod's memory as far as it is used. The processes of one engine meet there.
   *
   * @default Size.gibibytes(2) as vLLM's own manifests have it
   */
  readonly sharedMemory?: Size;

  /**
   * Size of the writable disk at `/tmp`, which is also HOME, on an otherwise read-only root.
   *
   * @default Size.gibibytes(10)
   */
  readonly scratch?: Size;
}
