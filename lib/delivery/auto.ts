import { AutoOptions } from './auto-options';
import { ImageVolume } from './image-volume';
import { nameOf } from './landing';
import { DeliveredModel, IDeliveryStrategy, ModelDelivery } from './model-delivery';
import { Obstacle } from './model-image-obstacles';
import { Modelcar } from './modelcar';
import { chooseForPods, OciChoice } from './oci-choice';
import { OciCopy } from './oci-copy';
import { PodFacts, PodParts } from './pod-parts';
import { ModelArtifact } from '../model';
import { dnsLabel } from '../model/names';
import { ModelImage } from '../oci/model-image';

/**
 * What was chosen and why, in the annotations of a pod: this and what the model's volume is called after.
 * @internal
 */
export const DELIVERY_ANNOTATION = 'cdk-eks-model-artifacts/delivery';

/**
 * The annotation that says it of one model.
 * @internal
 */
export function choiceAnnotation(delivered: DeliveredModel, way: string, reason: string): { [key: string]: string } {
  return { [`${DELIVERY_ANNOTATION}.${dnsLabel('', nameOf(delivered), 50)}`]: `${way}: ${reason}` };
}

/** @internal */
export class Auto implements IDeliveryStrategy {
  public readonly sharingKey: string;
  public readonly image: ModelImage;
  private readonly strategy: ImageStrategy;

  /**
   * @param options what it is chosen by
   * @param choice what is chosen where the pod has nothing against it, and why
   */
  constructor(public readonly options: AutoOptions, public readonly choice: OciChoice = chooseForPods(options.facts)) {
    this.image = options.image;
    this.strategy = strategyOf(choice, options);
    this.sharingKey = JSON.stringify(['auto', this.strategy.sharingKey, choice.reason]);
  }

  public refusal(_model: ModelArtifact, _pod: PodFacts): string | undefined {
    return undefined;
  }

  /** A copy needs nothing of a pod, so it is what remains where the pod has something against the choice. */
  public bind(models: DeliveredModel[], pod: PodFacts): PodParts {
    const [obstacle] = models.flatMap(delivered => this.strategy.obstacle?.(delivered, pod) ?? []);
    const choice = obstacle === undefined ? this.choice : { form: 'ociCopy' as const, reason: `${this.choice.reason}; but ${obstacle.why}, so the model is copied` };
    const delivery = ModelDelivery.of(strategyOf(choice, this.options));
    const parts = delivery.strategy.bind(models.map(({ model, path }) => delivery.deliver(model, { path })), pod);
    const reasons = models.map(delivered => choiceAnnotation(delivered, choice.form, choice.reason));
    return { ...parts, annotations: Object.assign({}, parts.annotations, ...reasons) };
  }
}

interface ImageStrategy extends IDeliveryStrategy {
  obstacle?(delivered: DeliveredModel, pod: PodFacts): Obstacle | undefined;
}

function strategyOf({ form }: OciChoice, { image, facts, runAs }: AutoOptions): ImageStrategy {
  switch (form) {
    case 'imageVolume': return new ImageVolume({ image, facts });
    case 'modelcar': return new Modelcar({ image, facts, runAs });
    case 'ociCopy': return new OciCopy({ image });
  }
}
