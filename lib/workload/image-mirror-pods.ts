import { ImageMirror } from './image-mirror';
import { podSpecsIn } from './pod-specs';
import { imageAddress } from '../delivery/images';
import { checkSubdomain } from '../private/kubernetes-names';

/**
 * Where the pods of a set of manifests pull their images, and with which secrets.
 * @internal
 */
export class PodImages {
  constructor(private readonly mirror?: ImageMirror, private readonly pullSecrets: string[] = []) {
    for (const name of pullSecrets) checkSubdomain('name of a secret to pull images with', name);
  }

  /** Changes the pods that an object makes. */
  public apply(document: any) {
    for (const pod of podSpecsIn(document)) {
      if (this.mirror) mirrorImages(pod, this.mirror);
      const present: any[] = pod.imagePullSecrets ?? [];
      const added = this.pullSecrets.filter(name => !present.some(secret => secret.name === name)).map(name => ({ name }));
      if (added.length > 0) pod.imagePullSecrets = [...present, ...added];
    }
  }
}

function mirrorImages(pod: any, mirror: ImageMirror) {
  for (const container of [pod.initContainers, pod.containers, pod.ephemeralContainers, pod.model].flatMap(containers => containers ?? [])) {
    if (typeof container.image === 'string') container.image = mirror.nameOf(container.image);
  }
  for (const { image } of pod.volumes ?? []) {
    if (typeof image?.reference === 'string') image.reference = mirror.nameOf(image.reference);
  }
  for (const [storage, key] of [[pod.model, 'storageUri'], ...(pod.storageUris ?? []).map((each: any) => [each, 'uri'])]) {
    const address = imageAddress(storage?.[key]);
    if (address) storage[key] = `${address.scheme}${mirror.nameOf(address.image)}`;
  }
}
