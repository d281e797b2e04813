import { AutoOptions } from './auto-options';
import { ImageVolume } from './image-volume';
import { volumeName } from './landing';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { Modelcar } from './modelcar';
import { chooseForPods, OciChoice } from './oci-choice';
import { OciCopy } from './oci-copy';
import { PodFacts, PodParts } from './pod-parts';
import { ModelArtifact } from '../model';
import { dnsLabel } from '../model/names';

/**
 * What was chosen and why, in the annotations of a pod: this and what the model's volume is called after.
 * @internal
 */
export const DELIVERY_ANNOTATION = 'cdk-eks-model-artifacts/delivery';

/** @internal */
export class Auto implements IDeliveryStrategy {
  public readonly sharingKey: string;
  /** What was chosen, and why. */
  public readonly choice: OciChoice;
  private readonly strategy: IDeliveryStrategy;

  constructor(public readonly options: AutoOptions) {
    this.choice = chooseForPods(options.facts);
    this.strategy = strategyFor(this.choice, options);
    this.sharingKey = JSON.stringify(['auto', this.strategy.sharingKey, this.choice.reason]);
  }

  public refusal(model: ModelArtifact, pod: PodFacts): string | undefined {
    return this.strategy.refusal(model, pod);
  }

  public bind(models: DeliveredModel[], pod: PodFacts): PodParts {
    const parts = this.strategy.bind(models, pod);
    const reasons = models.map(delivered => [`${DELIVERY_ANNOTATION}.${dnsLabel('', volumeName(delivered).slice('model-'.length), 50)}`, `${this.choice.form}: ${this.choice.reason}`]);
    return { ...parts, annotations: { ...parts.annotations, ...Object.fromEntries(reasons) } };
  }
}

function strategyFor({ form }: OciChoice, { image, facts, runAs }: AutoOptions): IDeliveryStrategy {
  switch (form) {
    case 'imageVolume': return new ImageVolume({ image, facts });
    case 'modelcar': return new Modelcar({ image, facts, runAs });
    case 'ociCopy': return new OciCopy({ image });
  }
}
