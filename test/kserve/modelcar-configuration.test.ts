import * as fs from 'node:fs';
import * as path from 'node:path';
import { ModelcarConfiguration, ModelcarConfigurationOptions, ModelcarUser, OciModelMode } from '../../lib/kserve';
import { refusal } from '../workload/fixture';

/** As KServe 0.20.0 is shipped. */
const SHIPPED = JSON.stringify({
  image: 'kserve/storage-initializer:v0.20.0',
  memoryRequest: '100Mi',
  memoryLimit: '1Gi',
  cpuRequest: '100m',
  cpuLimit: '1',
  caBundleConfigMapName: '',
  caBundleVolumeMountPath: '/etc/ssl/custom-certs',
  enableModelcar: true,
  cpuModelcar: '10m',
  memoryModelcar: '15Mi',
  uidModelcar: 1010,
});
const applied = (options: Partial<ModelcarConfigurationOptions>, before = SHIPPED) => JSON.parse(ModelcarConfiguration.of({ kserveVersion: '0.20', ...options }).applyTo(before));

test('what is not named stays as it is, keys that nobody here knows among it', () => {
  const before = { ...JSON.parse(SHIPPED), keyOfTomorrow: { deep: [1] } };
  expect(applied({}, JSON.stringify(before))).toEqual(before);
  expect(applied({ cpu: '20m', memory: '32Mi', enabled: false }, JSON.stringify(before))).toEqual({ ...before, cpuModelcar: '20m', memoryModelcar: '32Mi', enableModelcar: false });
});

test('keys stay in their order, and a second run changes nothing', () => {
  const configuration = ModelcarConfiguration.of({ kserveVersion: '0.20', cpu: '20m', ociModelMode: OciModelMode.NATIVE });
  const once = configuration.applyTo(SHIPPED);
  expect(Object.keys(JSON.parse(once))).toEqual([...Object.keys(JSON.parse(SHIPPED)), 'ociModelMode']);
  expect(configuration.applyTo(once)).toBe(once);
});

test('OCI-27 the user of modelcars and runtimes is root, a number, or nobody in particular', () => {
  expect(applied({ user: ModelcarUser.root() }).uidModelcar).toBe(0);
  expect(applied({ user: ModelcarUser.of(1000) }).uidModelcar).toBe(1000);
  expect(applied({ user: ModelcarUser.unset() })).not.toHaveProperty('uidModelcar');
  expect(applied({}).uidModelcar).toBe(1010);
  expect(refusal(() => ModelcarUser.of(0))).toContain('user of a modelcar');
});

test('OCI-20 the mode is written where a chart of Helm leaves it out', () => {
  expect(JSON.parse(SHIPPED)).not.toHaveProperty('ociModelMode');
  expect(applied({ ociModelMode: OciModelMode.NATIVE }).ociModelMode).toBe('native');
  expect(applied({ ociModelMode: OciModelMode.MODELCAR }).ociModelMode).toBe('modelcar');
});

test('OCI-21 fetch is refused for KServe 0.20.0, which takes the word and adds a modelcar', () => {
  expect(refusal(() => applied({ kserveVersion: '0.20.0', ociModelMode: OciModelMode.FETCH }))).toContain('adds a modelcar all the same');
  expect(refusal(() => applied({ kserveVersion: '0.20.1', ociModelMode: OciModelMode.FETCH }))).toMatch(/by KServe 0\.20\.1, which then adds a modelcar all the same: .*, or 0\.21 or later$/);
  expect(applied({ kserveVersion: '0.21', ociModelMode: OciModelMode.FETCH }).ociModelMode).toBe('fetch');
});

test.each<Partial<ModelcarConfigurationOptions>>([{}, { enabled: true }, { cpu: '10m' }])('a version of KServe that is none is refused beside %j', options => {
  expect(refusal(() => ModelcarConfiguration.of({ kserveVersion: 'nonsense', ...options }))).toContain("kserveVersion is 'nonsense'");
});

test('a mode is refused for a KServe that knows none', () => {
  expect(refusal(() => applied({ kserveVersion: '0.19', ociModelMode: OciModelMode.NATIVE }))).toContain('not known to KServe 0.19');
});

