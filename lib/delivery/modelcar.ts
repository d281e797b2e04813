import * as path from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { hasNativeSidecars, kubernetesMinor, mayBe35 } from './cluster-facts';
import { nameOf, volumeName } from './landing';
import { pullSeconds } from './limits';
import type { DeliveredModel, IDeliveryStrategy } from './model-delivery';
import { checkCommand, modelImageContainer, SLEEPING } from './model-image-container';
import { Obstacle, obstacleAround, obstacleToModelcars, refuse } from './model-image-obstacles';
import { aroundWarnings, modelImageWarnings } from './model-image-warnings';
import { ModelcarOptions, ModelcarOrdering } from './modelcar-options';
import { PodFacts, PodParts, PodWarning } from './pod-parts';
import { joinedParts } from './pod-template';
import { userOf } from './pod-user';
import { inlineProgram } from './program';
import { withheldCredentials } from './withheld-credentials';
import { ModelArtifact } from '../model';
import { dnsLabel } from '../model/names';
import { ModelImage } from '../oci/model-image';
import { checkWhole } from '../private/numbers';

/** Where the modelcar has the volume that holds the link: below no folder of a model. */
const LINK_FOLDER = '/model-link';

/** How long the link may take, in seconds, of which it needs a part of one. */
const LINK_SECONDS = 60;

/**
 * `<folder of the image> <link>`: the link leads into the file system of the process that sleeps, which is this shell's own by exec. -n and -f, as a link
 * that is there already, of an earlier process, would have the new one made inside what it leads to: https://github.com/kserve/kserve/pull/4274
 */
const LINK = 'ln -sfn "/proc/$$/root$0" "$1" && exec sleep infinity';

/** `<file of the model>` */
const LOOK = 'test -e "$0"';

/**
 * `<file of the model> <seconds>`. The kubelet expands commands of containers and of probes, and not those of hooks: nothing here is spelled as what it
 * would expand.
 */
const WAIT = 'until test -e "$0"; do set -- "$@" .; [ "$#" -le "$1" ] || exit 1; sleep 1; done';

/** @internal */
export class Modelcar implements IDeliveryStrategy {
  public readonly sharingKey: string;
  public readonly image: ModelImage;
  private readonly ordering: ModelcarOrdering;

  constructor(public readonly options: ModelcarOptions) {
    const { image, facts = {}, ordering = ModelcarOrdering.AUTO, runAs } = options;
    this.image = image;
    this.ordering = ordering !== ModelcarOrdering.AUTO ? ordering : hasNativeSidecars(facts) ? ModelcarOrdering.BOTH : ModelcarOrdering.PREFETCH_INIT;
    if (this.ordering !== ModelcarOrdering.PREFETCH_INIT && !hasNativeSidecars(facts)) {
      throw new Error(`ordering ${this.ordering} needs native sidecars, and Kubernetes 1.${kubernetesMinor(facts)} has none: use PREFETCH_INIT, 1.29 or later, or on 1.28 turn on SidecarContainers and say so in featureGates`);
    }
    if (facts.followsSymlinks === false) throw new Error('followsSymlinks is false, and a modelcar is read through a symbolic link: use ModelDelivery.imageVolume or ociCopy');
    if (runAs) for (const [what, value] of Object.entries({ user: runAs.user, group: runAs.group })) checkWhole(`${what} of runAs`, value, 0);
    this.sharingKey = JSON.stringify(['modelcar', image.reference, image.folder, this.ordering, this.gatedByHook, runAs]);
  }

  public refusal(_model: ModelArtifact, _pod: PodFacts): string | undefined {
    return undefined;
  }

  public bind(models: DeliveredModel[], pod: PodFacts): PodParts {
    const parts = joinedParts(models.map((delivered, index) => this.partsOf(delivered, pod, index === 0)));
    return { ...parts, annotations: withheldCredentials(pod, [...parts.initContainers ?? [], ...parts.containers ?? []]) };
  }

  /** Why the pod can't have the model so. */
  public obstacle(delivered: DeliveredModel, pod: PodFacts): Obstacle | undefined {
    return obstacleToModelcars(pod.spec)
      ?? obstacleAround(path.posix.dirname(delivered.path).replace(/^\/$/, ''), delivered, "a modelcar's volume", pod)
      ?? (this.ordering === ModelcarOrdering.PREFETCH_INIT ? endlessness(pod) : undefined);
  }

