import { bind, DIGEST, model } from './fixture';
import { attach, deployment, expanded, IDENTITY, image, named, PINNED, pod, podOfObject, shared, TAGGED, violations } from './oci-fixture';
import { DeliveredModel, ImageVolumeOptions, ModelDelivery, PodSecurity } from '../../lib/delivery';
import { bindModels } from '../../lib/delivery/bind-models';
import { deliveryWarnings } from '../../lib/delivery/delivery-warnings';
import { SKIP_CONTAINERS } from '../../lib/delivery/pod-template';
import { Environment } from '../workload/fixture';

const volume = (options: Partial<ImageVolumeOptions> = {}, what = shared, path?: string): DeliveredModel =>
  ModelDelivery.imageVolume({ image: image(), ...options }).deliver(what, { path });
const parts = (options: Partial<ImageVolumeOptions> = {}, path?: string) => bind([volume(options, shared, path)], pod());
const on = (kubernetesVersion?: string, containerdVersion?: string) => ({ facts: { kubernetesVersion, containerdVersion } });

test('OCI-30 the parts are the volume, pinned, its mount, and a look before the application starts', () => {
  const { startWindow, initContainers, ...rest } = parts();
  expect(rest).toMatchObject({
    volumes: [{ name: 'model-llama', image: { reference: PINNED, pullPolicy: 'IfNotPresent' } }],
    volumeMounts: [{ name: 'model-llama', mountPath: '/mnt/llama', readOnly: true }],
    warnings: [],
  });
  expect(startWindow!.toSeconds()).toBe(300 + 820);
  const [check] = initContainers!;
  expect([named(initContainers), check.command, check.args.slice(1)]).toEqual([['check-llama'], ['/bin/sh', '-c'], ['check-image', 'llama@1', '/model-image/models', DIGEST]]);
  expect(expanded(check.args[0])).not.toContain('EXPANDED');
  expect(check.volumeMounts).toEqual([{ name: 'model-llama', mountPath: '/model-image', readOnly: true }]);
  expect(check.resources.requests).toEqual(check.resources.limits);
});

test('nothing runs beside the application, and no process of the pod sees another', () => {
  const made = parts();
  expect([made.containers ?? [], made.shareProcessNamespace, made.runAs]).toEqual([[], undefined, undefined]);
});

test('OCI-08 OCI-10 no sub-path is used by default, as containerd 2.1 ignores it, nor where the path can be had without', () => {
  for (const version of [undefined, '2.1', '2.2']) {
    for (const path of [undefined, '/srv/llama/models', '/mnt/a/b/models']) expect(JSON.stringify(parts(on('1.35', version), path))).not.toContain('subPath');
  }
  expect(parts(on('1.35'), '/srv/llama/models').volumeMounts).toEqual([{ name: expect.any(String), mountPath: '/srv/llama', readOnly: true }]);
});

test('OCI-08 a path that takes a sub-path is refused unless containerd 2.2 is asserted', () => {
  for (const version of [undefined, '2.1']) {
    expect(() => parts(on('1.35', version), '/opt/weights')).toThrow("path '/opt/weights' of model llama@1 does not end with '/models', the folder of its image, and only containerd 2.2 or later mounts a folder of an image alone: "
      + "give a path such as '/mnt/llama/models', say containerdVersion in facts, or deliver model llama@1 with ModelDelivery.ociCopy");
  }
  const { volumeMounts, initContainers } = parts(on('1.35', '2.2'), '/opt/weights');
  expect(volumeMounts).toEqual([{ name: expect.any(String), mountPath: '/opt/weights', subPath: 'models', readOnly: true }]);
  expect(initContainers![0].volumeMounts).toEqual([{ name: expect.any(String), mountPath: '/model-image', subPath: 'models', readOnly: true }]);
  expect(initContainers![0].args.slice(3)).toEqual(['/model-image', DIGEST]);
  expect(parts(on('1.35', '2.2'), '/models').volumeMounts).toMatchObject([{ mountPath: '/models', subPath: 'models' }]);
});

