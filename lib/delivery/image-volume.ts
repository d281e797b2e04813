import { Duration } from 'aws-cdk-lib';
import { hasImageVolumes, kubernetesMinor, mountsImageFolders, mountsImages } from './cluster-facts';
import { ImageVolumeOptions } from './image-volume-options';
import { DOWNLOADER_USER, volumeName } from './landing';
import { pullSeconds } from './limits';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { checkImage, checkOneModel, modelImageContainer, withheldCredentials } from './model-image-container';
import { aroundWarnings, checkAround } from './model-image-path';
import { modelImageWarnings } from './model-image-warnings';
import { PodFacts, PodParts } from './pod-parts';
import { joinedParts } from './pod-template';
import { ModelArtifact } from '../model';
import { dnsLabel } from '../model/names';

/** Where the check has the image. */
const CHECKED_FOLDER = '/model-image';

/** The first minor of Kubernetes that knows the field, and the first whose API server takes a sub-path of it: https://kep.k8s.io/4639 */
const [FIRST_MINOR, FIRST_WITH_SUB_PATH] = [31, 33];

/** @internal */
export class ImageVolume implements IDeliveryStrategy {
  public readonly sharingKey: string;
  private readonly hasSubPath: boolean;

  constructor(private readonly options: ImageVolumeOptions) {
    const { image, facts = {}, acknowledgeFeatureGate = false, check = true } = options;
    const minor = kubernetesMinor(facts) ?? 35;
    if (minor < FIRST_MINOR) {
      throw new Error(`Kubernetes 1.${minor} has no image volumes, which came with 1.${FIRST_MINOR}, and the pod would not start: use 1.35 or later, or ModelDelivery.modelcar`);
    }
    if (minor < 35 && !acknowledgeFeatureGate && !hasImageVolumes(facts)) {
      throw new Error(`Kubernetes 1.${minor} has no image volumes unless the feature gate ImageVolume is turned on, on control plane and nodes, and the pod would not start: use 1.35 or later, acknowledgeFeatureGate, or ModelDelivery.modelcar`);
    }
    if (mountsImages(facts) === false) {
      throw new Error(`containerd ${facts.containerdVersion} has no image volumes, which came with 2.1: use newer nodes, or ModelDelivery.modelcar`);
    }
    this.hasSubPath = mountsImageFolders(facts) === true && minor >= FIRST_WITH_SUB_PATH;
    this.sharingKey = JSON.stringify(['imageVolume', image.reference, image.folder, this.hasSubPath, check]);
  }

  public refusal(_model: ModelArtifact, _pod: PodFacts): string | undefined {
    return undefined;
  }

  public bind(models: DeliveredModel[], pod: PodFacts): PodParts {
    checkOneModel(models, this.options.image);
    const parts = joinedParts(models.map((delivered, index) => this.partsOf(delivered, index === 0)));
    return { ...parts, annotations: withheldCredentials(pod, parts.initContainers ?? []) };
  }

  /** Images of volumes are pulled before any container's: https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_manager.go */
  private partsOf(delivered: DeliveredModel, first: boolean): PodParts {
    const { image, check = true } = this.options;
    const { model } = delivered;
    const name = volumeName(delivered);
    const where = this.mountOf(delivered);
    return {
      volumes: [{ name, image: { reference: image.reference, pullPolicy: image._pullPolicy(first) } }],
      volumeMounts: [{ name, ...where, readOnly: true }],
      initContainers: !check ? [] : [modelImageContainer({
        name: dnsLabel('check-', name.slice('model-'.length)),
        image,
        user: { user: DOWNLOADER_USER, group: DOWNLOADER_USER },
        ...checkImage(model, where.subPath === undefined ? `${CHECKED_FOLDER}${image.folder}` : CHECKED_FOLDER),
        volumeMounts: [{ name, mountPath: CHECKED_FOLDER, ...where.subPath === undefined ? {} : { subPath: where.subPath }, readOnly: true }],
      })],
      warnings: [...modelImageWarnings([delivered], image), ...aroundWarnings(where.mountPath, delivered)],
      startWindow: Duration.seconds(pullSeconds(model.size)),
    };
  }

  /**
   * Without a sub-path wherever that gives the path: containerd 2.1 ignores one, and mounts the whole image in its place
   * (https://github.com/containerd/containerd/issues/11580).
   */
  private mountOf(delivered: DeliveredModel): { mountPath: string; subPath?: string } {
    const { image: { folder } } = this.options;
    const { path, model } = delivered;
    const around = path.slice(0, -folder.length);
    if (path.endsWith(folder) && (around !== '' || !this.hasSubPath)) return { mountPath: checkAround(around, delivered, 'the image that is mounted there') };
    if (this.hasSubPath) return { mountPath: path, subPath: folder.slice(1) };
    throw new Error(`path '${path}' of model ${model.displayName} does not end with '${folder}', the folder of its image, and only containerd 2.2 or later mounts a folder of an image alone: give a path such as '/mnt/${model.name}${folder}', say containerdVersion in facts, or deliver it with ModelDelivery.ociCopy`);
  }
}
