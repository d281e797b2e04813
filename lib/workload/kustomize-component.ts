import type { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { PodImages } from './image-mirror-pods';
import { ModelFragment } from './model-fragment';
import { ModelFragmentProps } from './model-fragment-props';
import type { ModelManifests } from './model-manifests';
import type { ConstructWithFiles, PlainFile } from './rendered-manifests';
import { serviceAccountObject } from './service-account';
import { InitContainerPosition } from '../delivery/init-container-position';
import { knownPaths } from '../delivery/pod-template-paths';
import { checkLabel, checkSubdomain } from '../private/kubernetes-names';
import { checkName } from '../private/names';
import { checkWhole } from '../private/numbers';
import { DNS_LABEL } from '../private/spelling';
import { kubernetesYaml } from '../yaml/kubernetes-yaml';

/** Kinds whose lists Kustomize merges by name, and the version in which they are served. */
const API_VERSIONS: Record<string, string> = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  Pod: 'v1',
};

/** The workload that a Kustomize component patches. */
export interface KustomizeWorkload {
  /** Kind of the object: `Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `Job`, `CronJob` or `Pod`. */
  readonly kind: string;

  /** Name of the object, as the file of the base has it. */
  readonly name: string;

  /**
   * Namespace that the object says in the file of the base. Kustomize refuses the patch where it is another.
   * @jsii suppress JSII5018
   *
   * @default - the object says none, as where a kustomization sets it
   */
  readonly namespace?: string;
}

/** Properties of a Kustomize component. */
export interface KustomizeComponentProps extends ModelFragmentProps {
  /** What is patched. */
  readonly workload: KustomizeWorkload;

  /** Names of the containers that read the models, at least one. One that the workload lacks is refused by the cluster, as it has no image. */
  readonly containers: string[];

  /**
   * Names of init containers of the workload that start before the models arrive, in their order: sidecars that bring the network.
   *
   * @default - none: Kustomize puts what a patch adds before all others
   */
  readonly afterInitContainers?: string[];

  /**
   * How long a Deployment has to progress without models: the time that these may take is added. It takes the place of what the Deployment has.
   *
   * @default Duration.minutes(10), as Kubernetes has it
   */
  readonly progressDeadline?: Duration;

  /**
   * Whether the service account is a resource of the component. A kustomization can have it once: of several components with one service account, one
   * includes it.
   *
   * @default - it is, unless the identity says that it exists
   */
  readonly includeServiceAccount?: boolean;
}

/**
 * Models for a workload of a kustomization that stays as it is: a folder with a component, which an overlay names under `components`, with a strategic
 * merge patch in it, and with the service account. What the workload has is not known here, so nothing is checked against it. Needs a directory as the
 * target of the manifests.
 */
export class KustomizeComponent extends Construct implements ConstructWithFiles {
  private readonly fragment: ModelFragment;

  /**
   * @param scope the manifests that the folder is written with
   * @param id of the construct, and name of the folder
   * @param props models, and the workload that gets them
   * @throws where the kind is one whose lists Kustomize replaces, a name is not valid, or the pods can't have the models
   */
  constructor(scope: ModelManifests, id: string, private readonly props: KustomizeComponentProps) {
    super(scope, checkName('id of a Kustomize component', id, DNS_LABEL));
    const { workload: { kind, name }, containers, afterInitContainers: earlier = [] } = props;
    if (!Object.keys(API_VERSIONS).includes(kind)) {
      throw new Error(`component '${id}' patches a ${kind}, and Kustomize merges the lists of ${Object.keys(API_VERSIONS).join(', ')} alone, those of others a patch replaces: `
        + 'render the overlay, and attach the models to what comes out, manifests.existing(path)');
    }
    checkSubdomain(`name of the ${kind} of component '${id}'`, name);
    if (containers.length === 0) throw new Error(`component '${id}' names no container: name those that read the models`);
    for (const container of [...containers, ...earlier]) checkLabel(`name of a container of component '${id}'`, container);
    const last = earlier[earlier.length - 1];
    this.fragment = new ModelFragment(this, props, () => this.known(), last === undefined ? undefined : InitContainerPosition.after(last));
  }

  /** @internal */
  public _files(images?: PodImages): PlainFile[] {
    const patch = this.fragment.object();
    images?.apply(patch);
    const { identity, includeServiceAccount = !identity.serviceAccountExists } = this.props;
    const component = {
      apiVersion: 'kustomize.config.k8s.io/v1alpha1',
      kind: 'Component',
      ...includeServiceAccount ? { resources: ['serviceaccount.yaml'] } : {},
      patches: [{ path: 'patch.yaml' }], // without a target: one that meets nothing would say nothing
    };
    return [
      this.file('kustomization', component),
      this.file('patch', patch),
      ...includeServiceAccount ? [this.file('serviceaccount', serviceAccountObject(identity))] : [],
    ];
  }

  private file(name: string, document: any): PlainFile {
    return { name: `${this.node.id}/${name}.yaml`, documents: [document], text: kubernetesYaml([document]), directoryOnly: 'part of a Kustomize component' };
  }

  private known(): any {
    const { workload: { kind, name, namespace }, containers, afterInitContainers: earlier = [], progressDeadline } = this.props;
    const object = { apiVersion: API_VERSIONS[kind], kind, metadata: { name, ...namespace === undefined ? {} : { namespace } } };
    const named = (names: string[]) => names.map(container => ({ name: container }));
    const pod = { ...earlier.length > 0 ? { initContainers: named(earlier) } : {}, containers: named(containers) };
    const [path] = knownPaths(object)!;
    const known = { ...object, ...[...path.split('.').filter(key => key !== ''), 'spec'].reduceRight<any>((value, key) => ({ [key]: value }), pod) };
    if (progressDeadline !== undefined) known.spec.progressDeadlineSeconds = secondsOf(this.node.id, kind, progressDeadline);
    return known;
  }
}

function secondsOf(id: string, kind: string, deadline: Duration): number {
  const what = `progressDeadline of component '${id}'`;
  if (kind !== 'Deployment') throw new Error(`${what} is given, and a ${kind} has none: leave it out`);
  if (deadline.isUnresolved()) throw new Error(`${what} must be known at synth: pass Duration.minutes(10)`);
  return checkWhole(what, deadline.toSeconds({ integral: false }), 1);
}
