import type { DeliveredModel } from './model-delivery';

/** @internal */
export const MODELS_ANNOTATION = 'cdk-eks-model-artifacts/models';

/**
 * Says in the pod which models it serves, for people and for inventories: `<tenant>/<name>@<version> <digest>`, with commas between.
 * @internal
 */
export function modelsAnnotation(models: DeliveredModel[]): { [key: string]: string } {
  return { [MODELS_ANNOTATION]: models.map(({ model }) => [model.displayName, model.digest].filter(Boolean).join(' ')).join(', ') };
}
