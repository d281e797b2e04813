import type { DeliveredModel } from './model-delivery';
import { PodWarning } from './pod-parts';
import { ModelImage } from '../oci/model-image';

/**
 * What is not promised of models that come in an image. A node pulls images with a role of its own, so whoever may name an image in a pod can read it:
 * https://github.com/aws/containers-roadmap/issues/2133
 * @internal
 */
export function modelImageWarnings(models: DeliveredModel[], image: ModelImage): PodWarning[] {
  const ofTenants = models.filter(({ model }) => model.tenant !== undefined).map(({ model }) => ({
    id: 'modelImageReadableByNode',
    text: `model ${model.displayName} belongs to tenant '${model.tenant}', and every pod that names image '${image.reference}' can read it, in any namespace: the node pulls it, not the pod; `
      + 'keep such pods out by admission, give the tenant nodes and a repository of its own, or deliver it with ModelDelivery.s3Download, which asks as the pod',
  }));
  const unpinned = image.pinned ? [] : models.filter(({ model }) => model.digest === undefined).map(({ model }) => ({
    id: 'digestMissing',
    text: `neither model ${model.displayName} nor image '${image.reference}' has a digest: pods check the files against the manifest in the image, and nothing checks that image; pin the digest that building or publishing printed`,
  }));
  return [...ofTenants, ...unpinned];
}
