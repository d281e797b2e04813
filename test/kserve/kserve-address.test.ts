import { Lazy } from 'aws-cdk-lib';
import { MODEL_IMAGE, predictorOf, warningIdsOf, warningsOf } from './fixture';
import { PodSecurity } from '../../lib/delivery';
import { KserveStorage } from '../../lib/kserve';
import { refusal } from '../workload/fixture';

const FACTS = { kubernetesVersion: '1.35', containerdVersion: '2.2', kserveVersion: '0.21', podSecurity: PodSecurity.BASELINE };

test('OCI-19 an address in S3 ends with a slash, so that siblings of its prefix stay out', () => {
  expect(KserveStorage.of('s3://acme/models/llama').uri).toBe('s3://acme/models/llama/');
  expect(KserveStorage.of('s3://acme/models/llama/').uri).toBe('s3://acme/models/llama/');
  expect(predictorOf({ storage: KserveStorage.of('s3://acme/models/llama') }).model.storageUri).toBe('s3://acme/models/llama/');
});

// With a slash at its end, the initializer of 0.20 finds no file: https://github.com/kserve/kserve/blob/v0.20.0/python/storage/kserve_storage/kserve_storage.py
test.each([
  'iris/model.joblib', 'model.pkl', 'model.onnx', 'model.bst', 'model.pt', 'iris.tar.gz', 'iris.tgz', 'iris.zip', 'llama-q4.gguf', 'model.safetensors', 'MODEL.ONNX',
])('OCI-19 an address in S3 that names a file stays: %s', key => {
  expect(KserveStorage.of(`s3://acme/${key}`).uri).toBe(`s3://acme/${key}`);
});

test.each(['llama-3.1', 'models/v1.2', 'Qwen2.5-7B', 'model.joblib/', 'joblib', 'iris.model'])('OCI-19 one that names no file has the slash: %s', key => {
  expect(KserveStorage.of(`s3://acme/${key}`).uri).toBe(`s3://acme/${key.replace(/\/$/, '')}/`);
});

test.each([
  ['0.19', /refused by KServe before 0\.21, and kserveVersion is '0\.19'/],
  ['0.20.0', /refused by KServe before 0\.21/],
  ['0.20.1', /refused by KServe before 0\.21, and kserveVersion is '0\.20\.1': use .*, or say 0\.21 or later in facts/],
  [undefined, /kserveVersion is not known/],
])('OCI-21 oci+fetch is refused for KServe %s', (kserveVersion, message) => {
  expect(refusal(() => predictorOf({ storage: KserveStorage.of('oci+fetch://registry.example/iris:1'), facts: { kserveVersion } }))).toMatch(message);
});

test('OCI-32 oci+fetch of a later KServe is refused for Amazon ECR, and for that alone', () => {
  const facts = { kserveVersion: '0.21' };
  expect(refusal(() => predictorOf({ storage: KserveStorage.of('oci+fetch://111122223333.dkr.ecr.eu-west-1.amazonaws.com/iris:1'), facts }))).toContain('last 12 hours');
  expect(predictorOf({ storage: KserveStorage.of('oci+fetch://registry.example/iris:1'), facts }).model.storageUri).toBe('oci+fetch://registry.example/iris:1');
});

test('OCI-22 oci+modelcar is refused, as by every KServe', () => {
  expect(refusal(() => KserveStorage.of('oci+modelcar://registry.example/iris:1'))).toContain("use 'oci://'");
});

test('OCI-32 oci+fetch of a later KServe is warned of, whatever its image', () => {
  const storage = KserveStorage.of(`oci+fetch://${MODEL_IMAGE}`);
  expect(warningIdsOf({ storage, facts: FACTS })).toEqual(['kserveFetchUnchecked']);
  expect(warningsOf({ storage, facts: FACTS }).join()).toContain('of KServe 0.21, which has not been read');
});

