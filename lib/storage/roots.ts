import { MODELS, PUBLISHING, SIGNATURES } from '../model/layout';

/**
 * Claims of versions, and signatures: kept as long as the models are.
 * @internal
 */
export const BESIDE_MODELS = [PUBLISHING, SIGNATURES];

/**
 * All that is published, and write-once.
 * @internal
 */
export const ROOTS = [MODELS, ...BESIDE_MODELS];
