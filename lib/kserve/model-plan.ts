import * as path from 'node:path';
import { DeploymentMode } from './deployment-mode';
import type { InferenceServiceProps } from './inference-service-props';
import { KserveStorage } from './kserve-storage';
import { KSERVE_PATH } from './storage-rules';
import { Auto, DELIVERY_ANNOTATION } from '../delivery/auto';
import { AutoOptions } from '../delivery/auto-options';
import { ClusterFacts } from '../delivery/cluster-facts';
import { DeliveredModel, ModelDelivery } from '../delivery/model-delivery';
import { modelImageWarnings } from '../delivery/model-image-warnings';
import { chooseForKserve, chooseForPods, KserveChoice, OciChoice } from '../delivery/oci-choice';
import { PodWarning } from '../delivery/pod-parts';
import { dnsLabel } from '../model/names';

/**
 * How models reach the pods of a service: by parts of ours, or by KServe.
 * @internal
 */
export interface ModelPlan {
  readonly delivered: DeliveredModel[];
  readonly storage?: KserveStorage;
  /** What is known of the cluster: by the deliveries that choose, and before them by the service. */
  readonly facts: ClusterFacts;
  /** What was chosen and why, for people. */
  readonly annotations: Record<string, string>;
  readonly warnings: PodWarning[];
}

/** What is planned of one model. */
type Part = Omit<ModelPlan, 'facts'>;

interface Circumstances {
  /** Whether KServe can bring the model where the service wants it. */
  readonly byKserve: boolean;
  readonly onKnative: boolean;
}

/** @internal */
export function planOf({ models = [], modelPath, facts, modelFormat, deploymentMode }: InferenceServiceProps): ModelPlan {
  const known = together([...models.map(({ delivery }) => factsOf(delivery)).reverse(), facts]);
  const onKnative = deploymentMode === DeploymentMode.KNATIVE;
  const plans = models.map((delivered, index): Part => {
    const at = index === 0 ? pathOf(delivered, modelPath) : delivered.path;
    const { strategy } = delivered.delivery;
    if (!(strategy instanceof Auto)) return { delivered: [atPath(delivered.delivery, delivered, at)], annotations: {}, warnings: [] };
    const own = together([strategy.options.facts, facts]);
    // ONNX follows no link to external data, whoever makes the link.
    const assumed = { ...own, followsSymlinks: own.followsSymlinks ?? modelFormat.name !== 'onnx' };
    return chosen(delivered, at, { ...strategy.options, facts: assumed }, { byKserve: models.length === 1 && at === KSERVE_PATH, onKnative });
  });
  return {
    facts: known,
    delivered: plans.flatMap(plan => plan.delivered),
    storage: plans.find(({ storage }) => storage !== undefined)?.storage,
    annotations: Object.assign({}, ...plans.map(({ annotations }) => annotations)),
    warnings: plans.flatMap(({ warnings }) => warnings),
  };
}

function factsOf({ strategy }: ModelDelivery): ClusterFacts | undefined {
  return strategy instanceof Auto ? strategy.options.facts : undefined;
}

/** What several say, the last of them the last word. */
function together(facts: (ClusterFacts | undefined)[]): ClusterFacts {
  return Object.assign({}, ...facts.map(each => Object.fromEntries(Object.entries(each ?? {}).filter(([, value]) => value !== undefined))));
}

function pathOf({ model, path: given }: DeliveredModel, modelPath: string | undefined): string {
  return modelPath ?? (given === `/mnt/${model.name}/models` ? KSERVE_PATH : given);
}

function atPath(delivery: ModelDelivery, { model }: DeliveredModel, at: string): DeliveredModel {
  return delivery.deliver(model, { path: at });
}

/** KServe brings one model to one path: for several, or another, the pod has parts of ours. */
function chosen(delivered: DeliveredModel, at: string, options: AutoOptions, { byKserve, onKnative }: Circumstances): Part {
  const { image, facts } = options;
  const choice: KserveChoice = !byKserve || image.folder !== KSERVE_PATH.slice('/mnt'.length) ? ownChoice(facts, byKserve) : chooseForKserve(facts);
  const { model } = delivered;
  const annotation = (form: string, reason: string) => ({ [`${DELIVERY_ANNOTATION}.${dnsLabel('', model.name, 50)}`]: `${form}: ${reason}` });
  if (choice.scheme !== undefined) {
    return {
      delivered: [],
      storage: choice.scheme === 'oci' ? KserveStorage.oci(image) : KserveStorage.ociNative(image),
      annotations: annotation(choice.scheme, choice.reason),
      warnings: modelImageWarnings([delivered], image),
    };
  }
  const { form, but } = whatThePodTakes(choice.pod!.form, at, onKnative);
  return { delivered: [atPath(deliveryOf(form, options), delivered, at)], annotations: annotation(form, `${choice.reason}${but}`), warnings: [] };
}

function ownChoice(facts: ClusterFacts, byKserve: boolean): KserveChoice {
  const pod = chooseForPods(facts);
  return { pod, reason: `${byKserve ? 'KServe reads /models of an image alone' : 'KServe brings one model to /mnt/models alone'}; ${pod.reason}` };
}

/** Knative takes no native sidecar. A modelcar has a volume at the folder around its model, and `/mnt` is the image's own. */
function whatThePodTakes(form: OciChoice['form'], at: string, onKnative: boolean): { form: OciChoice['form']; but: string } {
  if (form === 'modelcar' && onKnative) return { form: 'ociCopy', but: '; but Knative takes no modelcar, so the model is copied' };
  if (form !== 'modelcar' || path.posix.dirname(at) !== '/mnt') return { form, but: '' };
  return { form: 'ociCopy', but: '; but a modelcar\'s volume would hide what the runtime\'s image has in /mnt, so the model is copied: a modelPath with a folder of its own, which args tell the runtime, avoids that' };
}

function deliveryOf(form: OciChoice['form'], { image, facts, runAs }: AutoOptions): ModelDelivery {
  switch (form) {
    case 'imageVolume': return ModelDelivery.imageVolume({ image, facts });
    case 'modelcar': return ModelDelivery.modelcar({ image, facts, runAs });
    case 'ociCopy': return ModelDelivery.ociCopy({ image });
  }
}
