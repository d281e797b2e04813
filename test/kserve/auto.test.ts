import * as fs from 'node:fs';
import { join } from 'node:path';
import { Size } from 'aws-cdk-lib';
import { image, MODEL_IMAGE, podSpecOf, predictorOf, serviceIn, warningIdsOf } from './fixture';
import { ClusterFacts, ModelDelivery, PodSecurity } from '../../lib/delivery';
import { DeploymentMode, KserveStorage } from '../../lib/kserve';
import { ModelImage } from '../../lib/oci';
import { ModelImagePrefetch } from '../../lib/workload';
import { DIGEST, model } from '../delivery/fixture';
import { Environment, messages, refusal, temporaryFolder } from '../workload/fixture';
import { restrictedViolations } from '../workload/pod-security';

const RUN_AS = { user: 1000, group: 1000 };
const NATIVE = { kubernetesVersion: '1.35', containerdVersion: '2.2', kserveVersion: '0.20' };
const BASELINE = { kubernetesVersion: '1.33', kserveVersion: '0.19', podSecurity: PodSecurity.BASELINE };
/** What is warned of each image that KServe brings. */
const BY_KSERVE = ['modelImageNotChecked'];
const iris = (tenant?: string) => model('iris', { size: Size.mebibytes(10), tenant });
const auto = (facts: any, props: any = {}) => predictorOf({ models: [ModelDelivery.auto({ image, facts }).deliver(iris())], ...props });
const reasons = (predictor: any) => Object.entries<string>(predictor.annotations).filter(([key]) => key.startsWith('cdk-eks-model-artifacts/delivery.iris')).map(([, text]) => text);
const reason = (predictor: any) => reasons(predictor)[0];

test('OCI-26 where KServe\'s modelcar would break restricted, the pod has parts of ours, and an annotation says why', () => {
  const predictor = auto({ kubernetesVersion: '1.35', kserveVersion: '0.20' });
  expect(predictor.model.storageUri).toBe('file:///mnt/models');
  expect(predictor.volumes).toContainEqual({ name: expect.stringMatching(/^model-iris-/), image: { reference: MODEL_IMAGE, pullPolicy: 'IfNotPresent' } });
  expect(predictor.model.volumeMounts).toEqual([{ name: expect.stringMatching(/^model-iris-/), mountPath: '/mnt', readOnly: true }]);
  expect(reason(predictor)).toMatch(/^imageVolume: KServe's own modelcar breaks Pod Security restricted; /);
  // Image volumes pass since Kubernetes 1.33: https://github.com/kubernetes/kubernetes/pull/130394
  expect(restrictedViolations(podSpecOf({ ...predictor, volumes: [] }))).toEqual([]);
});

test('where KServe and containerd mount folders of images, KServe does, by an address that no configuration changes', () => {
  const predictor = auto({ kubernetesVersion: '1.35', containerdVersion: '2.2', kserveVersion: '0.20' });
  expect(predictor.model.storageUri).toBe(`oci+native://${MODEL_IMAGE}`);
  expect(reason(predictor)).toMatch(/^oci\+native: KServe 0\.20 mounts the image/);
  expect(predictor).not.toHaveProperty('initContainers');
  expect(predictor).not.toHaveProperty('volumes');
});

test('where the namespace lets it, KServe adds its modelcar', () => {
  const predictor = auto({ kubernetesVersion: '1.33', kserveVersion: '0.19', podSecurity: PodSecurity.BASELINE });
  expect(predictor.model.storageUri).toBe(`oci://${MODEL_IMAGE}`);
});

test('OCI-28 ONNX is never given a symbolic link', () => {
  const facts = { kubernetesVersion: '1.33', kserveVersion: '0.19', podSecurity: PodSecurity.BASELINE };
  const predictor = auto(facts, { modelFormat: { name: 'onnx' } });
  expect(reason(predictor)).toMatch(/^ociCopy: the application follows no symbolic link/);
  expect(predictor.initContainers.map(({ name }: any) => name)).toEqual(['storage-initializer']);
  expect(predictor.initContainers[0].image).toBe(MODEL_IMAGE);
  expect(auto({ ...facts, followsSymlinks: true }, { modelFormat: { name: 'onnx' } }).model.storageUri).toBe(`oci://${MODEL_IMAGE}`);
});

test('OCI-35 a modelcar whose volume would hide /mnt of the runtime becomes a copy, unless the model has a folder of its own', () => {
  const facts = { kubernetesVersion: '1.34', kserveVersion: '0.20' };
  expect(reason(auto(facts))).toMatch(/^ociCopy: .* so the model is copied/);
  const own = auto(facts, { modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], runAs: RUN_AS });
  expect(reason(own)).toMatch(/^modelcar: /);
  expect(own.shareProcessNamespace).toBe(true);
});