describe.each(['oci', 'oci+native', 'oci+fetch'])('an address %s:// is held to what its image is', scheme => {
  const ids = (image: string, options?: object) => warningIdsOf({ storage: KserveStorage.of(`${scheme}://${image}`, options), facts: FACTS }).filter(id => id !== 'kserveFetchUnchecked');

  test('OCI-15 latest is an error unless acknowledged, and so is no tag', () => {
    for (const image of ['registry.example/iris:latest', 'registry.example/iris']) {
      expect(refusal(() => KserveStorage.of(`${scheme}://${image}`))).toContain(`model image '${image}' has the tag 'latest'`);
      expect(ids(image, { acknowledgeLatest: true })).toEqual(['imageNotPinned']);
    }
  });

  test('OCI-15 a tag is a warning, a digest is none', () => {
    expect(ids('registry.example/iris:1')).toEqual(['imageNotPinned']);
    expect(ids(MODEL_IMAGE)).toEqual([]);
  });

  test('an image that is none is refused', () => {
    expect(refusal(() => KserveStorage.of(`${scheme}://registry.example/iris:1@sha256:12`))).toContain('model image');
  });
});

test('OCI-15 what a tag becomes is said of each way', () => {
  const texts = ['oci', 'oci+native', 'oci+fetch'].map(scheme => warningsOf({ storage: KserveStorage.of(`${scheme}://registry.example/iris:1`), facts: FACTS }).join());
  expect(texts[0]).toContain('never again once a node has it');
  expect(texts[1]).toContain('KServe never looks up again');
  expect(texts[2]).toContain('KServe looks it up anew for each pod');
});

test('other addresses are of no image', () => {
  expect(warningIdsOf({ storage: KserveStorage.of('hf://acme/iris') })).toEqual([]);
});

test('what is known only at deploy time is refused', () => {
  expect(refusal(() => KserveStorage.of(Lazy.string({ produce: () => 's3://acme/' })))).toContain('unresolved token');
  expect(refusal(() => KserveStorage.pvc(Lazy.string({ produce: () => 'models' })))).toContain('unresolved token');
});

// https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/utils/utils.go
test.each([
  'gs://bucket/iris/', 's3://bucket/iris/', 'pvc://claim/iris', 'file:///mnt/iris', 'https://example.com/iris.joblib', 'http://example.com/iris.joblib', 'hdfs://user/iris', 'hdfs:///user/iris',
  'webhdfs://user/iris', `oci://${MODEL_IMAGE}`, `oci+native://${MODEL_IMAGE}`, 'hf://org/iris', 'https://acme.blob.core.windows.net/models/iris',
])("the address '%s' is one that KServe takes", uri => {
  expect(KserveStorage.of(uri).uri).toBe(uri);
});

test.each([
  ['docker://x/y', "has the scheme 'docker', and KServe itself takes file, gs, hdfs, hf, http, https, oci, oci+fetch, oci+native, pvc, s3, webhdfs: use one of these, or acknowledgeScheme"],
  ['banana://x', "has the scheme 'banana'"],
  ['model-registry://iris/1', 'where a ClusterStorageContainer of the cluster takes it'],
])("the address '%s' is of a scheme that only a ClusterStorageContainer makes KServe take", (uri, message) => {
  expect(refusal(() => KserveStorage.of(uri))).toContain(message);
  expect(KserveStorage.of(uri, { acknowledgeScheme: true }).uri).toBe(uri);
});

test.each([
  ['oci+zstd://registry.example/iris:1', "has the scheme 'oci+zstd', and no version of KServe brings images so"],
  ['oci+modelcar://registry.example/iris:1', 'refused by every version of KServe'],
  ['oci://oci://registry.example/iris:1', "model image 'oci://registry.example/iris:1' is not valid"],
])("the address '%s' is of no image, whatever is acknowledged", (uri, message) => {
  expect(refusal(() => KserveStorage.of(uri, { acknowledgeScheme: true }))).toContain(message);
});

test.each(['', 'models', '/mnt/models', 's3://', 's3:///x', 'oci:///x', 'file://', 'S3://x/', 'oci://a b'])("the address '%s' is refused", uri => {
  expect(refusal(() => KserveStorage.of(uri))).toContain('is not valid');
});
