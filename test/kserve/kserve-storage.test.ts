import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { image, MODEL_IMAGE, predictorOf, serviceIn, warningIdsOf, warningsOf } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { ModelDelivery, PodSecurity } from '../../lib/delivery';
import { KserveStorage, KserveStorageMount } from '../../lib/kserve';
import { ModelImage } from '../../lib/oci';
import { model } from '../delivery/fixture';
import { Environment, refusal } from '../workload/fixture';

const NEW = { kserveVersion: '0.20', kubernetesVersion: '1.35', containerdVersion: '2.2' };
const uris = (storageUris: KserveStorageMount[], facts: any = NEW) => predictorOf({ storageUris, facts }).storageUris;
const images = (...mountPaths: string[]) => mountPaths.map(mountPath => ({ storage: KserveStorage.oci(image), mountPath }));

test('each storage is spelled as KServe reads it', () => {
  const environment = new Environment();
  expect([
    KserveStorage.oci(image), KserveStorage.ociNative(image), KserveStorage.s3(environment.bucket, model('iris')), KserveStorage.pvc('models'), KserveStorage.pvc('models', 'iris/1'),
    KserveStorage.of('hf://acme/iris:abc'),
  ].map(({ uri }) => uri)).toEqual([
    `oci://${MODEL_IMAGE}`, `oci+native://${MODEL_IMAGE}`, `s3://${environment.bucket.bucketName}/models/serving/iris/1/`, 'pvc://models', 'pvc://models/iris/1', 'hf://acme/iris:abc',
  ]);
});

test('OCI-19 stock S3 warns of the promise that is lost, and of the listing that it needs', () => {
  const environment = new Environment();
  const text = warningsOf({ storage: KserveStorage.s3(environment.bucket, model('iris')) }, environment).join();
  expect(text).toContain('kserveStockS3');
  expect(text).toContain('checks nothing');
  expect(text).toContain('s3:ListBucket');
  expect(text).toContain("breaks Pod Security 'restricted'");
});

test('a listing is granted by itself: of the bucket as a whole, and of nothing else', () => {
  const environment = new Environment();
  const storage = KserveStorage.s3(environment.bucket, model('iris'));
  const statements = () => Object.values(Template.fromStack(Stack.of(environment.bucket)).findResources('AWS::IAM::Policy')).flatMap((each: any) => each.Properties.PolicyDocument.Statement);
  storage.grantListing(environment.identity);
  expect(statements().filter(({ Action }) => [Action].flat().includes('s3:ListBucket'))).toEqual([
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Models/), 'Arn'] } },
  ]);
  const existing = WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'other' });
  expect(refusal(() => storage.grantListing(existing))).toContain('allow s3:ListBucket');
  expect(refusal(() => KserveStorage.of('s3://acme/models/').grantListing(environment.identity))).toContain('KserveStorage.s3(bucket, model)');
});

test('a model in a bucket that the identity may not read is refused at synth, whoever downloads it', () => {
  const environment = new Environment();
  serviceIn(environment, { storage: KserveStorage.s3(environment.bucket, model('iris', { tenant: 'nlp' })) });
  expect(environment.refusal()).toContain("belongs to tenant 'nlp'");
});

