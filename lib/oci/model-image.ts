import { isPinned } from '../delivery/images';
import { LockedModelProps, ModelArtifact } from '../model';
import { displayName } from '../model/layout';
import { lockedModel } from '../model/lock-file';
import { checkImage } from '../private/kubernetes-names';
import { literal } from '../private/literal';
import { checkFolder } from '../private/mount-path';

/** Options of a model image. */
export interface ModelImageOptions {
  /**
   * The folder of the image that holds the model's files, with its manifest: an absolute path.
   *
   * @default '/models'
   */
  readonly folder?: string;

  /**
   * Whether the tag `latest`, or a reference without a tag, is accepted: pods that start later then have other bytes, or none that their model's
   * digest allows.
   *
   * @default false
   */
  readonly acknowledgeLatest?: boolean;
}

/** An image that carries a model: its files in one folder, with `model.json` and `manifest.sha256`, and a shell beside them. */
export class ModelImage {
  /**
   * A model image by its reference, as `ModelImageBuilder` or a Dockerfile of yours made it.
   *
   * @param reference of the image: `repository@sha256:…`, which no registry can change. A tag is accepted, with a warning
   * @throws where it is not valid, an unresolved token, or `latest`, which changes by its very meaning
   */
  public static of(reference: string, options: ModelImageOptions = {}): ModelImage {
    return new ModelImage(reference, options);
  }

  /**
   * The image of a model as `build-image` wrote it into the lock file: pinned by its digest, of the version that `ModelArtifact.fromLock` gives.
   *
   * @param file path of the lock file, `models.lock.json`; a relative one is below the working directory, which for `cdk` is that of `cdk.json`
   * @throws where the file is not there or not valid, names no such model or version, or no image of it, or where anything is an unresolved token
   */
  public static fromLock(file: string, props: LockedModelProps): ModelImage {
    const { name, tenant, version } = ModelArtifact.fromLock(file, props);
    const { image } = lockedModel(file, { tenant, name }, version);
    if (image === undefined) {
      const id = { tenant, name, version };
      throw new Error(`${file} has no image of ${displayName(id)}: build one with npx cdk-eks-model-artifacts build-image <project> --lock ${file} --name ${name}${tenant === undefined ? '' : ` --tenant ${tenant}`} --version ${version}`);
    }
    return new ModelImage(image, {}, tenant);
  }

  /** How a pod spells it. */
  public readonly reference: string;

  /** The folder of the image that holds the model's files. */
  public readonly folder: string;

  /** Whether a digest pins it. */
  public readonly pinned: boolean;

  private constructor(
    reference: string,
    { folder = '/models', acknowledgeLatest = false }: ModelImageOptions,
    /**
     * Whose model it carries, where the lock file says so.
     * @internal
     */
    public readonly _tenant?: string,
  ) {
    literal(reference, 'reference of a model image', 'manifests mention it, and its digest is what pins the bytes; pass a literal string, as the lock file has it');
    checkImage('model image', reference);
    this.reference = reference;
    this.pinned = isPinned(reference);
    this.folder = checkFolder(`folder of model image '${reference}'`, folder);
    if (!this.pinned && tagOf(reference) === 'latest' && !acknowledgeLatest) {
      throw new Error(`model image '${reference}' has the tag 'latest'${/:latest$/.test(reference) ? '' : ', as it names none'}: pods that start later have other bytes; use repository@sha256:…, or acknowledgeLatest`);
    }
  }

  /**
   * When a container pulls the image. What a digest pins is the same wherever it comes from. A tag is looked up by the first container of a pod alone:
   * the others have what that one looked at.
   *
   * https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
   *
   * @internal
   */
  public _pullPolicy(first: boolean): string {
    return this.pinned || !first ? 'IfNotPresent' : 'Always';
  }
}

function tagOf(reference: string): string {
  return /:([^:/@]+)$/.exec(reference)?.[1] ?? 'latest';
}
