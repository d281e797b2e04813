import * as fs from 'node:fs';
import { isDownloader } from './example-pods';
import { IMAGES } from './node';
import { Synthesised } from '../examples';
import { Subject } from './surroundings/sessions';
import { documents, KubernetesObject } from '../static/manifest';

/** API groups that the API server has by itself. */
const BUILT_IN = /^(v1|(apps|batch|policy|autoscaling)\/.*|.*\.k8s\.io\/.*)$/;
/** Gateway API ends as if it were built in. */
const NOT_BUILT_IN = /^gateway\.networking\.k8s\.io\//;

/** What the synth of an example wrote, as a cluster needs it. */
export class Delivered {
  readonly objects: KubernetesObject[];

  constructor(private readonly synthesised: Synthesised) {
    this.objects = Object.values(synthesised.manifests).flatMap(documents).map(({ object }) => object);
  }

  get namespaces(): string[] {
    return [...new Set(this.objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
  }

  /** Templates of its pods. */
  get templates(): KubernetesObject[] {
    return this.objects.flatMap(({ spec }) => spec?.template?.spec?.containers === undefined ? [] : spec.template);
  }

  /** Images made here, each with a name that the pods call it by. */
  images(): Array<[string, string]> {
    const containers = this.templates.flatMap(({ spec }) => [...spec.initContainers ?? [], ...spec.containers]);
    const images = new Map(containers.map(container => [container.image as string, isDownloader(container) ? IMAGES.downloader : container.image.includes('busybox') ? IMAGES.busybox : IMAGES.application]));
    return [...images].map(([reference, image]) => [image, reference]);
  }

  /** Service accounts that its templates give a role. */
  associations(): Subject[] {
    const templates = this.synthesised.templates.map(file => JSON.parse(fs.readFileSync(file, 'utf8')) as { Resources?: Record<string, { Type: string; Properties: any }> });
    return templates.flatMap(({ Resources = {} }) => Object.values(Resources)).filter(({ Type }) => Type === 'AWS::EKS::PodIdentityAssociation')
      .map(({ Properties }) => ({ namespace: Properties.Namespace, serviceAccount: Properties.ServiceAccount }));
  }

  /** Definitions without a schema of kinds that no one here acts on: another part reads such objects with the real ones. */
  openDefinitions(): KubernetesObject[] {
    return this.objects.filter(({ apiVersion }) => NOT_BUILT_IN.test(apiVersion) || !BUILT_IN.test(apiVersion)).map(openDefinition);
  }
}

function openDefinition({ apiVersion, kind }: KubernetesObject): KubernetesObject {
  const [group, version] = apiVersion.split('/');
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' } },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
    },
  };
}