test('OCI-20 what an address means does not depend on ociModelMode, which charts of Helm leave out', () => {
  expect(predictorOf({ storage: KserveStorage.ociNative(image), facts: NEW }).model.storageUri).toMatch(/^oci\+native:\/\//);
});

test.each([
  [{ ...NEW, kserveVersion: '0.19' }, 'refused by KServe 0.19'],
  [{ ...NEW, kubernetesVersion: '1.34' }, 'Kubernetes 1.34 has none'],
  [{ ...NEW, containerdVersion: '2.1' }, 'mounts the whole image'],
])('OCI-08 oci+native is refused where %j, also among storageUris', (facts, message) => {
  const storage = KserveStorage.ociNative(image);
  expect(refusal(() => predictorOf({ storage, facts }))).toContain(message);
  expect(refusal(() => uris([{ storage }], facts))).toContain(message);
});

test('oci+native warns of versions that are not known', () => {
  expect(warningsOf({ storage: KserveStorage.ociNative(image) }).join()).toContain('needs KServe 0.20, Kubernetes 1.35, containerd 2.2 or later');
  expect(warningsOf({ storage: KserveStorage.ociNative(image), facts: NEW })).toEqual([]);
});

test('OCI-23 images among storageUris need KServe 0.20, and a version that is known', () => {
  expect(refusal(() => uris(images('/mnt/a/base'), { kserveVersion: '0.19' }))).toContain('start without a model');
  expect(refusal(() => uris(images('/mnt/a/base'), {}))).toContain('kserveVersion is not known');
  expect(uris(images('/mnt/a/base', '/mnt/b/lora'))).toEqual([{ uri: `oci://${MODEL_IMAGE}`, mountPath: '/mnt/a/base' }, { uri: `oci://${MODEL_IMAGE}`, mountPath: '/mnt/b/lora' }]);
});

test.each(['0.13', '0.14', '0.15.2'])('storageUris are refused for KServe %s, which knows none', kserveVersion => {
  expect(refusal(() => uris([{ storage: KserveStorage.pvc('models') }], { kserveVersion }))).toContain(`storageUris are not known to KServe ${kserveVersion}`);
});

test('storageUris are taken for KServe 0.16, and where its version is not known', () => {
  for (const kserveVersion of ['0.16', undefined]) expect(uris([{ storage: KserveStorage.pvc('models') }], { kserveVersion })).toHaveLength(1);
});

test('each of storageUris is held to what the version and the cluster can do, not the first alone', () => {
  const both = [{ storage: KserveStorage.pvc('models'), mountPath: '/mnt/a' }, { storage: KserveStorage.ociNative(image), mountPath: '/mnt/b' }];
  expect(uris(both)).toHaveLength(2);
  expect(refusal(() => uris(both, { ...NEW, kubernetesVersion: '1.34' }))).toContain('Kubernetes 1.34 has none');
  expect(warningIdsOf({ storageUris: both, facts: { kserveVersion: '0.20' } })).toEqual(['kserveNativeUnproven']);
});

test('OCI-23 more than ten images are refused', () => {
  const paths = (count: number) => Array.from({ length: count }, (_, index) => `/mnt/m${index}/models`);
  expect(uris(images(...paths(10)))).toHaveLength(10);
  expect(refusal(() => uris(images(...paths(11))))).toContain('takes 10 at most');
});

test('OCI-24 two modelcars in one folder are refused, two image volumes are not', () => {
  expect(refusal(() => uris(images('/mnt/base', '/mnt/lora')))).toContain("mountPath in '/mnt'");
  expect(uris(['/mnt/base', '/mnt/lora'].map(mountPath => ({ storage: KserveStorage.ociNative(image), mountPath })))).toHaveLength(2);
});

test('OCI-24 paths without a folder in common are refused, but for claims', () => {
  expect(refusal(() => uris(images('/mnt/base/models', '/opt/lora/models')))).toContain('no folder in common');
  expect(uris([...images('/mnt/base/models'), { storage: KserveStorage.pvc('models'), mountPath: '/opt/lora' }])).toHaveLength(2);
});

test('OCI-25 a folder of a claim is refused among storageUris, and taken by itself', () => {
  const storage = KserveStorage.pvc('models', 'iris');
  expect(refusal(() => uris([{ storage }]))).toContain('which KServe ignores there');
  expect(predictorOf({ storage }).model.storageUri).toBe('pvc://models/iris');
  expect(uris([{ storage: KserveStorage.pvc('models') }])).toEqual([{ uri: 'pvc://models', mountPath: '/mnt/models' }]);
});

test.each([
  ['/mnt/models', '/mnt/models'],
  ['/mnt/models', '/mnt/models/lora'],
  ['/mnt/models/lora', '/mnt/models'],
])('sources at %s and %s are in each other\'s way', (first, second) => {
  expect(refusal(() => uris([{ storage: KserveStorage.pvc('a'), mountPath: first }, { storage: KserveStorage.pvc('b'), mountPath: second }]))).toContain("in each other's way");
});

test('a mountPath has an end', () => {
  expect(refusal(() => uris([{ storage: KserveStorage.pvc('a'), mountPath: `/${'a'.repeat(255)}` }]))).toContain('at most');
  expect(refusal(() => uris([{ storage: KserveStorage.pvc('a'), mountPath: '/mnt/../etc' }]))).toContain('not valid');
});

test('OCI-26 KServe\'s modelcar is warned of, unless the namespace takes it', () => {
  const storage = KserveStorage.oci(image);
  expect(warningsOf({ storage, facts: { kserveVersion: '0.20' } }).join()).toContain('kserveModelcarNotRestricted');
  expect(warningsOf({ storage, facts: { kserveVersion: '0.20', podSecurity: PodSecurity.BASELINE } })).toEqual([]);
});

// https://github.com/kserve/kserve/blob/v0.20.0/pkg/utils/storage.go: modelcar-init says of no user, and images that are built here are of root
describe('OCI-27 who KServe\'s modelcar runs as', () => {
  const BASELINE = { kserveVersion: '0.20', kubernetesVersion: '1.34', podSecurity: PodSecurity.BASELINE };
  const users = (props: any) => {
    const { securityContext: { seccompProfile: _, ...pod }, model: { securityContext } } = predictorOf({ facts: BASELINE, ...props });
    return [pod, securityContext.runAsNonRoot];
  };
  const auto = () => ModelDelivery.auto({ image, facts: BASELINE }).deliver(model('iris', { tenant: undefined }));

  test.each<[string, () => any]>([
    ['storage', () => ({ storage: KserveStorage.oci(image) })],
    ['an address', () => ({ storage: KserveStorage.of(`oci://${MODEL_IMAGE}`) })],
    ['storageUris', () => ({ storageUris: [{ storage: KserveStorage.pvc('models'), mountPath: '/mnt/a/base' }, ...images('/mnt/b/lora')] })],
    ['auto', () => ({ models: [auto()] })],
  ])('by %s the pod does not refuse root where nobody says a user, and the runtime does', (__, props) => {
    expect(users(props())).toEqual([{}, true]);
  });

  test('what is said holds for it too', () => {
    const said = { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 2000 };
    expect(users({ storage: KserveStorage.oci(image), runAs: { user: 1000, group: 2000 } })).toEqual([said, true]);
  });

  test('root, where that is said, is not refused by the pod, nor by its runtime', () => {
    for (const storage of [KserveStorage.oci(image), KserveStorage.pvc('models')]) {
      expect(users({ storage, runAs: { user: 0, group: 0 } })).toEqual([{ runAsNonRoot: false, runAsUser: 0, runAsGroup: 0 }, false]);
    }
  });

  test('any other pod refuses root', () => {
    for (const storage of [KserveStorage.ociNative(image), KserveStorage.pvc('models'), KserveStorage.of('hf://acme/iris')]) expect(users({ storage, facts: NEW })).toEqual([{ runAsNonRoot: true }, true]);
  });
});

test('OCI-28 KServe\'s modelcar is warned of for ONNX', () => {
  const props = { storage: KserveStorage.oci(image), modelFormat: { name: 'onnx' } };
  const facts = { podSecurity: PodSecurity.BASELINE };
  expect(warningsOf({ ...props, facts }).join()).toContain('kserveModelcarSymlink');
  expect(warningsOf({ ...props, facts: { ...facts, followsSymlinks: true } })).toEqual([]);
});

test('OCI-15 a tag is warned of, with what each way makes of it', () => {
  const tagged = ModelImage.of('registry.example/iris:1');
  expect(warningsOf({ storage: KserveStorage.oci(tagged) }).join()).toContain('never again once a node has it');
  expect(warningsOf({ storage: KserveStorage.ociNative(tagged), facts: NEW }).join()).toContain('KServe never looks up again');
});

test('a KServe that does not pull the image first is warned of', () => {
  expect(warningsOf({ storage: KserveStorage.oci(image), facts: { kserveVersion: '0.13' } }).join()).toContain('kserveModelcarNotPrefetched');
});

test('an image with its model elsewhere is refused', () => {
  const other = ModelImage.of(MODEL_IMAGE, { folder: '/data' });
  for (const make of [KserveStorage.oci, KserveStorage.ociNative]) expect(refusal(() => make(other))).toContain("has its model in '/data'");
});
