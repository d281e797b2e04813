import * as path from 'node:path';
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
  /** What was chosen and why, for people. */
  readonly annotations: Record<string, string>;
  readonly warnings: PodWarning[];
}

/** @internal */
export function planOf({ models = [], modelPath, facts, modelFormat }: InferenceServiceProps): ModelPlan {
  const [first, ...others] = models;
  if (!first) return { delivered: [], annotations: {}, warnings: [] };
  const served = pathOf(first, modelPath);
  const plans = models.map((delivered, index) => {
    const at = index === 0 ? served : delivered.path;
    const { strategy } = delivered.delivery;
    if (!(strategy instanceof Auto)) return { delivered: [atPath(delivered.delivery, delivered, at)], annotations: {}, warnings: [] };
    // ONNX follows no link to external data, whoever makes the link.
    const known = { ...strategy.options.facts, ...facts };
    const assumed = { ...known, followsSymlinks: known.followsSymlinks ?? modelFormat.name !== 'onnx' };
    return chosen(delivered, at, { ...strategy.options, facts: assumed }, others.length === 0 && at === KSERVE_PATH);
  });
  return {
    delivered: plans.flatMap(plan => plan.delivered),
    storage: plans.find(({ storage }: Partial<ModelPlan>) => storage !== undefined)?.storage,
    annotations: Object.assign({}, ...plans.map(({ annotations }) => annotations)),
    warnings: plans.flatMap(({ warnings }) => warnings),
  };
}

function pathOf({ model, path: given }: DeliveredModel, modelPath: string | undefined): string {
  return modelPath ?? (given === `/mnt/${model.name}/models` ? KSERVE_PATH : given);
}

function atPath(delivery: ModelDelivery, { model }: DeliveredModel, at: string): DeliveredModel {
  return delivery.deliver(model, { path: at });
}

/** KServe brings one model to one path: for several, or another, the pod has parts of ours. */
function chosen(delivered: DeliveredModel, at: string, options: AutoOptions, byKserve: boolean): Omit<ModelPlan, 'storage'> & { storage?: KserveStorage } {
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
  const { form, hidden } = withoutHiding(choice.pod!.form, at);
  return { delivered: [atPath(deliveryOf(form, options), delivered, at)], annotations: annotation(form, `${choice.reason}${hidden}`), warnings: [] };
}

function ownChoice(facts: ClusterFacts, byKserve: boolean): KserveChoice {
  const pod = chooseForPods(facts);
  return { pod, reason: `${byKserve ? 'KServe reads /models of an image alone' : 'KServe brings one model to /mnt/models alone'}; ${pod.reason}` };
}

/** A modelcar has a volume at the folder around its model, and `/mnt` is the image's own. */
function withoutHiding(form: OciChoice['form'], at: string): { form: OciChoice['form']; hidden: string } {
  if (form !== 'modelcar' || path.posix.dirname(at) !== '/mnt') return { form, hidden: '' };
  return { form: 'ociCopy', hidden: '; but a modelcar\'s volume would hide what the runtime\'s image has in /mnt, so the model is copied: a modelPath with a folder of its own, which args tell the runtime, avoids that' };
}

function deliveryOf(form: OciChoice['form'], { image, facts, runAs }: AutoOptions): ModelDelivery {
  switch (form) {
    case 'imageVolume': return ModelDelivery.imageVolume({ image, facts });
    case 'modelcar': return ModelDelivery.modelcar({ image, facts, runAs });
    case 'ociCopy': return ModelDelivery.ociCopy({ image });
  }
}
