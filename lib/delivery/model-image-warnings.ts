import type { DeliveredModel } from './model-delivery';
import { PodWarning } from './pod-parts';
import { ModelImage } from '../oci/model-image';

/**
 * What is not promised of models that come in an image. A node pulls images with a role of its own, so whoever may name an image in a pod can read it:
 * https://github.com/aws/containers-roadmap/issues/2133
 *
 * @param checked whether something compares the image's manifest with the model's digest
 * @internal
 */
export function modelImageWarnings(models: DeliveredModel[], image: ModelImage, checked = true): PodWarning[] {
  const ofTenants = models.flatMap(({ model }) => tenantWarnings(`model ${model.displayName}`, model.tenant, image));
  const unchecked = checked ? [] : models.map(({ model }) => ({
    id: 'modelImageNotChecked',
    text: `model ${model.displayName} comes out of image '${image.reference}', and nothing looks whether it is the image of that model, or of another: compare their digests before, and each time that one of both changes`,
  }));
  const unpinned = !checked || image.pinned ? [] : models.filter(({ model }) => model.digest === undefined).map(({ model }) => ({
    id: 'digestMissing',
    text: `neither model ${model.displayName} nor image '${image.reference}' has a digest: pods check the files against the manifest in the image, and nothing checks that image; pin the digest that building or publishing printed`,
  }));
  return [...ofTenants, ...unchecked, ...unpinned];
}

/** @internal */
export function tenantWarnings(what: string, tenant: string | undefined, image: ModelImage): PodWarning[] {
  return tenant === undefined ? [] : [{
    id: 'modelImageReadableByNode',
    text: `${what} belongs to tenant '${tenant}', and every pod that names image '${image.reference}' can read it, in any namespace: the node pulls it, not the pod; `
      + 'keep such pods out by admission, give the tenant nodes and a repository of its own, or deliver it with ModelDelivery.s3Download, which asks as the pod',
  }];
}

/**
 * A volume at the folder around a model hides what the application's image has there, and nobody but its users knows what that is. Below `/mnt`, images
 * have nothing; at `/mnt` itself KServe's runtimes read their models.
 * @internal
 */
export function aroundWarnings(folder: string, { path, model }: DeliveredModel): PodWarning[] {
  return folder.startsWith('/mnt/') ? [] : [{
    id: 'modelImageHidesFolder',
    text: `model ${model.displayName} is delivered to '${path}', and its volume is mounted at '${folder}': what the application's image has there is hidden, and nothing else can be mounted below it; `
      + `give a path such as '/mnt/${model.name}/models' where the application allows it${folder === '/mnt' ? ', or say containerdVersion 2.2 or later in facts, with which an image volume needs no folder around it' : ''}`,
  }];
}
