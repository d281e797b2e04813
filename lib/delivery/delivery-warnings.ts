import { imagesIn, isPinned } from './images';
import { PodParts, PodWarning } from './pod-parts';

/**
 * What somebody should know of deliveries before they are deployed.
 * @internal
 */
export function deliveryWarnings(parts: PodParts[]): PodWarning[] {
  const warnings = [...parts.flatMap(part => part.warnings ?? []), ...unpinnedImages(parts)];
  return warnings.filter(({ text }, index) => warnings.findIndex(other => other.text === text) === index);
}

/**
 * Of every image that is named without a digest.
 * @internal
 */
export function unpinnedImages(value: any): PodWarning[] {
  return [...new Set(imagesIn(value))].filter(name => !isPinned(name)).map(image => ({
    id: 'imageNotPinned',
    text: `image '${image}' is not pinned by digest: what it stands for can change under running pods; use repository:tag@sha256:…`,
  }));
}
