import { Construct } from 'constructs';
import { ModelFragmentProps } from './model-fragment-props';
import { withModels } from '../delivery/attached-workload';
import { bindModels } from '../delivery/bind-models';
import { deliveryWarnings } from '../delivery/delivery-warnings';
import { InitContainerPosition } from '../delivery/init-container-position';
import { mebibytes, totalSize } from '../delivery/limits';
import { modelsAnnotation } from '../delivery/models-annotation';
import type { PodFacts, PodParts } from '../delivery/pod-parts';
import { changedAt, knownPaths, templatePlaces, valueAt } from '../delivery/pod-template-paths';
import { warn } from '../private/warn';

/**
 * What models add to a workload of which only a part is known, such as the names of its containers.
 * @internal
 */
export class ModelFragment {
  private readonly facts: PodFacts;

  /**
   * @param scope that warnings and errors are of
   * @param props the models
   * @param known part of the workload, of a kind whose pod template is in a known place
   * @param position of the init containers among those that are known
   * @throws where the pods can't have the models
   */
  constructor(
    scope: Construct,
    private readonly props: ModelFragmentProps,
    private readonly known: () => any,
    private readonly position = InitContainerPosition._DEFAULT,
  ) {
    const { models, identity, withholdCredentials = false } = props;
    if (models.length === 0) throw new Error(`${scope.node.path} has no model: give one at least, delivery.deliver(model)`);
    this.facts = { identity, containers: podOf(known()).spec.containers.map(({ name }: any) => name), withholdCredentials };
    let parts: PodParts[] = [];
    this.rendered((id, text) => warn(scope, id, text), bound => { parts = bound; });
    for (const { id, text } of deliveryWarnings(parts)) warn(scope, id, text);
    const memory = totalSize(parts.map(part => part.memory));
    if (memory.toBytes() > 0) {
      warn(scope, 'memoryNotAdded', `the models take ${mebibytes(memory)} of memory, which counts as the container's, and what that has is not known here: add it to the container's request and limit yourself`);
    }
    scope.node.addValidation({ validate: () => models.flatMap(({ delivery, model }) => delivery.strategy.refusal(model, this.facts) ?? []) });
  }

  /** The known part, and what models add. What containers ask for is left out: it would take the place of what they have. */
  public object(): any {
    return this.rendered(() => {});
  }

  private rendered(report: (id: string, text: string) => void, told: (parts: PodParts[]) => void = () => {}): any {
    const { models, identity } = this.props;
    const known = this.known();
    const object = withModels(known, {
      templates: knownPaths(known)!,
      identity,
      position: this.position,
      warn: report,
      bind: (containers, _, spec) => {
        const parts = bindModels(models, { ...this.facts, containers, spec: { ...endsByItself(known) ? { restartPolicy: 'Never' } : {}, ...spec } });
        told(parts);
        return [...parts, { annotations: modelsAnnotation(models) }];
      },
    });
    return changedAt(object, placeOf(object), template => (
      { ...template, spec: { ...template.spec, containers: template.spec.containers.map(({ resources, ...container }: any) => container) } }));
  }
}

/**
 * The pod template of an object that has one.
 * @internal
 */
export function podOf(object: any): any {
  return valueAt(object, placeOf(object));
}

/** Whether nobody starts its pods again for ever, as far as is known. */
function endsByItself({ kind }: any): boolean {
  return ['Job', 'CronJob', 'Pod'].includes(kind);
}

function placeOf(object: any) {
  return templatePlaces(object, knownPaths(object)!)[0];
}
