import type { InferenceServiceProps } from './inference-service-props';
import { KSERVE_PATH } from './storage-rules';
import { DeliveredModel } from '../delivery/model-delivery';

/**
 * Where a service has the first of its models.
 * @internal
 */
export function pathOf({ model, path: given }: DeliveredModel, modelPath: string | undefined): string {
  return modelPath ?? (given === `/mnt/${model.name}/models` ? KSERVE_PATH : given);
}

/**
 * Runtimes of KServe read `/mnt/models`, and start without a model elsewhere, or on another, where nothing tells them.
 *
 * @throws where the model is elsewhere, and neither arguments nor variables nor patches say so
 * @internal
 */
export function refuseUnmentioned(name: string, { model, path }: DeliveredModel, { args = [], env = {}, patches = [] }: InferenceServiceProps): void {
  const mention = new RegExp(`${path.replace(/\./g, '\\.')}(?![-\\w.])`);
  const texts = [...args, ...Object.values(env), ...patches.map(patch => JSON.stringify(patch))];
  if (path === KSERVE_PATH || texts.some(text => mention.test(text))) return;
  throw new Error(`service '${name}' never mentions '${path}', where model ${model.displayName} is, and the runtimes of KServe read '${KSERVE_PATH}': put the path into args, such as '--model_dir=${path}', or into env, or leave modelPath out`);
}
