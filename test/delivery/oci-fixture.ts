import { DIGEST, FACTS, model } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { DeliveredModel, ModelDelivery, PodFacts } from '../../lib/delivery';
import { withModels } from '../../lib/delivery/attached-workload';
import { bindModels } from '../../lib/delivery/bind-models';
import { modelsAnnotation } from '../../lib/delivery/models-annotation';
import { ModelImage, ModelImageOptions } from '../../lib/oci';
import { restrictedViolations } from '../workload/pod-security';

export const REPOSITORY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/models/llama';
export const PINNED = `${REPOSITORY}@${DIGEST}`;
export const TAGGED = `${REPOSITORY}:1`;

export function image(reference = PINNED, options: ModelImageOptions = {}): ModelImage {
  return ModelImage.of(reference, options);
}

/** A model for everybody: of a tenant's, there is a warning. */
export const shared = model('llama', { tenant: undefined });

/** As whom the applications of these tests run. */
export const USER = { user: 1000, group: 1000 };

/** Nobody in particular: nothing of AWS is needed. */
export function pod(spec: any = {}, facts: Partial<PodFacts> = {}): PodFacts {
  const securityContext = { runAsUser: 1000, runAsGroup: 1000 };
  return { containers: ['server'], spec: { securityContext, containers: [{ name: 'server' }], ...spec }, ...facts };
}

/** What Kubernetes makes of a text in `command` and `args`. */
export function expanded(text: string): string {
  return text.replace(/\$\$|\$\([^)]*\)/g, found => found === '$$' ? '$' : `EXPANDED ${found}`);
}

/** A Deployment of somebody's, as a manifest has it. */
export function deployment(spec: any = {}, kind = 'Deployment'): any {
  const securityContext = { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } };
  const container = { name: 'vllm', image: 'vllm:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } };
  return { apiVersion: 'apps/v1', kind, metadata: { name: 'vllm', namespace: 'serving' }, spec: { template: { spec: { securityContext, containers: [container], ...spec } } } };
}

export interface AttachedHow {
  readonly containers?: string[];
  readonly identity?: WorkloadIdentity;
  readonly withholdCredentials?: boolean;
}

/** What attaching makes of an object of a file. */
export function attach(object: any, models: DeliveredModel[], how: AttachedHow = {}): any {
  return withModels(object, {
    templates: ['spec.template'],
    recorded: true,
    ...how,
    bind: (containers, requests, spec) => [...bindModels(models, { ...how, containers, requests, spec }), { annotations: modelsAnnotation(models) }],
    warn: (id, text) => { throw new Error(`${id}: ${text}`); },
  });
}

export const podOfObject = (object: any) => object.spec.template.spec;
export const named = (containers: any[] = []) => containers.map(({ name }) => name);

/** What Pod Security `restricted` has against it; since 1.33 it takes images as volumes (https://github.com/kubernetes/kubernetes/pull/130394). */
export function violations(spec: any): string[] {
  const images = (spec.volumes ?? []).filter((volume: any) => volume.image && Object.keys(volume).length === 2).map(({ name }: any) => `volume ${name}`);
  return restrictedViolations(spec).filter(violation => !images.includes(violation));
}

/** Every way to bring an image's model to a pod. */
export const FORMS = {
  ociCopy: (from = image()) => ModelDelivery.ociCopy({ image: from }),
  modelcar: (from = image()) => ModelDelivery.modelcar({ image: from }),
  imageVolume: (from = image()) => ModelDelivery.imageVolume({ image: from }),
  auto: (from = image()) => ModelDelivery.auto({ image: from, facts: { kubernetesVersion: '1.34' } }),
};

export const IDENTITY = FACTS.identity!;
