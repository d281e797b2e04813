import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In their order: what is used comes first, and `build-image.sh`, which runs everything, last. */
const PARTS = ['json.sh', 'layer-plan.sh', 'image-layers.sh', 'image-config.sh', 'image-registry.sh', 'image-base.sh', 'build-image.sh'];

/**
 * The text of the POSIX sh program that makes an image of a published model.
 *
 * @internal
 */
export function buildProgram(): string {
  return PARTS.map(partOfBuild).join('\n');
}

/** @internal */
export function partOfBuild(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}
