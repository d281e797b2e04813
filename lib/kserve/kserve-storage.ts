import * as iam from 'aws-cdk-lib/aws-iam';
import { KserveStorageOptions } from './kserve-storage-options';
import { checkSource, isOci } from './storage-rules';
import { WorkloadIdentity } from '../access';
import { ClusterFacts } from '../delivery/cluster-facts';
import { tenantWarnings } from '../delivery/model-image-warnings';
import { PodWarning } from '../delivery/pod-parts';
import { ModelArtifact } from '../model';
import { ModelImage } from '../oci/model-image';
import { checkSubdomain } from '../private/kubernetes-names';
import { literal } from '../private/literal';
import { checkFolder } from '../private/mount-path';
import { IModelBucket } from '../storage';
import { fetchWarnings, nativeWarnings, modelcarWarnings, pinWarnings, stockS3Warnings } from './storage-warnings';

/** What is known of a storage beyond its address. */
interface Known {
  readonly image?: ModelImage;
  readonly bucket?: IModelBucket;
  readonly model?: ModelArtifact;
}

/**
 * Storage of KServe's own, by request: KServe then brings the model, and what this library promises of its deliveries does not hold, but for images that a
 * digest pins. For a verified download from S3, or for an image in pods that Pod Security `restricted` admits, give `models` instead.
 */
export class KserveStorage {
  /**
   * An image that carries the model, by the modelcar that KServe adds, `oci://`: a container that runs beside the runtime's, which reads the model through a
   * symbolic link into it. KServe's containers break Pod Security `restricted`, and they and the runtime run as one user, `uidModelcar`,
   * but for the one that pulls the image first, since KServe 0.14, which runs as `runAs` of the service says, or else as the image does.
   *
   * @throws where the model is not in `/models` of the image, which is where KServe looks
   */
  public static oci(image: ModelImage): KserveStorage {
    return new KserveStorage(`oci://${ofKserve(image)}`, { image });
  }

  /**
   * An image that carries the model, mounted as a volume, `oci+native://`: KServe 0.20, Kubernetes 1.35 and containerd 2.2 or later. An older containerd
   * mounts the whole image where KServe asks for a folder of it, and the runtime finds no model.
   *
   * @throws where the model is not in `/models` of the image, which is where KServe looks
   */
  public static ociNative(image: ModelImage): KserveStorage {
    return new KserveStorage(`oci+native://${ofKserve(image)}`, { image });
  }

  /**
   * A model in a bucket, by KServe's storage initializer, `s3://`. **This gives up the promise that a pod has exactly the bytes that were published, or
   * does not start**: the initializer takes what a listing names, leaves out empty objects, and checks no hash and no manifest; of 23 injected
   * faults it let 7 through with exit code 0 (docs/kserve.md). It needs a listing of the whole bucket, which no grant of this library includes:
   * `grantListing`. Its init container breaks Pod Security `restricted` unless the ClusterStorageContainer says a security context.
   */
  public static s3(bucket: IModelBucket, model: ModelArtifact): KserveStorage {
    return new KserveStorage(`s3://${literal(bucket.bucketName, 'bucketName', 'a storageUri has it; give the bucket a name')}/${model.prefix}`, { bucket, model });
  }

  /**
   * A claim that holds the model, `pvc://`, mounted read-only.
   *
   * @param claim in the namespace of the service
   * @param folder of the volume: a path without a slash at its beginning. By default its root; KServe ignores it among `storageUris`
   */
  public static pvc(claim: string, folder?: string): KserveStorage {
    checkSubdomain('claim', literal(claim, 'claim', 'a storageUri has it; pass a literal string'));
    return new KserveStorage(`pvc://${claim}${folder === undefined ? '' : checkFolder(`folder of claim '${claim}'`, `/${folder}`)}`, {});
  }

  /**
   * Any address that KServe knows, such as `hf://org/model:revision` or `gs://bucket/model/`. What KServe refuses, or takes and then ignores, is refused
   * where the service is made. One of S3 gets the slash at its end that keeps siblings, `…/llama-2` of `…/llama`, out, unless it names a file. One of an
   * image is held to what `ModelImage` is: a tag is a warning, and `latest` an error unless acknowledged.
   *
   * @throws where it is no address, or of a scheme that no version of KServe accepts and that is not acknowledged, or of an image that is `latest` and not
   * acknowledged
   */
  public static of(uri: string, options: KserveStorageOptions = {}): KserveStorage {
    const { acknowledgeLatest } = options;
    const address = checkSource(literal(uri, 'address of a model', 'manifests have it; pass a literal string'), options);
    const [scheme] = address.split('://');
    return new KserveStorage(address, isOci(scheme) ? { image: ModelImage.of(address.slice(`${scheme}://`.length), { acknowledgeLatest }) } : {});
  }

  private constructor(
    /** What the manifest says. */
    public readonly uri: string,
    private readonly known: Known,
  ) {}

  /**
   * Lets the initializer of KServe list the bucket of `KserveStorage.s3`: every key, not those below one prefix, as it asks for the bucket first. The role
   * is the identity's own, or that of its reader role, and so of all pods that share it. What they may read stays as it is.
   *
   * @throws where the storage is not of a bucket, or the identity has no role that is known here
   */
  public grantListing(identity: WorkloadIdentity): iam.Grant {
    const { bucket } = this.known;
    if (!bucket) throw new Error(`storage '${this.uri}' is of no bucket that is known here: use KserveStorage.s3(bucket, model)`);
    const role = identity._role;
    if (!role) throw new Error(`${identity._label} have no role that is known here: let the owner of theirs allow s3:ListBucket on bucket '${bucket.bucketName}'`);
    return iam.Grant.addToPrincipal({ grantee: role, actions: ['s3:ListBucket'], resourceArns: [bucket.bucket.bucketRef.bucketArn] });
  }

  /** @internal */
  public get _scheme(): string {
    return this.uri.split('://')[0];
  }

  /** @internal */
  public _warnings(facts: ClusterFacts, modelFormat: string): PodWarning[] {
    const scheme = this._scheme;
    return [
      ...this.known.image ? pinWarnings(scheme, this.known.image) : [],
      ...scheme === 'oci' ? modelcarWarnings(this.uri, facts, modelFormat) : [],
      ...scheme === 'oci+native' ? nativeWarnings(this.uri, facts) : [],
      ...scheme === 'oci+fetch' ? fetchWarnings(this.uri, facts) : [],
      ...scheme === 's3' ? stockS3Warnings(this.uri) : [],
    ];
  }

  /**
   * Of an image of a tenant's model, as the lock file has it.
   * @internal
   */
  public _tenantWarnings(): PodWarning[] {
    const { image } = this.known;
    return image ? tenantWarnings('its model', image._tenant, image) : [];
  }

  /**
   * Why pods of the identity can't read it; undefined where they can, or nobody here knows.
   * @internal
   */
  public _refusal(identity: WorkloadIdentity): string | undefined {
    const { bucket, model } = this.known;
    return bucket && model && identity._refusal(model, bucket);
  }
}

function ofKserve({ reference, folder }: ModelImage): string {
  if (folder !== '/models') throw new Error(`model image '${reference}' has its model in '${folder}', and KServe reads '/models' of an image alone: build it so, or deliver it with ModelDelivery`);
  return reference;
}
