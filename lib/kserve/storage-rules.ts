import * as path from 'node:path';
import type { KserveStorageMount } from './inference-service-props';
import type { KserveStorage } from './kserve-storage';
import { KserveStorageOptions } from './kserve-storage-options';
import { ClusterFacts, isAtLeast, kubernetesMinor, mountsImageFolders } from '../delivery/cluster-facts';
import { checkFolder, isInside } from '../private/mount-path';

/** Where runtimes of KServe look for their model. */
export const KSERVE_PATH = '/mnt/models';

/** https://github.com/kserve/kserve/pull/5470 */
const MAX_OCI_SOURCES = 10;
const MAX_MOUNT_PATH = 255;

/** How a name ends that is a file's, as no folder of a model well could. */
const FILE = /\.(bin|bst|cbm|gguf|h5|joblib|json|keras|mar|mlmodel|onnx|pickle|pkl|pmml|pt|pth|safetensors|tar|tar\.gz|tflite|tgz|txt|ubj|zip)$/i;

/**
 * Whether addresses of this scheme are of images.
 * @internal
 */
export const isOci = (scheme: string) => ['oci', 'oci+native', 'oci+fetch'].includes(scheme);

/**
 * What KServe takes by itself (https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/utils/utils.go), and `oci+fetch`, which
 * came after 0.20.0: https://github.com/kserve/kserve/pull/5739
 */
const SCHEMES = ['file', 'gs', 'hdfs', 'hf', 'http', 'https', 'oci', 'oci+fetch', 'oci+native', 'pvc', 's3', 'webhdfs'];

/** Those that name no host. */
const LOCAL = /^(file|hdfs|webhdfs):\/\//;

/**
 * The address as KServe must have it.
 *
 * @throws where no version takes it
 * @internal
 */
