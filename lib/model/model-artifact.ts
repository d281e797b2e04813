import { Size, SizeRoundingBehavior } from 'aws-cdk-lib';
import { displayName, MODELS, versionPrefix } from './layout';
import { lockedModel } from './lock-file';
import { checkModelName, checkPrefix, checkTenant, checkVersion, dnsLabel } from './names';
import { literal } from '../private/literal';
import { sha256 } from '../private/sha256';

/** Properties of a model. */
export interface ModelArtifactProps {
  /**
   * Name of the model: lowercase letters, digits, `-` and `.`, at most 63 characters (it is also the value of a Kubernetes label).
   */
  readonly name: string;

  /**
   * Version of the model, immutable once published: letters, digits, `-`, `_` and `.`, at most 63 characters.
   */
  readonly version: string;

  /**
   * Size of all files together, rounded up as you like: an upper bound.
   *
   * Volumes and time limits follow from it. A published model that is larger does not start; one below half of it starts with a warning.
   */
  readonly size: Size;

  /**
   * The namespace that the model belongs to. Pods of other namespaces can't read it.
   *
   * @default - published for everybody: every namespace that a reader role serves may read it
   */
  readonly tenant?: string;

  /**
   * The model's digest, `sha256:` and 64 hexadecimal digits: the SHA-256 of its `manifest.sha256`. Pinned here, it makes a chain from
   * your source to every byte that a pod reads.
   *
   * @default - not pinned: a pod checks the files against the manifest that it finds, and trusts whoever wrote that
   */
  readonly digest?: string;

  /**
   * Where the files are, in a layout that exists already: `legacy/llama/v3/`. Only `model.json` and `manifest.sha256` are added there.
   * Session tags don't reach it, so it is granted by itself: `readers.grantRead(bucket, model)`.
   *
   * @default - `models/<tenant>/<name>/<version>/`, or `models/_shared/<name>/<version>/` without a tenant
   */
  readonly prefix?: string;
}

/** Which model of a lock file. */
export interface LockedModelProps {
  /** Name of the model. */
  readonly name: string;

  /**
   * The namespace that the model belongs to.
   *
   * @default - published for everybody
   */
  readonly tenant?: string;

  /**
   * Version of the model, one that the lock file has.
   *
   * @default - the one that the lock file calls current
   */
  readonly version?: string;
}

/**
 * One version of one model: the value that buckets, grants, deliveries and workloads take. It is data alone, with no scope,
 * and nothing of it is known only at deploy time.
 */
export class ModelArtifact {
  /**
   * A model.
   *
   * @throws where a name, version, tenant, prefix or digest is not valid, or where any of them, or the size, is an unresolved token
   */
  public static of(props: ModelArtifactProps): ModelArtifact {
    return new ModelArtifact(props);
  }

  /**
   * A model as `publish --lock` wrote it down: its version, its digest, and its size to the byte. A release, or the way back, is then a change of
   * one line of data: the `current` version in the file.
   *
   * @param file path of the lock file, `models.lock.json`; a relative one is below the working directory, which for `cdk` is that of `cdk.json`
   * @throws where the file is not there or not valid, names no such model or version, or where anything is an unresolved token
   */
  public static fromLock(file: string, props: LockedModelProps): ModelArtifact {
    literal(file, 'path of a lock file', 'it is read at synth; pass a literal string');
    const name = checkModelName(props.name);
    const tenant = props.tenant === undefined ? undefined : checkTenant(props.tenant);
    const wanted = props.version === undefined ? undefined : checkVersion(props.version);
    const { version, digest, totalBytes } = lockedModel(file, { tenant, name }, wanted);
    return new ModelArtifact({ name, tenant, version, digest, size: Size.bytes(totalBytes) });
  }

  /** Name of the model. */
  public readonly name: string;

  /** Version of the model. */
  public readonly version: string;

  /** Upper bound of the size of all files together. */
  public readonly size: Size;

  /** The namespace that the model belongs to; undefined where it is published for everybody. */
  public readonly tenant?: string;

  /** `sha256:` and the SHA-256 of the manifest; undefined where it is not pinned. */
  public readonly digest?: string;

  /** The key prefix of all files, with its closing slash. */
  public readonly prefix: string;

  /** Whether `prefix` was given, for a layout that exists already. */
  public readonly hasExplicitPrefix: boolean;

  /** Ten hexadecimal digits that stand for exactly this release: they change with the prefix and with the digest. */
  public readonly releaseId: string;

  private constructor(props: ModelArtifactProps) {
    this.name = checkModelName(props.name);
    this.version = checkVersion(props.version);
    this.tenant = props.tenant === undefined ? undefined : checkTenant(props.tenant);
    this.size = checkSize(props.size, this.name);
    this.digest = props.digest === undefined ? undefined : checkDigest(props.digest);
    this.hasExplicitPrefix = props.prefix !== undefined;
    this.prefix = props.prefix === undefined ? versionPrefix(MODELS, this) : checkPrefix(props.prefix);
    this.releaseId = sha256(`${this.prefix}\n${this.digest ?? ''}`).slice(0, 10);
  }

  /** `tenant/name@version`, as messages and annotations spell it; a model for everybody has no tenant in front. */
  public get displayName(): string {
    return displayName(this);
  }

  /**
   * A DNS label (RFC 1123) that begins with the model's name: stable over versions, and different for different names however long.
   *
   * @param prefix put in front of the name, such as `model-`
   */
  public dnsName(prefix?: string): string {
    return dnsLabel(literal(prefix ?? '', 'prefix of a name', 'names are derived from it; pass a literal string'), this.name);
  }
}

function checkSize(size: Size, name: string): Size {
  if (size.isUnresolved()) {
    throw new Error(`size of model '${name}' must be known at synth, got an unresolved token: volumes are computed from it, pass Size.gibibytes(16)`);
  }
  const bytes = size.toBytes({ rounding: SizeRoundingBehavior.NONE });
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > Number.MAX_SAFE_INTEGER) {
    throw new Error(`size of model '${name}' is ${bytes} bytes: give a whole, positive number of bytes`);
  }
  return size;
}

function checkDigest(digest: string): string {
  literal(digest, 'digest', 'a digest that is filled in later pins nothing; paste the one that publishing printed');
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new Error(`digest '${digest}' is not valid: give 'sha256:' and the 64 lowercase hexadecimal digits of \`sha256sum manifest.sha256\``);
  }
  return digest;
}
