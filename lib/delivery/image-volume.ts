import { Duration } from 'aws-cdk-lib';
import { hasImageVolumes, kubernetesMinor, mountsImageFolders, mountsImages, PodSecurity } from './cluster-facts';
import { ImageVolumeOptions } from './image-volume-options';
import { DOWNLOADER_USER, nameOf, volumeName } from './landing';
import { pullSeconds } from './limits';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { checkCommand, modelImageContainer } from './model-image-container';
import { Obstacle, obstacleAround, obstacleToImageVolumes, refuse } from './model-image-obstacles';
import { aroundWarnings, modelImageWarnings } from './model-image-warnings';
import { PodFacts, PodParts, PodWarning } from './pod-parts';
import { joinedParts } from './pod-template';
import { withheldCredentials } from './withheld-credentials';
import { ModelArtifact } from '../model';
import { dnsLabel } from '../model/names';
import { ModelImage } from '../oci/model-image';

/** Where the check has the image. */
const CHECKED_FOLDER = '/model-image';

/** The first minor of Kubernetes that knows the field, and the first whose API server takes a sub-path of it: https://kep.k8s.io/4639 */
const [FIRST_MINOR, FIRST_WITH_SUB_PATH] = [31, 33];

const FIRST_RESTRICTED = 33;

/** @internal */
export class ImageVolume implements IDeliveryStrategy {
  public readonly sharingKey: string;
  public readonly image: ModelImage;
  private readonly minor: number;
  private readonly hasSubPath: boolean;

  constructor(public readonly options: ImageVolumeOptions) {
    const { image, facts = {}, acknowledgeFeatureGate = false, check = true } = options;
    const minor = this.minor = kubernetesMinor(facts) ?? 35;
    this.image = image;
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
    models.forEach(delivered => refuse(this.obstacle(delivered, pod), delivered.model));
    const parts = joinedParts(models.map((delivered, index) => this.partsOf(delivered, index === 0)));
    return { ...parts, annotations: withheldCredentials(pod, parts.initContainers ?? []) };
  }

  /** Why the pod can't have the model so. */
  public obstacle(delivered: DeliveredModel, pod: PodFacts): Obstacle | undefined {
    const { path, model } = delivered;
    const { folder } = this.image;
    const mount = this.mountOf(path);
    if (mount === undefined) {
      return {
        why: `path '${path}' of model ${model.displayName} does not end with '${folder}', the folder of its image, and only containerd 2.2 or later mounts a folder of an image alone`,
        fix: `give a path such as '/mnt/${model.name}${folder}', say containerdVersion in facts`,
      };
    }
    return obstacleToImageVolumes(pod.spec) ?? (mount.subPath === undefined ? obstacleAround(mount.mountPath, delivered, 'the image that is mounted there', pod) : undefined);
  }

  /** Images of volumes are pulled before any container's: https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_manager.go */
  private partsOf(delivered: DeliveredModel, first: boolean): PodParts {
    const { image, check = true } = this.options;
    const { model } = delivered;
    const name = volumeName(delivered);
    const where = this.mountOf(delivered.path)!;
    return {
      volumes: [{ name, image: { reference: image.reference, pullPolicy: image._pullPolicy(first) } }],
      volumeMounts: [{ name, ...where, readOnly: true }],
      initContainers: !check ? [] : [modelImageContainer({
        name: dnsLabel('check-', nameOf(delivered)),
        image,
        user: { user: DOWNLOADER_USER, group: DOWNLOADER_USER },
        ...checkCommand(model, where.subPath === undefined ? `${CHECKED_FOLDER}${image.folder}` : CHECKED_FOLDER),
        volumeMounts: [{ name, mountPath: CHECKED_FOLDER, ...where.subPath === undefined ? {} : { subPath: where.subPath }, readOnly: true }],
      })],
      warnings: [
        ...modelImageWarnings([delivered], image, check),
        ...where.subPath === undefined ? aroundWarnings(where.mountPath, delivered) : [],
        ...this.notRestricted(delivered),
      ],
      startWindow: Duration.seconds(pullSeconds(model.size)),
    };
  }

  /**
   * Without a sub-path wherever that gives the path: containerd 2.1 ignores one, and mounts the whole image in its place
   * (https://github.com/containerd/containerd/issues/11580). At `/mnt`, where other models are, it would be in their way.
   */
  private mountOf(path: string): { mountPath: string; subPath?: string } | undefined {
    const { folder } = this.image;
    const around = path.slice(0, -folder.length);
    if (path.endsWith(folder) && (!this.hasSubPath || !['', '/mnt'].includes(around))) return { mountPath: around };
    return this.hasSubPath ? { mountPath: path, subPath: folder.slice(1) } : undefined;
  }

  /** https://github.com/kubernetes/kubernetes/pull/130394 */
  private notRestricted({ model }: DeliveredModel): PodWarning[] {
    const { podSecurity = PodSecurity.RESTRICTED } = this.options.facts ?? {};
    return this.minor >= FIRST_RESTRICTED || podSecurity !== PodSecurity.RESTRICTED ? [] : [{
      id: 'imageVolumeNotRestricted',
      text: `model ${model.displayName} comes by an image volume, which Pod Security restricted refuses before Kubernetes 1.${FIRST_RESTRICTED}, and facts say 1.${this.minor}: use a newer version, ModelDelivery.modelcar, or say podSecurity in facts where the namespace takes it`,
    }];
  }
}
