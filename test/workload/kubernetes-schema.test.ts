import { Duration } from 'aws-cdk-lib';
import * as k8s from 'cdk8s-plus-28/lib/imports/k8s';
import { Environment, IMAGE } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { Exposure, ModelImport, Rollout, ScalingMetric, TaintEffect, Toleration, TopologySpread } from '../../lib/workload';
import { model } from '../delivery/fixture';

/** Keeps of an object only the fields that the schema of Kubernetes 1.28 has. */
const KNOWN: Record<string, (object: any) => any> = {
  Deployment: k8s.toJson_KubeDeploymentProps,
  Service: k8s.toJson_KubeServiceProps,
  ServiceAccount: k8s.toJson_KubeServiceAccountProps,
  PodDisruptionBudget: k8s.toJson_KubePodDisruptionBudgetProps,
  HorizontalPodAutoscaler: k8s.toJson_KubeHorizontalPodAutoscalerV2Props,
  Ingress: k8s.toJson_KubeIngressProps,
  Job: k8s.toJson_KubeJobProps,
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const mapped = (value: any, map: (item: any) => any): any =>
  Array.isArray(value) ? value.map(map) : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)]));

/** The schema takes some leaves, such as quantities, as objects with a value: given so, every leaf comes through. */
const wrapped = (value: any): any => isObject(value) ? mapped(value, wrapped) : { value };
const isLeaf = (value: any) => Object.keys(value).join() === 'value' && !isObject(value.value);
const unwrapped = (value: any): any => !isObject(value) ? value : isLeaf(value) ? (value as any).value : mapped(value, unwrapped);

test('every field of every object is one that Kubernetes has', () => {
  const environment = new Environment();
  const props = {
    adapters: [environment.deliver(model('sql'))],
    gpus: 2,
    rollout: Rollout.surge(),
    autoscaling: { maxReplicas: 4, scaleDownStabilization: Duration.minutes(10), metric: ScalingMetric.external({ name: 'queue', labels: { queue: 'llama' }, value: '10' }) },
    topologySpread: [TopologySpread.zones(), TopologySpread.hosts()],
    tolerations: [Toleration.equal('team', 'ml', TaintEffect.NO_SCHEDULE)],
    nodeSelector: { team: 'ml' },
    priorityClassName: 'inference',
    doNotDisrupt: true,
    containers: [{ container: { name: 'proxy', image: 'proxy' }, sidecar: true, readsModels: true }, { container: { name: 'logs', image: 'logs' } }],
    exposure: Exposure.ingress({ host: 'llama.example.com', className: 'alb', tlsSecretName: 'llama', annotations: { a: 'b' } }),
  };
  environment.server(props);
  environment.server({ ...props, autoscaling: { maxReplicas: 4, metric: ScalingMetric.pods({ name: 'waiting', averageValue: '5' }) }, rollout: Rollout.recreate() }, 'other');
  new ModelImport(environment.manifests, 'import', {
    identity: WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'importer' }),
    image: IMAGE,
    source: `hf://org/repo@${'0'.repeat(40)}`,
    bucket: environment.bucket,
    model: { name: 'llama', version: '2' },
    hubTokenSecret: 'hub',
    tolerations: props.tolerations,
    nodeSelector: props.nodeSelector,
  });
  environment.synth();
  const documents = environment.documents();
  expect([...new Set(documents.map(({ kind }) => kind))].sort()).toEqual(Object.keys(KNOWN).sort());
  for (const { apiVersion, kind, ...fields } of documents) {
    const { apiVersion: _, kind: __, ...known } = unwrapped(KNOWN[kind](wrapped(fields)));
    expect(known).toEqual(fields);
  }
});

test('a field that Kubernetes has not is seen', () => {
  const known = unwrapped(KNOWN.PodDisruptionBudget(wrapped({ spec: { maxUnavailable: 1, maxUnhealthy: 2 } })));
  expect(known.spec).toEqual({ maxUnavailable: 1 });
});
