import { Duration } from 'aws-cdk-lib';
import type { DeliveredModel } from './model-delivery';
import { PodFacts, PodParts } from './pod-parts';

/**
 * The parts that bring all models to a pod: those whose deliveries are alike share their containers.
 *
 * @throws where two models would have the same path, or one inside the other
 * @internal
 */
export function bindModels(models: DeliveredModel[], pod: PodFacts): PodParts[] {
  for (const [index, { path, model }] of models.entries()) {
    const other = models.slice(0, index).find(earlier => inside(path, earlier.path) || inside(earlier.path, path));
    if (other) {
      throw new Error(`models ${other.model.displayName} at '${other.path}' and ${model.displayName} at '${path}' are in each other's way: give one of them a path of its own, deliver(model, { path })`);
    }
  }
  const groups = new Map<string, DeliveredModel[]>();
  for (const delivered of models) {
    const key = delivered.delivery.strategy.sharingKey;
    groups.set(key, [...groups.get(key) ?? [], delivered]);
  }
  return [...groups.values()].map(group => group[0].delivery.strategy.bind(group, pod));
}

function inside(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder}/`);
}

/** @internal */
export function totalWindow(parts: PodParts[]): Duration {
  return Duration.seconds(parts.reduce((seconds, part) => seconds + (part.startWindow?.toSeconds() ?? 0), 0));
}