test('a folder of several names is a part of the path', () => {
  const deep = image(PINNED, { folder: '/opt/weights' });
  expect(parts({ image: deep }, '/mnt/llama/opt/weights').volumeMounts).toMatchObject([{ mountPath: '/mnt/llama' }]);
  expect(() => parts({ image: deep }, '/mnt/llama/weights')).toThrow("does not end with '/opt/weights'");
  expect(() => parts({}, '/mnt/llama-models')).toThrow("does not end with '/models'"); // the end of a name is no folder
  expect(parts({ image: deep, ...on('1.35', '2.2') }, '/srv/w').volumeMounts).toMatchObject([{ mountPath: '/srv/w', subPath: 'opt/weights' }]);
});

test('OCI-35 the image is not mounted over folders that others have', () => {
  for (const path of ['/models', '/usr/models', '/etc/app/models', '/opt/models', '/var/lib/models']) {
    expect(() => parts({}, path)).toThrow(`path '${path}' of model llama@1 has no folder of its own around it, and the image that is mounted there would hide what the application's image has in`);
  }
  expect(parts({}, '/mnt/models').warnings).toEqual([{ id: 'modelImageHidesFolder', text: expect.stringContaining("'/mnt'") }]);
});

test('OCI-08 at /mnt, where other models are, a sub-path is used where containerd 2.2 is asserted', () => {
  const { volumeMounts, warnings } = parts(on('1.35', '2.2'), '/mnt/models');
  expect(volumeMounts).toEqual([{ name: expect.any(String), mountPath: '/mnt/models', subPath: 'models', readOnly: true }]);
  expect(warnings).toEqual([]);
});

test.each<[any, string]>([
  [{ hostUsers: false }, 'the pod has hostUsers: false, and whether its users can read the files of an image is not known: remove that, or deliver model llama@1 with ModelDelivery.ociCopy'],
  [{ runtimeClassName: 'gvisor' }, "the pod has runtimeClassName 'gvisor'"],
  [{ containers: [{ name: 'server', workingDir: '/mnt/llama' }] }, "container 'server' has workingDir '/mnt/llama', and the image that is mounted there would hide"],
])('a pod with %j is refused', (spec, says) => {
  expect(() => bind([volume()], pod(spec))).toThrow(says);
  expect(() => bind([volume()], pod({ shareProcessNamespace: false, hostPID: true }))).not.toThrow();
});

test('OCI-26 before 1.33 Pod Security restricted takes none, which is a warning', () => {
  const ids = (kubernetesVersion: string, podSecurity?: PodSecurity) =>
    parts({ facts: { kubernetesVersion, podSecurity }, acknowledgeFeatureGate: true }).warnings!.map(({ id }) => id);
  expect([ids('1.32'), ids('1.33'), ids('1.32', PodSecurity.BASELINE)]).toEqual([['imageVolumeNotRestricted'], [], []]);
});

test('without the look nothing compares the model with the image, which is a warning', () => {
  for (const reference of [PINNED, TAGGED]) {
    expect(parts({ check: false, image: image(reference) }).warnings).toEqual([{ id: 'modelImageNotChecked', text: expect.stringContaining(`out of image '${reference}', and nothing looks whether it is the image of that model`) }]);
  }
});

test.each(['1.31', '1.32', '1.33', '1.34'])('OCI-09 Kubernetes %s has none unless that is acknowledged', kubernetesVersion => {
  const facts = { kubernetesVersion };
  expect(() => volume({ facts })).toThrow(`Kubernetes ${kubernetesVersion} has no image volumes unless the feature gate ImageVolume is turned on, on control plane and nodes, and the pod would not start: use 1.35 or later, acknowledgeFeatureGate, or ModelDelivery.modelcar`);
  expect(() => volume({ facts, acknowledgeFeatureGate: true })).not.toThrow();
});

