import { Duration } from 'aws-cdk-lib';
import type { DeliveredModel } from './model-delivery';
import { PodFacts, PodParts } from './pod-parts';
import { ModelImage } from '../oci/model-image';
import { isInside } from '../private/mount-path';

/**
 * The parts that bring all models to a pod: those whose deliveries are alike share their containers.
 *
 * @throws where two models would have the same path, or one inside the other, or would come out of one image
 * @internal
 */
export function bindModels(models: DeliveredModel[], pod: PodFacts): PodParts[] {
  for (const [index, { path, model }] of models.entries()) {
    const other = models.slice(0, index).find(earlier => path === earlier.path || isInside(path, earlier.path) || isInside(earlier.path, path));
    if (other) {
      throw new Error(`models ${other.model.displayName} at '${other.path}' and ${model.displayName} at '${path}' are in each other's way: give one of them a path of its own, deliver(model, { path })`);
    }
  }
  checkImages(models);
  const groups = new Map<string, DeliveredModel[]>();
  for (const delivered of models) {
    const key = delivered.delivery.strategy.sharingKey;
    groups.set(key, [...groups.get(key) ?? [], delivered]);
  }
  return [...groups.values()].map(group => group[0].delivery.strategy.bind(group, pod));
}

/** A folder has one manifest, and that is of one model. */
function checkImages(models: DeliveredModel[]) {
  const found = new Map<string, DeliveredModel['model']>();
  for (const { model, delivery } of models) {
    const { image } = delivery.strategy as { image?: unknown };
    if (!(image instanceof ModelImage)) continue;
    const key = `${image.reference} ${image.folder}`;
    const other = found.get(key);
    found.set(key, model);
    if (other === undefined || other.releaseId === model.releaseId) continue;
    throw new Error(other.displayName === model.displayName
      ? `model ${model.displayName} comes twice out of image '${image.reference}', with digest ${other.digest ?? 'none'} and ${model.digest ?? 'none'}: use one artifact for both`
      : `models ${other.displayName} and ${model.displayName} are delivered from image '${image.reference}', and an image carries one model: give each its own`);
  }
}

/** @internal */
export function totalWindow(parts: PodParts[]): Duration {
  return Duration.seconds(parts.reduce((seconds, part) => seconds + (part.startWindow?.toSeconds() ?? 0), 0));
}