export function checkSource(uri: string, { acknowledgeScheme = false }: KserveStorageOptions): string {
  if (!/^[a-z][-+.a-z0-9]*:\/\/\S+$/.test(uri) || (/^[^:]*:\/\/\//.test(uri) && !LOCAL.test(uri))) throw new Error(`address '${uri}' of a model is not valid: give one such as 'hf://org/model:revision'`);
  const [scheme] = uri.split('://');
  if (scheme === 'oci+modelcar') throw new Error(`address '${uri}' is refused by every version of KServe: use 'oci://', which is the same`);
  if (!SCHEMES.includes(scheme)) {
    // What begins so is an image's for KServe, whatever follows, and goes to no ClusterStorageContainer.
    if (scheme.startsWith('oci+')) throw new Error(`address '${uri}' has the scheme '${scheme}', and no version of KServe brings images so: use KserveStorage.oci or ociNative`);
    if (!acknowledgeScheme) throw new Error(`address '${uri}' has the scheme '${scheme}', and KServe itself takes ${SCHEMES.join(', ')}: use one of these, or acknowledgeScheme where a ClusterStorageContainer of the cluster takes it`);
  }
  // Its initializer lists by prefix, so one without a slash takes in siblings, unless an object has just that name; and with a slash, a file is none that it
  // finds: https://github.com/kserve/kserve/blob/v0.20.0/python/storage/kserve_storage/kserve_storage.py
  return uri.startsWith('s3://') && !uri.endsWith('/') && !FILE.test(uri) ? `${uri}/` : uri;
}

/**
 * Refuses what this version of KServe, or this cluster, refuses, or takes and then ignores.
 *
 * @throws with the way out
 * @internal
 */
export function checkVersion({ uri, _scheme: scheme }: KserveStorage, facts: ClusterFacts): void {
  const { kserveVersion, containerdVersion } = facts;
  if (scheme === 'oci+fetch') {
    if (!isAtLeast('kserveVersion', kserveVersion, { major: 0, minor: 21 })) {
      throw new Error(`address '${uri}' is refused by KServe before 0.21, and kserveVersion is ${kserveVersion === undefined ? 'not known' : `'${kserveVersion}'`}: use KserveStorage.oci or ociNative, or say 0.21 or later in facts`);
    }
    if (/\.dkr\.ecr[.-]/.test(uri)) {
      throw new Error(`address '${uri}' is of Amazon ECR, whose passwords last 12 hours, and KServe's fetch reads a password from a Secret alone: use KserveStorage.oci or ociNative, which the node pulls`);
    }
  }
  if (isOci(scheme) && isAtLeast('kserveVersion', kserveVersion, { major: 0, minor: 12 }) === false) throw new Error(`address '${uri}' is refused by KServe ${kserveVersion}, which brings no images: use 0.12 or later, or deliver the image with ModelDelivery.ociCopy`);
  if (scheme !== 'oci+native') return;
  const minor = kubernetesMinor(facts);
  if (isAtLeast('kserveVersion', kserveVersion, { major: 0, minor: 20 }) === false) throw new Error(`address '${uri}' is refused by KServe ${kserveVersion}, which knows 'oci://' alone: use KserveStorage.oci, or 0.20 or later`);
  if (minor !== undefined && minor < 35) throw new Error(`address '${uri}' needs image volumes, and Kubernetes 1.${minor} has none: use KserveStorage.oci, or 1.35 or later`);
  if (mountsImageFolders(facts) === false) {
    throw new Error(`address '${uri}' makes KServe mount a folder of the image, and containerd ${containerdVersion} mounts the whole image in its place, so the runtime would find no model: use nodes with containerd 2.2, or deliver the image with ModelDelivery.imageVolume`);
  }
}

/**
 * What KServe mounts where, of several.
 *
 * @throws where KServe would refuse it, or mount nothing without a word
 * @internal
 */
export function storageUris(mounts: KserveStorageMount[], facts: ClusterFacts): { uri: string; mountPath: string }[] {
  const sources = mounts.map(({ storage, mountPath = KSERVE_PATH }) => ({ storage, uri: storage.uri, mountPath: checkFolder(`mountPath of '${storage.uri}'`, mountPath) }));
  if (isAtLeast('kserveVersion', facts.kserveVersion, { major: 0, minor: 16 }) === false) {
    throw new Error(`storageUris are not known to KServe ${facts.kserveVersion}, whose pods would start without a model: use storage, or 0.16 or later`);
  }
  const oci = sources.filter(({ storage }) => isOci(storage._scheme));
  const [first] = oci;
  if (first && !isAtLeast('kserveVersion', facts.kserveVersion, { major: 0, minor: 20 })) {
    throw new Error(`'${first.uri}' among storageUris is ignored by KServe up to 0.19, whose pods then start without a model, and kserveVersion is ${facts.kserveVersion === undefined ? 'not known' : `'${facts.kserveVersion}'`}: use storage, or say 0.20 or later in facts`);
  }
  if (oci.length > MAX_OCI_SOURCES) throw new Error(`storageUris name ${oci.length} images, and KServe takes ${MAX_OCI_SOURCES} at most: put several models into one image`);
  for (const { uri, mountPath } of sources) {
    if (mountPath.length > MAX_MOUNT_PATH) throw new Error(`mountPath of '${uri}' has ${mountPath.length} characters, and KServe takes ${MAX_MOUNT_PATH} at most: shorten it`);
    if (/^pvc:\/\/[^/]+\/./.test(uri)) throw new Error(`'${uri}' among storageUris has a folder, which KServe ignores there, and mounts the whole volume: use it as storage, or a claim of its own`);
  }
  const nested = pairsOf(sources.map(({ uri, mountPath }) => ({ uri, mountPath })))
    .find(([{ mountPath: a }, { mountPath: b }]) => a === b || isInside(a, b) || isInside(b, a));
  if (nested) throw new Error(`'${nested[0].uri}' at '${nested[0].mountPath}' and '${nested[1].uri}' at '${nested[1].mountPath}' are in each other's way: give each a mountPath of its own, such as '/mnt/base/models' and '/mnt/lora/models'`);
  const downloaded = sources.filter(({ storage }) => storage._scheme !== 'pvc');
  const roots = new Set(downloaded.map(({ mountPath }) => mountPath.split('/')[1]));
  if (roots.size > 1) throw new Error(`mountPaths ${downloaded.map(({ mountPath }) => `'${mountPath}'`).join(', ')} have no folder in common, and KServe wants one for all that are not claims: put all below one, such as '/mnt'`);
  checkParents(oci.filter(({ storage }) => storage._scheme !== 'oci+native'));
  return sources.map(({ uri, mountPath }) => ({ uri, mountPath }));
}

/** Each modelcar has a volume at the folder around its model: a second one there would hide the first. */
function checkParents(modelcars: { uri: string; mountPath: string }[]) {
  const twins = pairsOf(modelcars).find(([a, b]) => path.posix.dirname(a.mountPath) === path.posix.dirname(b.mountPath));
  if (twins) throw new Error(`'${twins[0].uri}' and '${twins[1].uri}' both have their mountPath in '${path.posix.dirname(twins[0].mountPath)}', where KServe mounts a volume for each modelcar: give them folders of their own, such as '/mnt/base/models' and '/mnt/lora/models'`);
}

function pairsOf<T>(items: T[]): [T, T][] {
  return items.flatMap((item, index) => items.slice(0, index).map((earlier): [T, T] => [earlier, item]));
}
