import * as path from 'node:path';
import { DeploymentMode } from './deployment-mode';
import type { InferenceServiceProps } from './inference-service-props';
import { KserveStorage } from './kserve-storage';
import { pathOf } from './model-path';
import { KSERVE_PATH } from './storage-rules';
import { Auto, choiceAnnotation } from '../delivery/auto';
import { AutoOptions } from '../delivery/auto-options';
import { ClusterFacts, mountsImageFolders } from '../delivery/cluster-facts';
import { ImageVolume } from '../delivery/image-volume';
import { DeliveredModel, ModelDelivery } from '../delivery/model-delivery';
import { modelImageWarnings } from '../delivery/model-image-warnings';
import { Modelcar } from '../delivery/modelcar';
import { chooseForKserve, chooseForPods, KserveChoice } from '../delivery/oci-choice';
import { PodWarning } from '../delivery/pod-parts';
import { isInside } from '../private/mount-path';

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
  /** Where the other models are. */
  readonly beside: string[];
}

/** @internal */
export function planOf({ models = [], modelPath, facts, modelFormat, deploymentMode }: InferenceServiceProps): ModelPlan {
  const known = together([...models.map(({ delivery }) => factsOf(delivery)).reverse(), facts]);
  const onKnative = deploymentMode === DeploymentMode.KNATIVE;
  const [first, ...others] = models;
  const placed = first ? [first.delivery.deliver(first.model, { path: pathOf(first, modelPath) }), ...others] : [];
  const plans = placed.map((delivered): Part => {
    const { delivery: { strategy }, path: at } = delivered;
    if (!(strategy instanceof Auto)) return { delivered: [withFacts(delivered, facts, modelFormat.name)], annotations: {}, warnings: [] };
    const own = together([strategy.options.facts, facts]);
    // ONNX follows no link to external data, whoever makes the link.
    const assumed = { ...own, followsSymlinks: own.followsSymlinks ?? modelFormat.name !== 'onnx' };
    const beside = placed.filter(each => each !== delivered).map(each => each.path);
    return chosen(delivered, { ...strategy.options, facts: assumed }, { byKserve: models.length === 1 && at === KSERVE_PATH, onKnative, beside });
  });
  return {
    facts: known,
    delivered: plans.flatMap(plan => plan.delivered),
    storage: plans.find(({ storage }) => storage !== undefined)?.storage,
    annotations: Object.assign({}, ...plans.map(({ annotations }) => annotations)),
    warnings: plans.flatMap(({ warnings }) => warnings),
  };
}

/** What the service says holds for the deliveries that go by facts, too. */
function withFacts({ delivery: { strategy }, model, path: at }: DeliveredModel, facts: ClusterFacts | undefined, format: string): DeliveredModel {
  const all = (own: ClusterFacts | undefined) => together([format === 'onnx' ? { followsSymlinks: false } : {}, own, facts]);
  const delivery = strategy instanceof ImageVolume ? ModelDelivery.imageVolume({ ...strategy.options, facts: all(strategy.options.facts) })
    : strategy instanceof Modelcar ? ModelDelivery.modelcar({ ...strategy.options, facts: all(strategy.options.facts) }) : ModelDelivery.of(strategy);
  return delivery.deliver(model, { path: at });
}

function factsOf({ strategy }: ModelDelivery): ClusterFacts | undefined {
  return strategy instanceof Auto ? strategy.options.facts : undefined;
}

/** What several say, the last of them the last word. */
function together(facts: (ClusterFacts | undefined)[]): ClusterFacts {
  return Object.assign({}, ...facts.map(each => Object.fromEntries(Object.entries(each ?? {}).filter(([, value]) => value !== undefined))));
}

/** KServe brings one model to one path, out of one folder: for several, or another, the pod has parts of ours. */
function chosen(delivered: DeliveredModel, options: AutoOptions, circumstances: Circumstances): Part {
  const { image, facts } = options;
  const { byKserve } = circumstances;
  const isRead = byKserve && image.folder === KSERVE_PATH.slice('/mnt'.length);
  const { scheme, pod, reason } = isRead ? chooseForKserve(facts) : ownChoice(facts, byKserve);
  if (scheme !== undefined) {
    return {
      delivered: [],
      storage: scheme === 'oci' ? KserveStorage.oci(image) : KserveStorage.ociNative(image),
      annotations: choiceAnnotation(delivered, scheme, reason),
      // KServe knows of no model that it could compare the image with.
      warnings: modelImageWarnings([delivered], image, false),
    };
  }
  const but = whyCopied(pod!.form, delivered, facts, circumstances);
  const choice = but === undefined ? { form: pod!.form, reason } : { form: 'ociCopy' as const, reason: `${reason}; but ${but}` };
  const { model, path: at } = delivered;
  return { delivered: [ModelDelivery.of(new Auto(options, choice)).deliver(model, { path: at })], annotations: {}, warnings: [] };
}

function ownChoice(facts: ClusterFacts, byKserve: boolean): KserveChoice {
  const pod = chooseForPods(facts);
  return { pod, reason: `${byKserve ? 'KServe reads /models of an image alone' : 'KServe brings one model to /mnt/models alone'}; ${pod.reason}` };
}

/**
 * Why a service has a copy instead. Knative takes no modelcar. A modelcar has a volume at the folder around its model, and so has an image volume unless
 * containerd mounts a folder of the image: `/mnt`, around where the runtimes of KServe read, is the runtime's own, and that of further models.
 */
function whyCopied(form: string, { path: at }: DeliveredModel, facts: ClusterFacts, { onKnative, beside }: Circumstances): string | undefined {
  if (form === 'modelcar' && onKnative) return 'Knative takes no modelcar, so the model is copied';
  const around = path.posix.dirname(at);
  if (around !== '/mnt') return undefined;
  const wayOut = 'a modelPath with a folder of its own, which args tell the runtime, avoids that';
  if (form === 'modelcar') return `a modelcar's volume would hide what the runtime's image has in /mnt, so the model is copied: ${wayOut}`;
  const [below] = form === 'imageVolume' && !mountsImageFolders(facts) ? beside.filter(other => isInside(other, around)) : [];
  return below && `the image would be mounted read-only at /mnt, around ${below}, where another model is to be, so the model is copied: ${wayOut}, and so does containerdVersion 2.2 in facts`;
}
