import { ApiObject, Chart } from 'cdk8s';
import { bind, model, UNKNOWN } from './fixture';
import { attach, deployment, FORMS, image, named, pod, podOfObject, shared, TAGGED, USER, violations } from './oci-fixture';
import { ClusterFacts, DeliveredModel, ModelDelivery, PodUser } from '../../lib/delivery';
import { deliveryWarnings } from '../../lib/delivery/delivery-warnings';
import { Environment, messages, podOf } from '../workload/fixture';

const REASON = 'cdk-eks-model-artifacts/delivery.llama';
const auto = (facts: ClusterFacts, what = shared, runAs?: PodUser, path?: string): DeliveredModel =>
  ModelDelivery.auto({ image: image(), facts, runAs }).deliver(what, { path });
const chosen = (facts: ClusterFacts) => bind([auto(facts)], pod());

test.each<[ClusterFacts, string[], string]>([
  [{ kubernetesVersion: '1.35' }, ['check-llama'], 'imageVolume: Kubernetes 1.35 mounts images as volumes, and nodes are taken to be as new, as nodeVersion is not said'],
  [{ kubernetesVersion: '1.36', nodeVersion: '1.36', containerdVersion: '2.2' }, ['check-llama'], 'imageVolume: Kubernetes 1.36 mounts images as volumes'],
  [{ kubernetesVersion: '1.36', nodeVersion: '1.34', featureGates: ['ImageVolume'] }, ['check-llama'], 'imageVolume: Kubernetes 1.34 mounts images as volumes'],
  [{ kubernetesVersion: '1.36', nodeVersion: '1.34' }, ['prefetch-llama', 'modelcar-llama', 'verify-llama'], 'modelcar: Kubernetes 1.34 has no image volumes unless a feature gate is turned on; native sidecars let the application wait for a modelcar'],
  [{ kubernetesVersion: '1.35', containerdVersion: '2.0' }, ['prefetch-llama', 'modelcar-llama', 'verify-llama'], 'modelcar: containerd 2.0 mounts no images as volumes; native sidecars let the application wait for a modelcar'],
  [{}, ['prefetch-llama', 'modelcar-llama', 'verify-llama'], 'modelcar: the version of Kubernetes is not known, so image volumes are not counted on; native sidecars let the application wait for a modelcar'],
  [{ kubernetesVersion: '1.28' }, ['prefetch-llama'], 'modelcar: Kubernetes 1.28 has no image volumes unless a feature gate is turned on, and no native sidecars: the image of the modelcar is pulled first, and an application that starts before it fails and is started again'],
  [{ kubernetesVersion: '1.34', followsSymlinks: false }, ['copy-llama'], 'ociCopy: Kubernetes 1.34 has no image volumes unless a feature gate is turned on, and the application follows no symbolic link to a modelcar'],
])('OCI-09 OCI-10 of %j is chosen, and the pod says why', (facts, containers, reason) => {
  const made = chosen(facts);
  expect(named(made.initContainers)).toEqual(containers);
  expect(made.annotations).toEqual({ [REASON]: reason });
});

test('OCI-28 an application that follows no links has no modelcar, whatever the cluster is', () => {
  for (let minor = 28; minor <= 37; minor++) {
    expect(chosen({ kubernetesVersion: `1.${minor}`, followsSymlinks: false }).shareProcessNamespace).toBeUndefined();
  }
});

test.each(Object.keys(FORMS) as (keyof typeof FORMS)[])('%s gives the application the same path', form => {
  const { volumeMounts } = bind([FORMS[form]().deliver(shared)], pod());
  const [{ mountPath, readOnly }] = volumeMounts!;
  expect(['/mnt/llama', '/mnt/llama/models']).toContain(mountPath);
  expect(readOnly).toBe(true);
  expect(FORMS[form]().deliver(shared).path).toBe('/mnt/llama/models');
});

test.each(Object.keys(FORMS) as (keyof typeof FORMS)[])('OCI-29 a model of a tenant by %s: every pod that names the image can read it', form => {
  const warnings = (what: ReturnType<typeof model>) => deliveryWarnings([bind([FORMS[form]().deliver(what)], pod())]);
  expect(warnings(shared)).toEqual([]);
  expect(warnings(model())).toEqual([{
    id: 'modelImageReadableByNode',
    text: expect.stringMatching(/^model serving\/llama@1 belongs to tenant 'serving', and every pod that names image '.*@sha256:\w+' can read it, in any namespace: .* or deliver it with ModelDelivery\.s3Download, which asks as the pod$/),
  }]);
});

test.each(Object.keys(FORMS) as (keyof typeof FORMS)[])('OCI-15 a tag by %s has a warning, once', form => {
  expect(deliveryWarnings([bind([FORMS[form](image(TAGGED)).deliver(shared)], pod())]).map(({ id }) => id)).toEqual(['imageNotPinned']);
});

test.each(Object.keys(FORMS) as (keyof typeof FORMS)[])('OCI-26 a server with %s holds Pod Security restricted, and needs no bucket', form => {
  const { template } = new Environment().server({ models: [FORMS[form]().deliver(shared)] }).deployment.toJson().spec;
  expect(violations(template.spec)).toEqual([]);
  expect(template.spec.containers[0].args[0]).toBe('/mnt/llama/models');
});