test('KServe brings one model, to one path, out of one folder of an image: for any other the pod has parts of ours', () => {
  const delivered = (from = image, path?: string) => ModelDelivery.auto({ image: from, facts: NATIVE }).deliver(iris(), { path });
  const made: [any, string, RegExp][] = [
    [{ models: [delivered(), delivered(ModelImage.of(`registry.example/lora@${DIGEST}`), '/opt/lora/models')] }, '/mnt/models', /^imageVolume: KServe brings one model to \/mnt\/models alone; /],
    [{ models: [delivered()], modelPath: '/opt/iris', args: ['/opt/iris'] }, '/opt/iris', /^imageVolume: KServe brings one model to \/mnt\/models alone; /],
    [{ models: [delivered(ModelImage.of(MODEL_IMAGE, { folder: '/data' }))] }, '/mnt/models', /^imageVolume: KServe reads \/models of an image alone; /],
  ];
  for (const [props, path, why] of made) {
    const predictor = predictorOf(props);
    expect([predictor.model.storageUri, reason(predictor)]).toEqual([`file://${path}`, expect.stringMatching(why)]);
  }
});

test('facts of the service count beside those of the delivery', () => {
  expect(auto({ kubernetesVersion: '1.35' }, { facts: { containerdVersion: '2.2', kserveVersion: '0.20' } }).model.storageUri).toMatch(/^oci\+native:/);
});

test('a tenant\'s model that KServe brings is warned of as by any other way', () => {
  expect(warningIdsOf({ models: [ModelDelivery.auto({ image, facts: NATIVE }).deliver(iris('serving'))] })).toEqual(['modelImageNotChecked', 'modelImageReadableByNode']);
});

test('a model that KServe brings is compared with nothing, and that is warned of; parts of ours look at it', () => {
  const ids = (facts: ClusterFacts) => warningIdsOf({ models: [ModelDelivery.auto({ image, facts }).deliver(iris())] });
  expect([ids(NATIVE), ids(BASELINE), ids({ kubernetesVersion: '1.35', kserveVersion: '0.20' })]).toEqual([BY_KSERVE, BY_KSERVE, ['modelImageHidesFolder']]);
});

test('facts may be left out', () => {
  expect(reason(predictorOf({ models: [ModelDelivery.auto({ image } as any).deliver(iris())] }))).toMatch(/^ociCopy: .*the version of Kubernetes is not known/);
});

describe('facts of the delivery hold for checks and warnings as those of the service do', () => {
  const models = (facts: ClusterFacts) => [ModelDelivery.auto({ image, facts }).deliver(iris())];
  const ids = (ofDelivery: ClusterFacts, ofService?: ClusterFacts) => warningIdsOf({ models: models(ofDelivery), facts: ofService });

  test('OCI-08 what is proven is not called unproven', () => {
    expect(ids(NATIVE)).toEqual(BY_KSERVE);
    expect(ids({}, NATIVE)).toEqual(BY_KSERVE);
    expect(ids({ kubernetesVersion: '1.35', containerdVersion: '2.2' }, { kserveVersion: '0.20' })).toEqual(BY_KSERVE);
  });

  test('OCI-26 a namespace that takes KServe\'s modelcar is not warned of', () => {
    expect(ids(BASELINE)).toEqual(BY_KSERVE);
  });

  test('OCI-03 a KServe that does not pull the image first is warned of, and nothing else', () => {
    expect(ids({ ...BASELINE, kserveVersion: '0.13' })).toEqual(['kserveModelcarNotPrefetched', ...BY_KSERVE]);
  });

  test('OCI-28 an ONNX model that is said to be read through links is not warned of', () => {
    expect(warningIdsOf({ models: models({ ...BASELINE, followsSymlinks: true }), modelFormat: { name: 'onnx' } })).toEqual(BY_KSERVE);
  });

  test('the service has the last word, and what it leaves out the delivery says', () => {
    expect(ids(BASELINE, { kserveVersion: '0.13' })).toEqual(['kserveModelcarNotPrefetched', ...BY_KSERVE]);
    expect(ids({ ...BASELINE, kserveVersion: '0.13' }, { kserveVersion: '0.19', podSecurity: undefined })).toEqual(BY_KSERVE);
    expect(auto({ ...BASELINE, kserveVersion: '0.13' }, { facts: { kserveVersion: '0.19', podSecurity: undefined } }).model.storageUri).toBe(`oci://${MODEL_IMAGE}`);
  });

  test('the mode is named as the version of the delivery reads it, of several the first that says one', () => {
    const environment = new Environment();
    const by = (kserveVersion?: string) => ModelDelivery.auto({ image, facts: { ...BASELINE, kserveVersion } });
    const modeOf = (...all: any[]) => serviceIn(environment, { models: all, runAs: RUN_AS }, `m${environment.manifests.node.children.length}`).service.toJson().metadata.annotations;
    expect(modeOf(by('0.19').deliver(iris()))).toEqual({ 'serving.kserve.io/deploymentMode': 'Standard' });
    expect(modeOf(by('0.15').deliver(iris()))).toEqual({ 'serving.kserve.io/deploymentMode': 'RawDeployment' });
    const downloaded = environment.deliver(model('adapter'));
    expect(modeOf(downloaded, by(undefined).deliver(iris()))).toEqual({ 'serving.kserve.io/deploymentMode': 'RawDeployment' });
    expect(modeOf(downloaded, by('0.19').deliver(iris()))).toEqual({ 'serving.kserve.io/deploymentMode': 'Standard' });
  });
});