test('OCI-09 nor before 1.31, whatever is acknowledged, nor on older nodes, nor with containerd before 2.1', () => {
  expect(() => volume({ ...on('1.30'), acknowledgeFeatureGate: true })).toThrow('Kubernetes 1.30 has no image volumes, which came with 1.31');
  expect(() => volume({ facts: { kubernetesVersion: '1.36', nodeVersion: '1.34' } })).toThrow('Kubernetes 1.34 has no image volumes unless');
  expect(() => volume(on('1.35', '2.0'))).toThrow('containerd 2.0 has no image volumes, which came with 2.1: use newer nodes, or ModelDelivery.modelcar');
  expect(() => volume({ facts: { kubernetesVersion: '1.34', featureGates: ['ImageVolume'] } })).not.toThrow();
});

test('the API server of 1.32 takes no sub-path', () => {
  const made = (version: string) => parts({ ...on(version, '2.2'), acknowledgeFeatureGate: true }, '/srv/weights');
  expect(() => made('1.32')).toThrow('only containerd 2.2');
  expect(made('1.33').volumeMounts).toMatchObject([{ subPath: 'models' }]);
});

test('OCI-15 of a tag the volume, which is pulled before all containers, asks the registry, and the look has what it found', () => {
  const policies = (options: Partial<ImageVolumeOptions>) => {
    const { volumes, initContainers } = parts({ image: image(TAGGED), ...options });
    expect(initContainers!.every(container => container.image === volumes![0].image.reference)).toBe(true);
    return [volumes![0].image.pullPolicy, ...initContainers!.map(({ imagePullPolicy }) => imagePullPolicy)];
  };
  expect(policies({})).toEqual(['Always', 'IfNotPresent']);
  expect(policies({ check: false })).toEqual(['Always']);
  expect(policies({ image: image() })).toEqual(['IfNotPresent', 'IfNotPresent']);
  expect(deliveryWarnings([parts({ image: image(TAGGED), check: false })]).map(({ id }) => id)).toContain('imageNotPinned'); // which the volume alone names
});

test('OCI-07 an image without a shell has no look', () => {
  expect(parts({ check: false }).initContainers).toEqual([]);
});

test('OCI-26 the pod holds Pod Security restricted, whoever it runs as', () => {
  expect(violations(podOfObject(attach(deployment(), [volume()])))).toEqual([]);
  const { template } = new Environment().server({ models: [volume()] }).deployment.toJson().spec;
  expect(violations(template.spec)).toEqual([]);
  expect(named(template.spec.initContainers)).toEqual(['check-llama']);
  expect(template.spec.containers[0].volumeMounts.at(-1)).toEqual({ name: 'model-llama', mountPath: '/mnt/llama', readOnly: true });
});

test('credentials are kept from the application, and from the image', () => {
  expect(bind([volume()], pod({}, { identity: IDENTITY })).annotations).toEqual({ [SKIP_CONTAINERS]: 'server,check-llama' });
  expect(parts().annotations).toEqual({});
});

test('one image at two paths is looked up once, and another model out of it is refused', () => {
  const delivery = ModelDelivery.imageVolume({ image: image(TAGGED) });
  const [made] = bindModels([delivery.deliver(shared), delivery.deliver(shared, { path: '/mnt/again/models' })], pod());
  expect(made.volumes!.map(each => each.image.pullPolicy)).toEqual(['Always', 'IfNotPresent']);
  expect(() => bindModels([delivery.deliver(shared), delivery.deliver(model('bert', { tenant: undefined }))], pod())).toThrow('an image carries one model');
});

test.each(['DaemonSet', 'Job'])('a %s has it, too, and put in again it stays as it is', kind => {
  const object = deployment(kind === 'Job' ? { restartPolicy: 'Never' } : {}, kind);
  const once = attach(object, [volume()]);
  expect(podOfObject(once).volumes).toEqual([{ name: 'model-llama', image: { reference: PINNED, pullPolicy: 'IfNotPresent' } }]);
  expect(attach(once, [volume()])).toEqual(once);
});

test('OCI-24 two images in one folder are refused', () => {
  const models = [volume({}, shared, '/mnt/x/models'), volume({ image: image(PINNED, { folder: '/weights' }) }, model('bert', { tenant: undefined }), '/mnt/x/weights')];
  expect(() => attach(deployment(), models)).toThrow(/mount of container 'vllm' '\/mnt\/x' is in the pod already/);
});