test.each<[any, string, string]>([
  [{ shareProcessNamespace: false }, '1.34', 'the pod has shareProcessNamespace: false, and a modelcar is read through its processes'],
  [{ hostUsers: false }, '1.34', 'the pod has hostUsers: false, and'],
  [{ hostUsers: false }, '1.35', 'the pod has hostUsers: false, and'],
  [{ runtimeClassName: 'kata' }, '1.35', "the pod has runtimeClassName 'kata', and"],
  [{ restartPolicy: 'Never' }, '1.28', "a pod with restartPolicy 'Never' would never end beside a modelcar that is an ordinary container"],
])('a pod with %j on %s has a copy, and the reason', (spec, kubernetesVersion, why) => {
  const { initContainers, annotations, shareProcessNamespace } = bind([auto({ kubernetesVersion })], pod(spec));
  expect([named(initContainers), shareProcessNamespace]).toEqual([['copy-llama'], undefined]);
  expect(annotations![REASON]).toMatch(/^ociCopy: Kubernetes 1\.\d\d .*, so the model is copied$/);
  expect(annotations![REASON]).toContain(`; but ${why}`);
});

test.each(['1.34', '1.35'])('OCI-35 on %s a model beside another volume of the application is copied', kubernetesVersion => {
  const containers = [{ name: 'vllm', image: 'a', volumeMounts: [{ name: 'cache', mountPath: '/mnt/llama/cache' }] }];
  const { metadata, spec } = attach(deployment({ containers, volumes: [{ name: 'cache', emptyDir: {} }] }), [auto({ kubernetesVersion })]).spec.template;
  expect(named(spec.initContainers)).toEqual(['copy-llama']);
  expect(metadata.annotations[REASON])
    .toContain("container 'vllm' mounts volume 'cache' at '/mnt/llama/cache', and '/mnt/llama', the folder around path '/mnt/llama/models' of model llama@1, would be read-only, so the model is copied");
});

test('of a way that the pod does not get there is no warning', () => {
  const warningsOf = (kind: string, spec: any, facts: ClusterFacts, path?: string) => {
    const environment = new Environment();
    const chart = new Chart(environment.manifests, 'mine');
    const object = new ApiObject(chart, 'Workload', { ...deployment(spec, kind), ...kind === 'Job' ? { apiVersion: 'batch/v1' } : {} });
    auto(facts, shared, undefined, path).attach(object);
    return messages(environment.synth()).flatMap(text => [...text.matchAll(/\[ack: cdk-eks-model-artifacts:(\w+)\]/g)].map(([, id]) => id)).filter(id => id !== 'imageNotPinned');
  };
  expect(warningsOf('Job', { restartPolicy: 'Never' }, { kubernetesVersion: '1.28' })).toEqual([]);
  expect(warningsOf('Deployment', {}, { kubernetesVersion: '1.28' })).toEqual(['modelcarMayComeLate']);
  expect(warningsOf('Deployment', { hostUsers: false }, { kubernetesVersion: '1.35' }, '/opt/a/models')).toEqual([]);
  expect(warningsOf('Deployment', {}, { kubernetesVersion: '1.35' }, '/opt/a/models')).toEqual(['modelImageHidesFolder']);
});

test.each(['1.34', '1.35'])('OCI-35 a path that a volume around it would hide has a copy on %s', kubernetesVersion => {
  const { initContainers, volumeMounts } = bind([auto({ kubernetesVersion }, shared, undefined, '/models')], pod());
  expect([initContainers![0].name, volumeMounts]).toEqual([expect.stringMatching(/^copy-/), [{ name: expect.any(String), mountPath: '/models', subPath: 'models', readOnly: true }]]);
});

test('two models each have their reason, also of one name', () => {
  const facts = { kubernetesVersion: '1.35' };
  const models = [auto(facts), auto(facts, model('bert', { tenant: undefined })), auto({ kubernetesVersion: '1.34' }, model('llama', { tenant: 'serving' }), undefined, '/mnt/second/models')];
  const { annotations } = podOf(new Environment().server({ models: models.slice(2), args: [] })).metadata;
  expect(Object.keys(annotations).filter(key => key.includes('/delivery.'))).toEqual([expect.stringMatching(/^cdk-eks-model-artifacts\/delivery\.llama-\w{10}$/)]);
  const keys = models.flatMap(each => Object.keys(bind([each], pod()).annotations!));
  expect(new Set(keys).size).toBe(3);
  for (const key of keys) expect(key.split('/')[1].length).toBeLessThanOrEqual(63);
});

test('who is given is taken where a modelcar is chosen', () => {
  const spec = (kubernetesVersion: string, runAs?: PodUser) => podOfObject(attach(deployment({ securityContext: undefined, containers: [{ name: 'vllm', image: 'a' }] }), [auto({ kubernetesVersion }, shared, runAs)]));
  expect(spec('1.34', USER).containers[0].securityContext).toEqual({ runAsUser: 1000, runAsGroup: 1000 });
  expect(spec('1.35', USER).containers[0].securityContext).toBeUndefined();
  expect(() => spec('1.34')).toThrow('its runAsUser is not known: set it in its securityContext, say what its image has by runAs: { user, group }, or deliver the model with ModelDelivery.ociCopy');
});

test('put in again, what came out stays as it is; when the cluster is another, another way takes its place', () => {
  const old = attach(deployment(), [auto({ kubernetesVersion: '1.34' })]);
  expect(attach(old, [auto({ kubernetesVersion: '1.34' })])).toEqual(old);
  const next = [auto({ kubernetesVersion: '1.35' })];
  expect(attach(old, next).spec.template).toEqual(attach(deployment(), next).spec.template);
});

test('facts that are known only after deploying are refused', () => {
  expect(() => auto({ kubernetesVersion: UNKNOWN })).toThrow('kubernetesVersion must be known at synth, got an unresolved token');
  expect(() => auto({ kubernetesVersion: '1.35', containerdVersion: UNKNOWN })).toThrow('containerdVersion must be known at synth');
});

test('facts may be left out', () => {
  const { annotations } = bind([ModelDelivery.auto({ image: image() } as any).deliver(shared)], pod());
  expect(annotations![REASON]).toMatch(/^modelcar: the version of Kubernetes is not known/);
});
