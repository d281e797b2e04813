import type { DeliveredModel } from './model-delivery';

/**
 * Says in the pod which models it serves, for people and for inventories: `<tenant>/<name>@<version> <digest>`, with commas between.
 * @internal
 */
export function modelsAnnotation(models: DeliveredModel[]): { [key: string]: string } {
  return { 'cdk-eks-model-artifacts/models': models.map(({ model }) => [model.displayName, model.digest].filter(Boolean).join(' ')).join(', ') };
}
