import { imagesIn, isPinned } from './images';
import { PodParts, PodWarning } from './pod-parts';

/**
 * What somebody should know of deliveries before they are deployed.
 * @internal
 */
export function deliveryWarnings(parts: PodParts[]): PodWarning[] {
  return [...parts.flatMap(({ warnings = [] }) => warnings), ...unpinnedImages(parts)];
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
