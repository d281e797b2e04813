import { IConstruct } from 'constructs';
import { isPinned } from './images';
import type { DeliveredModel } from './model-delivery';
import { warn } from '../private/warn';

/**
 * Says what is then not promised of models and images without a digest.
 * @internal
 */
export function warnOfMissingDigests(scope: IConstruct, models: DeliveredModel[], images: string[]) {
  for (const { model } of models.filter(delivered => delivered.model.digest === undefined)) {
    warn(scope, 'digestMissing', `model ${model.displayName} has no digest: pods check the files against the manifest in the bucket, and nothing checks that manifest; pin the digest that publishing printed`);
  }
  for (const image of images.filter(name => !isPinned(name))) {
    warn(scope, 'imageNotPinned', `image '${image}' is not pinned by digest: what it stands for can change under running pods; use repository:tag@sha256:…`);
  }
}
