import { Size } from 'aws-cdk-lib';
import { DOWNLOADER_USER, Landing, volumeName } from './landing';
import { mebibytes, VOLUME_HEADROOM } from './limits';
import type { DeliveredModel } from './model-delivery';
import { ModelArtifact } from '../model';
import { dnsLabel } from '../model/names';
import { checkSubdomain } from '../private/kubernetes-names';
import { literal } from '../private/literal';
import { checkWhole } from '../private/numbers';
import { sha256 } from '../private/sha256';

/** Options of a volume that is made for one model and one pod. */
export interface ModelVolumeOptions {
  /**
   * Size of the volume, no less than the model's.
   *
   * @default - 1.2 times the size of the model: its manifest, the file system's own needs, and the room that a retry takes
   */
  readonly size?: Size;
}

/** Options of a generic ephemeral volume. */
export interface EphemeralVolumeOptions extends ModelVolumeOptions {
  /** Name of the storage class whose driver makes the volume, such as one of the EBS CSI driver. */
  readonly storageClassName: string;

  /**
   * Access modes of the claim, one or more of `ReadWriteOnce`, `ReadWriteOncePod` and `ReadWriteMany`.
   *
   * @default ['ReadWriteOnce']
   */
  readonly accessModes?: string[];
}

/** Options of a claim that exists already. */
export interface ExistingClaimOptions {
  /**
   * The folder of the claim that models are put into, each release in a folder of its own: names of letters, digits and `-_.` with slashes
   * between. It is made where there is none.
   *
   * @default - the root of the claim
   */
  readonly folder?: string;

  /**
   * The group that may write to the claim: the pod gets it as its `fsGroup`, unless it has one. Drivers of block storage give the volume to the
   * group; on a shared file system the folder must belong to it already, and be writable for it.
   *
   * @default 65532 the downloader's own
   */
  readonly group?: number;
}

/** Where the bytes of a model land. See `docs/volumes.md` for which to choose. */
export class ModelVolume {
  /** An `emptyDir` on the node's disk: made for the pod, kept while its containers restart, and gone with the pod. */
  public static disk(options: ModelVolumeOptions = {}): ModelVolume {
    return new ModelVolume((delivered) => {
      const size = sizeFor(delivered.model, options);
      return { volume: { name: volumeName(delivered), emptyDir: { sizeLimit: mebibytes(size) } }, disk: size };
    });
  }

  /**
   * An `emptyDir` in the node's memory, gone with the pod. Its size is asked for on top of the memory that downloader and application ask for.
   * https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
   */
  public static memory(options: ModelVolumeOptions = {}): ModelVolume {
    return new ModelVolume((delivered) => {
      const size = sizeFor(delivered.model, options);
      return { volume: { name: volumeName(delivered), emptyDir: { medium: 'Memory', sizeLimit: mebibytes(size) } }, memory: size };
    });
  }

  /**
   * A generic ephemeral volume: a claim that Kubernetes makes with the pod and deletes with it.
   * https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
   *
   * @throws where the name of the storage class is not valid, or no pod could write with these access modes
   */
  public static ephemeral(options: EphemeralVolumeOptions): ModelVolume {
    const storageClassName = checkStorageName('storage class', options.storageClassName);
    const accessModes = checkAccessModes(options.accessModes ?? ['ReadWriteOnce']);
    return new ModelVolume((delivered) => {
      const storage = mebibytes(sizeFor(delivered.model, options));
      const spec = { accessModes: [...accessModes], storageClassName, resources: { requests: { storage } } };
      return { volume: { name: volumeName(delivered), ephemeral: { volumeClaimTemplate: { spec } } }, group: DOWNLOADER_USER };
    });
  }

  /**
   * A claim that exists already, in the namespace of the pod: EBS, EFS, FSx for Lustre or OpenZFS. It lasts, and pods on several nodes may share
   * it: one downloads, the others wait and find the model there. Each release has a folder of its own, which nobody removes. Its size is yours:
   * without enough space the pod does not start and says so.
   *
   * @param claimName of the PersistentVolumeClaim
   * @throws where a name is not valid
   */
  public static existingClaim(claimName: string, options: ExistingClaimOptions = {}): ModelVolume {
    checkStorageName('claim', claimName);
    const folder = options.folder === undefined ? '' : `${checkFolder(options.folder, claimName)}/`;
    const group = checkWhole(`group of claim '${claimName}'`, options.group ?? DOWNLOADER_USER, 1);
    return new ModelVolume((delivered, source) => ({
      volume: { name: dnsLabel('models-', claimName), persistentVolumeClaim: { claimName } },
      folder: `${folder}${releaseFolder(delivered.model, source)}`,
      shared: true,
      group,
    }));
  }

  private constructor(
    /**
     * Where a model from this source lands.
     * @internal
     */
    public readonly _landingOf: (delivered: DeliveredModel, source: string) => Landing,
  ) {}
}

/** What is not pinned by digest differs between sources, however alike their prefixes are. */
function releaseFolder(model: ModelArtifact, source: string): string {
  const id = model.digest === undefined ? sha256(source).slice(0, 10) : model.releaseId;
  return `${model.dnsName()}-${id}`;
}

/** In whole mebibytes, as it is spelled: what a workload adds up is then what its volumes have. */
function sizeFor(model: ModelArtifact, { size }: ModelVolumeOptions): Size {
  const result = size ?? Size.bytes(Math.ceil(model.size.toBytes() * VOLUME_HEADROOM));
  if (result.isUnresolved() || result.toBytes() < model.size.toBytes()) {
    const given = result.isUnresolved() ? 'an unresolved token' : mebibytes(result);
    throw new Error(`size of the volume is ${given}, and model ${model.displayName} needs ${mebibytes(model.size)}: give at least that, or leave it out for 1.2 times as much`);
  }
  return Size.mebibytes(Math.ceil(result.toBytes() / 2 ** 20));
}

function checkStorageName(what: string, name: string): string {
  checkSubdomain(`name of a ${what}`, literal(name, `name of a ${what}`, 'manifests mention it; pass a literal string'));
  return name;
}

const WRITABLE_MODES = ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'];

function checkAccessModes(modes: string[]): string[] {
  const wrong = modes.find(mode => !WRITABLE_MODES.includes(mode));
  if (wrong !== undefined || modes.length === 0) {
    throw new Error(`access modes [${modes.join(', ')}] of an ephemeral volume are not valid: use ${WRITABLE_MODES.join(', ')}, as a pod writes its model there`);
  }
  return modes;
}

function checkFolder(folder: string, claimName: string): string {
  literal(folder, `folder of claim '${claimName}'`, 'manifests mention it; pass a literal string');
  if (!/^[-\w.]+(\/[-\w.]+)*$/.test(folder) || folder.split('/').some(segment => segment === '.' || segment === '..')) {
    throw new Error(`folder '${folder}' of claim '${claimName}' is not valid: use names of letters, digits and '-_.' with '/' between, such as 'models'`);
  }
  return folder;
}