test('images that a mode keeps on can not be turned off', () => {
  expect(refusal(() => applied({ enabled: false, ociModelMode: OciModelMode.NATIVE }))).toContain('turns images on');
  expect(refusal(() => applied({ enabled: false }, '{"ociModelMode": "modelcar"}'))).toContain('stay on');
});

test.each([['', 'is no JSON'], ['[]', 'no JSON object'], ['null', 'no JSON object']])("the value '%s' is refused", (before, message) => {
  expect(refusal(() => applied({}, before))).toContain(message);
});

test('a quantity that is none is refused', () => {
  expect(refusal(() => applied({ memory: 'much' }))).toContain("memory of a modelcar 'much'");
});

test('images that a key of 0.20 keeps on can not be turned off, and for an older version that key does nothing', () => {
  const before = '{"enableModelcar": true, "enableOciModelSupport": true}';
  expect(refusal(() => applied({ enabled: false }, before))).toContain("'storageInitializer' has enableOciModelSupport true, by which images stay on");
  expect(applied({ enabled: false, kserveVersion: '0.19' }, before).enableModelcar).toBe(false);
  expect(applied({ enabled: false, kserveVersion: '0.19' }, '{"ociModelMode": "modelcar"}').enableModelcar).toBe(false);
  expect(applied({ enabled: false }, '{"enableOciModelSupport": false}').enableModelcar).toBe(false);
  expect(applied({ enabled: true }, before).enableModelcar).toBe(true);
});

// https://github.com/kserve/kserve/blob/v0.20.0/pkg/webhook/admission/pod/mutator.go reads it for each pod, as does that of 0.12
test.each([
  ['0.12', undefined],
  ['0.15.2', undefined],
  ['0.20.0', undefined],
  ['0.21', 'kubectl rollout restart deployment/kserve-controller-manager --namespace kserve'],
])('it says where the controller is restarted: for KServe %s %s', (kserveVersion, command) => {
  expect(ModelcarConfiguration.of({ kserveVersion, ociModelMode: kserveVersion < '0.20' ? undefined : OciModelMode.NATIVE }).restartCommand).toBe(command);
});

const MANIFEST = `# of KServe
apiVersion: v1
kind: Namespace
metadata: {name: kserve}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: inferenceservice-config # read at start
  namespace: kserve
data:
  deploy: |-
    {
      "defaultDeploymentMode": "Standard"
    }
  storageInitializer: |-
    {
        "image" : "kserve/storage-initializer:latest",
        "enableModelcar": false,
        "uidModelcar": 1010
    }
`;

test('in a manifest the value of one key changes, and nothing else', () => {
  const text = ModelcarConfiguration.of({ kserveVersion: '0.20', enabled: true, user: ModelcarUser.unset() }).applyToManifest(MANIFEST);
  const [before, after] = [MANIFEST, text].map(each => each.split('  storageInitializer:')[0]);
  expect(after).toBe(before);
  expect(text.split('  storageInitializer:')[1]).toBe(' |\n    {\n        "image": "kserve/storage-initializer:latest",\n        "enableModelcar": true\n    }\n');
});

test('a manifest without the ConfigMap is refused, and one that has it twice', () => {
  const configuration = ModelcarConfiguration.of({ kserveVersion: '0.20', enabled: true });
  expect(refusal(() => configuration.applyToManifest(MANIFEST.split('---')[0]))).toContain('has no ConfigMap');
  expect(refusal(() => configuration.applyToManifest(`${MANIFEST}---\n${MANIFEST.split('---\n')[1]}`))).toContain('has 2 ConfigMap');
  expect(refusal(() => configuration.applyToManifest(MANIFEST.replace('storageInitializer:', 'other:')))).toContain("has no 'storageInitializer'");
});

test.each(['docs/kserve.md', 'examples/kserve-modelcar/README.md'])('%s merges a file of one key into the ConfigMap, as to apply it would remove the others', page => {
  const text = fs.readFileSync(path.join(__dirname, '..', '..', page), 'utf8');
  expect(text).toContain('kubectl patch configmap inferenceservice-config --namespace kserve --type merge --patch-file');
  expect(text).not.toMatch(/kubectl apply [^`]*inferenceservice-config/);
  expect(text).not.toContain('rollout restart');
});
