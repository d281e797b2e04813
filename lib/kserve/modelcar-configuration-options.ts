import { checkWhole, MAX_INT } from '../private/numbers';

/** How KServe brings the model of an address `oci://`. */
export enum OciModelMode {
  /** By a container that runs beside the runtime's, its modelcar. */
  MODELCAR = 'modelcar',

  /**
   * By an image volume, for every service with an address `oci://`. KServe asks for the folder `models` of the image by a sub-path, so Kubernetes 1.35 and
   * containerd 2.2 are needed on all nodes that such pods may come to: an older containerd mounts the whole image, and runtimes find no model.
   */
  NATIVE = 'native',

  /** By an init container that fetches layers from the registry. No version before 0.21 has it: 0.20 takes the word and adds a modelcar. */
  FETCH = 'fetch',
}

/** The user that KServe's modelcar and, with it, the runtime's container run as. */
export class ModelcarUser {
  /** Root, as some clusters need: Pod Security `restricted` refuses it, and so does the kubelet, unless `runAs` of the service is root, too. */
  public static root(): ModelcarUser {
    return new ModelcarUser(0);
  }

  /** A user by its number: 1010, as KServe is shipped, has no home in most images, so a runtime that writes to its own fails. */
  public static of(uid: number): ModelcarUser {
    return new ModelcarUser(checkWhole('user of a modelcar', uid, 1, MAX_INT));
  }

  /**
   * Nobody in particular: as `runAs` of the service says, or without that each image its own. Both must be of one user and group, or the runtime can't read
   * through its link: images that are built here are of root, and runtimes mostly are not, so their services need `runAs`.
   */
  public static unset(): ModelcarUser {
    return new ModelcarUser(undefined);
  }

  private constructor(
    /** @internal */
    public readonly _uid: number | undefined,
  ) {}
}

/** What is to be different in the configuration of KServe. What is left out stays as it is. */
export interface ModelcarConfigurationOptions {
  /** Version of the KServe that reads it, such as `0.20`. */
  readonly kserveVersion: string;

  /**
   * Whether KServe knows `oci://` at all: `enableModelcar`, which is on since 0.15.2.
   *
   * @default - as it is
   */
  readonly enabled?: boolean;

  /**
   * What a modelcar asks for and is held to of CPU, such as `10m`: `cpuModelcar`.
   *
   * @default - as it is
   */
  readonly cpu?: string;

  /**
   * What a modelcar asks for and is held to of memory, such as `15Mi`: `memoryModelcar`.
   *
   * @default - as it is
   */
  readonly memory?: string;

  /**
   * The user of modelcars and of the runtimes beside them: `uidModelcar`.
   *
   * @default - as it is
   */
  readonly user?: ModelcarUser;

  /**
   * What `oci://` means: `ociModelMode`, since 0.20, whose chart of Helm has no value for it, and writes none.
   *
   * @default - as it is
   */
  readonly ociModelMode?: OciModelMode;
}