test('OCI-31 on Knative, which takes no native sidecar, a modelcar becomes a copy', () => {
  const props = { modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'], runAs: RUN_AS, deploymentMode: DeploymentMode.KNATIVE };
  for (const kubernetesVersion of ['1.28', '1.34']) {
    const predictor = auto({ kubernetesVersion, kserveVersion: '0.20' }, props);
    expect(reason(predictor)).toMatch(/^ociCopy: .*; but Knative takes no modelcar, so the model is copied$/);
    expect(predictor.initContainers.map(({ name, restartPolicy }: any) => [name, restartPolicy])).toEqual([['storage-initializer', undefined]]);
    expect(predictor).not.toHaveProperty('shareProcessNamespace');
    expect(predictor).not.toHaveProperty('containers');
  }
  expect(reason(auto({ kubernetesVersion: '1.35', kserveVersion: '0.20' }, props))).toMatch(/^imageVolume: /);
});

describe('a base model and its adapter, both at their default paths', () => {
  const lora = ModelImage.of(`registry.example/lora@${DIGEST}`);
  const both = (facts: ClusterFacts, props: any = {}) =>
    predictorOf({ models: [ModelDelivery.auto({ image, facts }).deliver(iris()), ModelDelivery.auto({ image: lora, facts }).deliver(model('lora', { tenant: undefined }))], ...props });
  const mounts = (predictor: any) => predictor.model.volumeMounts.map(({ mountPath }: any) => mountPath);
  const KNOWN = { kubernetesVersion: '1.35', kserveVersion: '0.20' };

  test.each([undefined, '2.1'])('OCI-35 the base is copied where containerd %s would mount its image around the adapter', containerdVersion => {
    const predictor = both({ ...KNOWN, containerdVersion });
    expect(mounts(predictor)).toEqual(['/mnt/models', '/mnt/lora']);
    expect(reason(predictor)).toMatch(/^ociCopy: .*; but the image would be mounted read-only at \/mnt, around \/mnt\/lora\/models, where another model is to be, so the model is copied: a modelPath/);
    expect(predictor.annotations['cdk-eks-model-artifacts/delivery.lora']).toMatch(/^imageVolume: /);
  });

  test('OCI-35 nothing is copied where containerd mounts a folder of an image, or the base has a folder of its own', () => {
    const folder = both({ ...KNOWN, containerdVersion: '2.2' });
    expect([mounts(folder), reason(folder)]).toEqual([['/mnt/models', '/mnt/lora'], expect.stringMatching(/^imageVolume: /)]);
    const own = both(KNOWN, { modelPath: '/mnt/iris/models', args: ['/mnt/iris/models'] });
    expect([mounts(own), reason(own)]).toEqual([['/mnt/iris', '/mnt/lora'], expect.stringMatching(/^imageVolume: /)]);
  });

  test('OCI-35 an adapter elsewhere is in nobody\'s way', () => {
    const models = [ModelDelivery.auto({ image, facts: KNOWN }).deliver(iris()), ModelDelivery.auto({ image: lora, facts: KNOWN }).deliver(iris('nlp'), { path: '/opt/lora/models' })];
    const predictor = predictorOf({ models });
    expect(mounts(predictor)).toEqual(['/mnt', '/opt/lora']);
    expect(reasons(predictor)).toEqual([expect.stringMatching(/^imageVolume: /), expect.stringMatching(/^imageVolume: /)]);
  });
});

test('what the pod or a path has against the choice becomes a copy, as in any other pod', () => {
  const at = (modelPath: string, kubernetesVersion: string) => auto({ kubernetesVersion, kserveVersion: '0.20' }, { modelPath, args: [modelPath], runAs: RUN_AS });
  expect(reason(at('/models', '1.34'))).toMatch(/^ociCopy: KServe brings one model to \/mnt\/models alone; .*; but path '\/models' of model iris@1 has no folder of its own around it.*, so the model is copied$/);
  expect(reason(at('/opt/iris', '1.35'))).toMatch(/^ociCopy: .*; but path '\/opt\/iris' of model iris@1 does not end with '\/models'/);
});

test('OCI-09 what a service says of its cluster holds for the deliveries that it names, too', () => {
  const volume = ModelDelivery.imageVolume({ image }).deliver(iris());
  expect(refusal(() => predictorOf({ models: [volume], facts: { kubernetesVersion: '1.34' } }))).toContain('Kubernetes 1.34 has no image volumes unless');
  const car = (facts?: ClusterFacts) => ModelDelivery.modelcar({ image, facts }).deliver(iris(), { path: '/mnt/a/models' });
  const sidecar = (props: any) => predictorOf({ modelPath: '/mnt/a/models', args: ['/mnt/a/models'], runAs: RUN_AS, ...props }).initContainers.some(({ name }: any) => name.startsWith('modelcar-'));
  expect([sidecar({ models: [car()], facts: { kubernetesVersion: '1.28' } }), sidecar({ models: [car()], facts: { kubernetesVersion: '1.34' } })]).toEqual([false, true]);
  expect(sidecar({ models: [car({ kubernetesVersion: '1.34' })] })).toBe(true);
});

test('OCI-28 a modelcar of ours is refused for ONNX, unless the model has no external data', () => {
  const service = (facts?: ClusterFacts) => predictorOf({ modelFormat: { name: 'onnx' }, modelPath: '/mnt/a/models', args: ['/mnt/a/models'], runAs: RUN_AS, models: [ModelDelivery.modelcar({ image, facts }).deliver(iris())] });
  expect(refusal(() => service())).toContain('followsSymlinks is false');
  expect(() => service({ followsSymlinks: true })).not.toThrow();
});

test('KServe before 0.12 brings no images', () => {
  expect(reason(auto({ ...BASELINE, kserveVersion: '0.11' }, { runAs: RUN_AS }))).toMatch(/^ociCopy: KServe 0\.11 brings no images; /);
  expect(refusal(() => predictorOf({ storage: KserveStorage.oci(image), facts: { kserveVersion: '0.11' } }))).toContain('is refused by KServe 0.11, which brings no images: use 0.12 or later');
});

test('OCI-29 an image of a tenant, as the lock file has it, has a warning however KServe brings it', () => {
  const file = join(temporaryFolder(), 'models.lock.json');
  const entry = { current: '1', versions: { 1: { digest: DIGEST, totalBytes: 5, image: MODEL_IMAGE } } };
  fs.writeFileSync(file, JSON.stringify({ lockVersion: 1, models: { 'serving/iris': entry, 'iris': entry } }));
  const [ofTenant, shared] = ['serving', undefined].map(tenant => ModelImage.fromLock(file, { name: 'iris', tenant }));
  expect(warningIdsOf({ storage: KserveStorage.ociNative(ofTenant), facts: NATIVE })).toEqual(['modelImageReadableByNode']);
  expect(warningIdsOf({ storageUris: [{ storage: KserveStorage.ociNative(ofTenant), mountPath: '/mnt/models' }], facts: NATIVE })).toEqual(['modelImageReadableByNode']);
  expect(warningIdsOf({ storage: KserveStorage.ociNative(shared), facts: NATIVE })).toEqual([]);
  const environment = new Environment();
  new ModelImagePrefetch(environment.manifests, 'ahead', { namespace: 'serving', images: [ofTenant] });
  expect(messages(environment.synth()).join()).toContain('modelImageReadableByNode');
});