  private partsOf(delivered: DeliveredModel, pod: PodFacts, first: boolean): PodParts {
    const { image, runAs } = this.options;
    const { model } = delivered;
    refuse(this.obstacle(delivered, pod), model);
    const user = userOf(pod, runAs, model);
    const folder = path.posix.dirname(delivered.path);
    const link = { name: volumeName(delivered), emptyDir: { sizeLimit: '1Mi' } };
    const mount = { name: link.name, mountPath: LINK_FOLDER };
    const name = nameOf(delivered);
    const target = path.posix.join(LINK_FOLDER, path.posix.basename(delivered.path));
    const prefetched = this.ordering !== ModelcarOrdering.NATIVE_SIDECAR;
    const prefetch = modelImageContainer({ name: dnsLabel('prefetch-', name), image, first, user, ...checkCommand(model, image.folder) });
    const sidecar = modelImageContainer({
      name: dnsLabel('modelcar-', name),
      image,
      first: first && !prefetched,
      user,
      command: ['/bin/sh', '-c', inlineProgram(LINK), image.folder, target],
      resources: SLEEPING,
      volumeMounts: [mount],
    });
    const shared = {
      volumes: [link],
      volumeMounts: [{ name: link.name, mountPath: folder, readOnly: true }],
      shareProcessNamespace: true,
      runAs,
      warnings: [...modelImageWarnings([delivered], image), ...aroundWarnings(folder, delivered)],
      startWindow: Duration.seconds(pullSeconds(model.size)),
    };
    if (this.ordering === ModelcarOrdering.PREFETCH_INIT) {
      return { ...shared, initContainers: [prefetch], containers: [sidecar], warnings: [...shared.warnings, lateness(delivered)] };
    }
    const native = { ...sidecar, restartPolicy: 'Always', ...this.gate(`${target}/manifest.sha256`, pod) };
    const verify = modelImageContainer({
      name: dnsLabel('verify-', name),
      image,
      user,
      capable: true,
      ...checkCommand(model, target),
      volumeMounts: [{ ...mount, readOnly: true }],
    });
    return { ...shared, initContainers: [...prefetched ? [prefetch] : [], native, verify] };
  }

  /** The application waits for the link: a sidecar counts as started once its startup probe has passed, or its hook has ended. */
  private gate(file: string, { spec }: PodFacts): any {
    if (this.gatedByHook || spec?.restartPolicy === 'Never') {
      return { lifecycle: { postStart: { exec: { command: ['/bin/sh', '-c', WAIT, file, String(LINK_SECONDS)] } } } };
    }
    return { startupProbe: { exec: { command: ['/bin/sh', '-c', LOOK, file] }, periodSeconds: 1, failureThreshold: LINK_SECONDS } };
  }

  /**
   * With a startup probe, Kubernetes 1.35.0 and some patches after it do not start crashed containers again once the kubelet was restarted
   * (https://github.com/kubernetes/kubernetes/issues/137146), and pods that are not restarted may hang
   * (https://github.com/kubernetes/kubernetes/issues/132826).
   */
  private get gatedByHook(): boolean {
    return mayBe35(this.options.facts ?? {});
  }
}

/** An ordinary container that sleeps keeps a pod from its end. */
function endlessness({ spec }: PodFacts): Obstacle | undefined {
  if (!['OnFailure', 'Never'].includes(spec?.restartPolicy)) return undefined;
  return { why: `a pod with restartPolicy '${spec.restartPolicy}' would never end beside a modelcar that is an ordinary container`, fix: 'use native sidecars, Kubernetes 1.29 or later' };
}

function lateness({ model, path: modelPath }: DeliveredModel): PodWarning {
  return {
    id: 'modelcarMayComeLate',
    text: `model ${model.displayName} comes by a modelcar that is an ordinary container: the application may start before '${modelPath}' is there, must then fail, and is started again; `
      + 'and it may lose the model while it drains, as both are told to end at once: use native sidecars, Kubernetes 1.29 or later, or ModelDelivery.ociCopy',
  };
}
