import { Duration, Lazy, Size, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { JsonPatch } from 'cdk8s';
import { Environment, refusal } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { Downloader, ModelDelivery } from '../../lib/delivery';
import { IModelBucket, ModelBucket } from '../../lib/storage';
import { DisruptionBudget, Engine, Exposure, ManifestTarget, ModelServerProps, Rollout, ScalingMetric, Toleration, TopologySpread } from '../../lib/workload';
import { model, UNKNOWN } from '../delivery/fixture';

const NUMBER = Token.asNumber(Lazy.any({ produce: () => 8 }));
const OBJECT: any = Lazy.any({ produce: () => 'later' });
const LIST = Token.asList(Lazy.any({ produce: () => ['a', 'b'] }));

type Props = Partial<ModelServerProps>;
const withEngine = (engine: Parameters<typeof Engine.of>[0]): Props => ({ engine: Engine.of(engine) });
const withMetric = (metric: ScalingMetric): Props => ({ autoscaling: { maxReplicas: 2, metric } });
const METRIC = ScalingMetric.pods({ name: 'waiting', averageValue: '1' });
const HOST = 'llama.example.com';
const POD = 'spec.template.spec';
const SERVER = `${POD}.containers[0]`;

/** What the directory target finds, and where it says that it is. */
const REPORTED: Record<string, [Props, string]> = {
  'an image': [{ image: UNKNOWN }, `Deployment llama: ${SERVER}.image holds`],
  'a command': [{ command: ['serve', UNKNOWN] }, `Deployment llama: ${SERVER}.command[1] holds`],
  'an argument': [{ args: [`--prefix=${UNKNOWN}`] }, `Deployment llama: ${SERVER}.args[3] holds`],
  'arguments as a list': [{ args: LIST }, `Deployment llama: ${SERVER}.args`],
  'a command as a list': [{ command: LIST }, `Deployment llama: ${SERVER}.command`],
  'the value of a variable': [{ env: { BUCKET: UNKNOWN } }, `Deployment llama: ${SERVER}.env[5].value holds`],
  'the value of a variable as an object': [{ env: { BUCKET: OBJECT } }, "'llama/Deployment' with name 'llama'"],
  'a requested quantity': [{ resources: { requests: { cpu: UNKNOWN } } }, `Deployment llama: ${SERVER}.resources.requests.cpu holds`],
  'a limit': [{ resources: { limits: { memory: UNKNOWN } } }, `Deployment llama: ${SERVER}.resources.limits.memory holds`],
  'the name of a resource': [{ resources: { limits: { [UNKNOWN]: '1' } } }, `Deployment llama: ${SERVER}.resources.limits has an unresolved token for a key`],
  'the label of a node': [{ nodeSelector: { team: UNKNOWN } }, `Deployment llama: ${POD}.nodeSelector.team holds`],
  'the key of such a label': [{ nodeSelector: { [UNKNOWN]: 'ml' } }, `Deployment llama: ${POD}.nodeSelector has an unresolved token for a key`],
  'a priority class': [{ priorityClassName: UNKNOWN }, `Deployment llama: ${POD}.priorityClassName holds`],
  'replicas': [{ replicas: NUMBER }, 'replicas'],
  'the command of an engine': [withEngine({ command: [UNKNOWN], args: ['{path}'], port: 80 }), `Deployment llama: ${SERVER}.command[0] holds`],
  'an argument of an engine': [withEngine({ args: ['{path}', UNKNOWN], port: 80 }), `Deployment llama: ${SERVER}.args[1] holds`],
  'a ready path': [withEngine({ args: ['{path}'], port: 80, readyPath: `/${UNKNOWN}` }), `Deployment llama: ${SERVER}.startupProbe.httpGet.path holds`],
  'an argument for adapters': [withEngine({ args: ['{path}'], adapterArgs: [UNKNOWN, '{adapters}'], port: 80 }), `Deployment llama: ${SERVER}.args[1] holds`],
  'the image of another container': [{ containers: [{ container: { name: 'proxy', image: UNKNOWN } }] }, `Deployment llama: ${POD}.containers[1].image holds`],
  'the image of a sidecar': [{ containers: [{ container: { name: 'proxy', image: UNKNOWN }, sidecar: true }] }, `Deployment llama: ${POD}.initContainers[1].image holds`],
  'the port of another container': [{ containers: [{ container: { name: 'proxy', ports: [{ containerPort: NUMBER }] } }] }, `Deployment llama: ${POD}.containers[1].ports[0].containerPort holds`],
  'a quantity of another container': [{ containers: [{ container: { name: 'proxy', resources: { requests: { cpu: UNKNOWN } } } }] }, `Deployment llama: ${POD}.containers[1].resources.requests.cpu holds`],
  'an object for another container': [{ containers: [{ container: { name: 'proxy', env: OBJECT } }] }, "'llama/Deployment' with name 'llama'"],
  'the label of a spread': [{ topologySpread: [TopologySpread.of(UNKNOWN)] }, `Deployment llama: ${POD}.topologySpreadConstraints[0].topologyKey holds`],
  'the name of a metric': [withMetric(ScalingMetric.pods({ name: UNKNOWN, averageValue: '1' })), 'HorizontalPodAutoscaler llama: spec.metrics[0].pods.metric.name holds'],
  'the label of a metric': [withMetric(ScalingMetric.external({ name: 'q', labels: { queue: UNKNOWN }, value: '1' })), 'HorizontalPodAutoscaler llama: spec.metrics[0].external.metric.selector.matchLabels.queue holds'],
  'a key of such a label': [withMetric(ScalingMetric.external({ name: 'q', labels: { [UNKNOWN]: 'a' }, value: '1' })), 'HorizontalPodAutoscaler llama: spec.metrics[0].external.metric.selector.matchLabels has an unresolved token for a key'],
  'the target of a metric': [withMetric(ScalingMetric.external({ name: 'q', averageValue: UNKNOWN })), 'HorizontalPodAutoscaler llama: spec.metrics[0].external.target.averageValue holds'],
  'the value of a metric': [withMetric(ScalingMetric.external({ name: 'q', value: UNKNOWN })), 'HorizontalPodAutoscaler llama: spec.metrics[0].external.target.value holds'],
  'the host of an Ingress': [{ exposure: Exposure.ingress({ host: UNKNOWN }) }, 'Ingress llama: spec.rules[0].host holds'],
  'its path': [{ exposure: Exposure.ingress({ host: HOST, path: `/${UNKNOWN}` }) }, 'Ingress llama: spec.rules[0].http.paths[0].path holds'],
  'its class': [{ exposure: Exposure.ingress({ host: HOST, className: UNKNOWN }) }, 'Ingress llama: spec.ingressClassName holds'],
  'its certificate': [{ exposure: Exposure.ingress({ host: HOST, tlsSecretName: UNKNOWN }) }, 'Ingress llama: spec.tls[0].secretName holds'],
  'its annotation': [{ exposure: Exposure.ingress({ host: HOST, annotations: { a: UNKNOWN } }) }, 'Ingress llama: metadata.annotations.a holds'],
  'the key of such an annotation': [{ exposure: Exposure.ingress({ host: HOST, annotations: { [UNKNOWN]: 'a' } }) }, 'Ingress llama: metadata.annotations has an unresolved token for a key'],
  'a Gateway': [{ exposure: Exposure.httpRoute({ gateway: { name: UNKNOWN } }) }, 'HTTPRoute llama: spec.parentRefs[0].name holds'],
  'the namespace of a Gateway': [{ exposure: Exposure.httpRoute({ gateway: { name: 'a', namespace: UNKNOWN } }) }, 'HTTPRoute llama: spec.parentRefs[0].namespace holds'],
  'the listener of a Gateway': [{ exposure: Exposure.httpRoute({ gateway: { name: 'a', sectionName: UNKNOWN } }) }, 'HTTPRoute llama: spec.parentRefs[0].sectionName holds'],
  'hostnames': [{ exposure: Exposure.httpRoute({ gateway: { name: 'a' }, hostnames: [HOST, UNKNOWN] }) }, 'HTTPRoute llama: spec.hostnames[1] holds'],
  'hostnames as a list': [{ exposure: Exposure.httpRoute({ gateway: { name: 'a' }, hostnames: LIST }) }, 'HTTPRoute llama: spec.hostnames'],
  'the path of an HTTPRoute': [{ exposure: Exposure.httpRoute({ gateway: { name: 'a' }, path: `/${UNKNOWN}` }) }, 'HTTPRoute llama: spec.rules[0].matches[0].path.value holds'],
  'a patch with a string': [{ patches: [JsonPatch.add('/metadata/annotations', { a: UNKNOWN })] }, 'Deployment llama: metadata.annotations.a holds'],
  'a patch with a number': [{ patches: [JsonPatch.add('/spec/minReadySeconds', NUMBER)] }, 'Deployment llama: spec.minReadySeconds holds'],
  'a patch with an object': [{ patches: [JsonPatch.add('/spec/minReadySeconds', OBJECT)] }, 'spec.minReadySeconds'],
  'a patch with a list': [{ patches: [JsonPatch.add(`/${SERVER.replace('[0]', '/0').replace(/\./g, '/')}/args`, LIST)] }, `Deployment llama: ${SERVER}.args`],
  'a patch with a key': [{ patches: [JsonPatch.add('/metadata/annotations', { [UNKNOWN]: 'a' })] }, 'Deployment llama: metadata.annotations has an unresolved token for a key'],
};

test.each(Object.keys(REPORTED))('%s that is known only after deploying is refused, with the object and the path', name => {
  const [props, where] = REPORTED[name];
  const environment = new Environment();
  const adapters = props.engine?.options.adapterArgs && [environment.deliver(model('sql'))];
  const said = refusal(() => { environment.server({ adapters, ...props }); environment.synth(); });
  expect(said).toContain(where);
  expect(said).toMatch(/unresolved token|known at synth/);
  expect(environment.names()).toEqual([]);
});

const REFUSED: Record<string, [(environment: Environment) => unknown, RegExp]> = {
  'an id': [environment => environment.server({}, UNKNOWN), /^workload name must be known at synth/],
  'a port': [environment => environment.server({ port: NUMBER }), /^port of server 'llama' is an unresolved token: .*known at synth$/],
  'a number of GPUs': [environment => environment.server({ gpus: NUMBER }), /^gpus of server 'llama' is an unresolved token: give a whole number of at least 0, known at synth$/],
  'a user': [environment => environment.server({ runAsUser: NUMBER }), /^runAsUser -1\.8\S+ of server 'llama' is not valid/],
  'a size of shared memory': [environment => environment.server({ sharedMemory: Size.bytes(NUMBER) }), /sharedMemory/],
  'a size of scratch': [environment => environment.server({ scratch: Size.bytes(NUMBER) }), /scratch/],
  'the key of a toleration': [() => Toleration.exists(UNKNOWN), /^taint key '.*' is not valid/],
  'the value of a toleration': [() => Toleration.equal('team', UNKNOWN), /^taint value must be known at synth/],
  'the name of another container': [environment => environment.server({ containers: [{ container: { name: UNKNOWN } }] }), /^name of a container of server 'llama' must be known at synth/],
  'another container': [environment => environment.server({ containers: [{ container: OBJECT }] }), /^name of a container of server 'llama' '' is not valid/],
  'a surge': [() => Rollout.surge({ maxSurge: NUMBER }), /^maxSurge of a rollout is an unresolved token: give a whole number of at least 1, known at synth$/],
  'pods that may be down': [() => Rollout.replace({ maxUnavailable: NUMBER }), /^maxUnavailable of a rollout is an unresolved token: .*known at synth$/],
  'pods that may be evicted': [() => DisruptionBudget.maxUnavailable(NUMBER), /^maxUnavailable of a disruption budget is an unresolved token: .*known at synth$/],
  'a skew': [() => TopologySpread.zones({ maxSkew: NUMBER }), /^maxSkew is an unresolved token: .*known at synth$/],
  'the least replicas': [environment => environment.server({ autoscaling: { minReplicas: NUMBER, maxReplicas: 2, metric: METRIC } }), /^minReplicas of server 'llama' is an unresolved token: .*known at synth$/],
  'the most replicas': [environment => environment.server({ autoscaling: { maxReplicas: NUMBER, metric: METRIC } }), /^maxReplicas of server 'llama' is an unresolved token: .*known at synth$/],
  'a stabilization': [environment => environment.server({ autoscaling: { maxReplicas: 2, metric: METRIC, scaleDownStabilization: Duration.minutes(NUMBER) } }), /^scaleDownStabilization is .*known at synth$/],
  'the port of an engine': [() => Engine.of({ port: NUMBER }), /^port of the engine is an unresolved token/],
  'a path of a model': [environment => environment.deliver(model(), { path: UNKNOWN }), /^path of model serving\/llama@1 must be known at synth/],
  'a downloader image': [() => Downloader.awsCli({ image: UNKNOWN }), /^image of the downloader must be known at synth/],
  'parallel files': [({ bucket }) => ModelDelivery.s3Download({ bucket, parallelFiles: NUMBER }), /^parallelFiles is/],
  'a stall timeout': [({ bucket }) => ModelDelivery.s3Download({ bucket, stallTimeout: Duration.minutes(NUMBER) }), /^stallTimeout must be known at synth/],
  'a floor rate': [({ bucket }) => ModelDelivery.s3Download({ bucket, floorRate: Size.mebibytes(NUMBER) }), /^floorRate must be known at synth/],
  'a namespace': [() => WorkloadIdentity.existing({ namespace: UNKNOWN, serviceAccount: 'a' }), /^namespace must be known at synth/],
  'a service account': [() => WorkloadIdentity.existing({ namespace: 'a', serviceAccount: UNKNOWN }), /^service account must be known at synth/],
  'a directory': [() => ManifestTarget.directory(UNKNOWN), /^directory of manifests must be known at synth.*pass a literal string$/],
};

test.each(Object.keys(REFUSED))('%s that is known only after deploying is refused where it is given', name => {
  const [act, message] = REFUSED[name];
  const environment = new Environment();
  expect(() => act(environment)).toThrow(message);
});

test.each<[string, (environment: Environment) => IModelBucket]>([
  ['a model bucket', ({ stack }) => new ModelBucket(stack, 'Generated')],
  ['a Bucket', ({ stack }) => ModelBucket.fromBucket(new s3.Bucket(stack, 'Generated'))],
])('the generated name of %s is refused, with the object and the path', (_, make) => {
  const environment = new Environment();
  const identity = WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'x' });
  environment.server({ identity, models: [ModelDelivery.s3Download({ bucket: make(environment) }).deliver(model())] });
  expect(environment.refusal()).toContain(`Deployment llama: ${POD}.initContainers[0].args[2] holds an unresolved token: `
    + 'it is known only after deploying, and a manifest in a directory must not depend on that: give a literal (bucketName, region');
});

test.each<[string, (environment: Environment) => s3.IBucketRef]>([
  ['CfnBucket', ({ stack }) => new s3.CfnBucket(stack, 'Mine', { bucketName: 'my-models' })],
  ['Bucket', ({ stack }) => new s3.Bucket(stack, 'Mine', { bucketName: 'my-models' })],
])('a %s of the same app with a literal name works', (_, make) => {
  const environment = new Environment();
  const bucket = ModelBucket.fromBucket(make(environment));
  environment.server({ identity: WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'x' }), models: [ModelDelivery.s3Download({ bucket }).deliver(model())] });
  environment.synth();
  expect(environment.files()['serving.llama.yaml']).toContain('--source=s3://my-models/models/serving/llama/1/');
});
