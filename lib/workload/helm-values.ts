import { Construct } from 'constructs';
import { HelmKeys, HelmValuesProps } from './helm-values-props';
import type { PodImages } from './image-mirror-pods';
import { ModelFragment, podOf } from './model-fragment';
import type { ModelManifests } from './model-manifests';
import type { ConstructWithFiles, PlainFile } from './rendered-manifests';
import { ServiceAccount } from './service-account';
import { literal } from '../private/literal';
import { checkName } from '../private/names';
import { DNS_LABEL } from '../private/spelling';
import { kubernetesYaml } from '../yaml/kubernetes-yaml';

/** Keys of what a pod must have, or its application would start without the models. */
const NEEDED = { initContainers: 'initContainers', volumes: 'extraVolumes', volumeMounts: 'extraVolumeMounts' };

const DEFAULTS: HelmKeys = {
  ...NEEDED,
  podAnnotations: 'podAnnotations',
  podSecurityContext: 'podSecurityContext',
  serviceAccountName: 'serviceAccount.name',
  createServiceAccount: 'serviceAccount.create',
};

const PATH = /^[A-Za-z][-\w]*(\.[A-Za-z][-\w]*)*$/;

/**
 * Models for the pods of a Helm chart that stays as it is: a folder with a file of values, `helm upgrade --values <folder>/values.yaml`. What the chart
 * has is not known here, and Helm says nothing of values that no template reads: look for the init container in what `helm template` prints. Needs a
 * directory as the target of the manifests.
 */
export class HelmValues extends Construct implements ConstructWithFiles {
  private readonly fragment: ModelFragment;
  private readonly keys: HelmKeys;

  /**
   * @param scope the manifests that the folder is written with
   * @param id of the construct, and name of the folder
   * @param props models, and what the chart calls what they need
   * @throws where a key or a name is not valid, or the pods can't have the models
   */
  constructor(scope: ModelManifests, id: string, private readonly props: HelmValuesProps) {
    super(scope, checkName('id of Helm values', id, DNS_LABEL));
    if (props.withholdCredentials && !props.containers?.length) throw new Error(`values '${id}' withhold credentials and name no container: name those of the chart's pods that read the models`);
    this.keys = { ...DEFAULTS, ...Object.fromEntries(Object.entries(props.keys ?? {}).filter(([, key]) => key !== undefined)) };
    checkKeys(id, this.keys);
    this.fragment = new ModelFragment(this, props, () => this.known());
    if (this.keys.serviceAccountName !== '') ServiceAccount.ensure(this, props.identity);
  }

  /** @internal */
  public _files(images?: PodImages): PlainFile[] {
    const object = this.fragment.object();
    images?.apply(object);
    const { metadata, spec } = podOf(object);
    if (spec.shareProcessNamespace) {
      throw new Error(`values '${this.node.id}' can't say what a modelcar needs of a pod, shareProcessNamespace: deliver the model with ModelDelivery.ociCopy or imageVolume, or attach it to what helm template prints`);
    }
    const { identity } = this.props;
    const values: Record<keyof HelmKeys, any> = {
      initContainers: spec.initContainers,
      volumes: spec.volumes,
      volumeMounts: spec.containers[0].volumeMounts,
      podAnnotations: metadata.annotations,
      podSecurityContext: spec.securityContext,
      serviceAccountName: spec.serviceAccountName,
      createServiceAccount: identity.serviceAccountExists ? undefined : false,
      progressDeadlineSeconds: object.spec.progressDeadlineSeconds,
    };
    const document: any = {};
    for (const [what, key] of Object.entries(this.keys) as [keyof HelmKeys, string][]) {
      if (key !== '' && values[what] !== undefined) put(document, key.split('.'), values[what]);
    }
    return [{ name: `${this.node.id}/values.yaml`, documents: [document], text: kubernetesYaml([document]), directoryOnly: 'a file of Helm values' }];
  }

  /** A Deployment stands for whatever the chart makes. */
  private known(): any {
    const { containers = ['server'] } = this.props;
    // Images are changed in place, and these are the user's.
    const own = (what: 'initContainers' | 'volumes' | 'volumeMounts') => JSON.parse(JSON.stringify(this.props[what] ?? []));
    const spec = {
      initContainers: own('initContainers'),
      containers: containers.map(name => ({ name, volumeMounts: own('volumeMounts') })),
      volumes: own('volumes'),
    };
    return { apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec } } };
  }
}

function checkKeys(id: string, keys: HelmKeys) {
  const used: string[][] = [];
  for (const [what, key] of Object.entries(keys) as [keyof HelmKeys, string][]) {
    literal(key, `key of ${what} in values '${id}'`, 'it is part of the file; pass a literal string');
    if (key === '' && what in NEEDED) throw new Error(`key of ${what} in values '${id}' is empty, and pods without them have no model: name the chart's, or render the chart and attach the models to what comes out, manifests.existing(path)`);
    if (key === '') continue;
    if (!PATH.test(key)) throw new Error(`key '${key}' of ${what} in values '${id}' is not valid: give names with dots between, such as 'server.extraVolumes'`);
    const path = key.split('.');
    const other = used.find(taken => taken.every((part, index) => index >= path.length || part === path[index]));
    if (other) throw new Error(`keys '${other.join('.')}' and '${key}' in values '${id}' are the same, or one is inside the other: give each its own`);
    used.push(path);
  }
}

function put(values: any, [key, ...rest]: string[], value: any) {
  if (rest.length === 0) values[key] = value;
  else put(values[key] ??= {}, rest, value);
}
