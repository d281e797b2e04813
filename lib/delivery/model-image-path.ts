import type { DeliveredModel } from './model-delivery';
import { PodWarning } from './pod-parts';

/** Folders of an image that something needs, with all that is below them. */
const SYSTEM = /^\/(bin|boot|dev|etc|lib|lib32|lib64|proc|sbin|sys|usr)(\/|$)/;

/** Folders of an image that hold others' folders. */
const SHARED = /^\/(home|media|opt|root|run|srv|tmp|var(\/(cache|lib|log|run|tmp))?)?$/;

/**
 * The folder that a volume is mounted at, so that the model is in it: what the application's image has there is hidden.
 *
 * @throws where that is a folder which an image needs
 * @internal
 */
export function checkAround(folder: string, { path, model }: DeliveredModel, what: string): string {
  if (folder === '' || SYSTEM.test(folder) || SHARED.test(folder)) {
    throw new Error(`path '${path}' of model ${model.displayName} has no folder of its own around it, and ${what} would hide what the application's image has in '${folder || '/'}': give a path such as '/mnt/${model.name}/models', or deliver it with ModelDelivery.ociCopy`);
  }
  return folder;
}

/**
 * `/mnt` is where KServe's runtimes read their models, and may hold more in an image.
 * @internal
 */
export function aroundWarnings(folder: string, { path, model }: DeliveredModel): PodWarning[] {
  return folder !== '/mnt' ? [] : [{
    id: 'modelImageHidesMnt',
    text: `model ${model.displayName} is delivered to '${path}', and its volume is mounted at '/mnt': what the application's image has there is hidden, and nothing else can be mounted below it; give a path such as '/mnt/${model.name}/models' where the application allows it`,
  }];
}
