import { InferenceService, InferenceServiceProps } from '../../lib/kserve';
import { ModelImage } from '../../lib/oci';
import { DIGEST } from '../delivery/fixture';
import { Environment } from '../workload/fixture';

export const MODEL_IMAGE = `registry.example/iris@${DIGEST}`;
export const image = ModelImage.of(MODEL_IMAGE);

/** A service, but for what is given. */
export function serviceIn(environment: Environment, props: Partial<InferenceServiceProps>, id = 'iris'): InferenceService {
  return new InferenceService(environment.manifests, id, { identity: environment.identity, modelFormat: { name: 'sklearn' }, ...props });
}

/** `spec.predictor` of a service. */
export function predictorOf(props: Partial<InferenceServiceProps>, environment = new Environment()): any {
  return serviceIn(environment, props).service.toJson().spec.predictor;
}

/** Ids and texts of what the app warns of a service. */
export function warningsOf(props: Partial<InferenceServiceProps>, environment = new Environment()): string[] {
  serviceIn(environment, props);
  return environment.synth().stacksRecursively.flatMap(stack => stack.messages.map(({ entry }) => String(entry.data)));
}

/** The ids alone, all of them. */
export function warningIdsOf(props: Partial<InferenceServiceProps>, environment = new Environment()): string[] {
  return warningsOf(props, environment).flatMap(text => [...text.matchAll(/\[ack: cdk-eks-model-artifacts:(\w+)\]/g)].map(([, id]) => id)).sort();
}

/** The pod as KServe makes it of a predictor, for a runtime that says nothing itself. */
export function podSpecOf({ model, containers = [], annotations: _annotations, minReplicas: _min, maxReplicas: _max, ...pod }: any): any {
  const { modelFormat: _format, runtime: _runtime, protocolVersion: _protocol, storageUri: _uri, ...container } = model;
  return { ...pod, containers: [{ name: 'kserve-container', ...container }, ...containers] };
}
