import * as fs from 'node:fs';
import * as path from 'node:path';
import * as eksv2 from 'aws-cdk-lib/aws-eks-v2';
import { ApiObject, Chart } from 'cdk8s';
import { ExistingEnvironment, folderOf, SERVICE, VLLM } from './existing-fixture';
import { Environment, refusal } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { ModelVolume } from '../../lib/delivery';
import { ImageMirror, ManifestTarget, ModelManifests, ModelManifestsProps } from '../../lib/workload';
import { bucketIn, delivered, model, UNKNOWN } from '../delivery/fixture';

const existing = (input: string | Record<string, string>) => new ExistingEnvironment(input);
const named = (kind: string, name: string, more = '', apiVersion = 'v1') => `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n${more}`;
const SERVICE_ACCOUNT = named('ServiceAccount', 'llama', '  namespace: serving\n');

/** Lines of a text that another does not have, and the other way round. */
function changedLines(before: string, after: string): { gone: string[]; come: string[] } {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return { gone: old.filter(line => !now.includes(line)), come: now.filter(line => !old.includes(line)) };
}

describe('files', () => {
  test('of a folder are those that kubectl would apply, with their names, and what no model is attached to is the same to the byte', () => {
    const files = {
      'b.yaml': `${SERVICE}---\n# only a comment\n---\n${named('Widget', 'w', 'spec: { octal: 0777, yes: on,  time: 22:22 } # kept\n', 'example.com/v1')}`,
      'a.yml': SERVICE.replaceAll('\n', '\r\n'),
      'c.json': '{ "apiVersion": "v1", "kind": "ConfigMap",\n  "metadata": {"name": "x"} }',
    };
    const environment = existing({ ...files, 'README.md': '# no manifest', 'values.txt': 'a: 1' });
    environment.synth();
    expect(environment.names()).toEqual(['a.yml', 'b.yaml', 'c.json', 'json-files.txt']);
    for (const [name, text] of Object.entries(files)) expect(environment.written(name)).toBe(text);
  });

  test('with a model: the text changes where the model needs it', () => {
    const environment = existing({ 'vllm.yaml': `${VLLM}---\n${SERVICE}`, 'other.yaml': SERVICE }).attach();
    const { gone, come } = changedLines(`${VLLM}---\n${SERVICE}`, environment.written());
    expect(gone).toEqual([]);
    expect(come).toContain('        - name: download-llama');
    expect(come).toContain('      serviceAccountName: llama');
    expect(environment.written('other.yaml')).toBe(SERVICE);
    expect(environment.names()).toEqual(['other.yaml', 'serving.llama.serviceaccount.yaml', 'vllm.yaml']);
    expect(environment.warnings()).toEqual([]);
  });

  test('in JSON stay JSON', () => {
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'vllm' }, spec: { template: { spec: { containers: [{ name: 'vllm' }] } } } };
    const written = JSON.parse(existing({ 'vllm.json': JSON.stringify(object, undefined, 2) }).attach().written('vllm.json'));
    expect(written.spec.template.spec.initContainers[0].name).toBe('download-llama');
  });

  test('a byte order mark, which would not be the first any more, is left out, as kubectl leaves out that of each document', () => {
    expect(existing({ 'a.yaml': `\ufeff${SERVICE}--- # two\r\n\ufeff${SERVICE}` }).written('a.yaml')).toBe(`${SERVICE}--- # two\r\n${SERVICE}`);
  });

  test('asked for twice are the same', () => {
    const environment = existing(VLLM);
    const folder = folderOf({ 'a.yaml': SERVICE });
    expect(environment.manifests.existing(folder)).toBe(environment.manifests.existing(`${folder}/`));
  });

  test('two of one name are refused, and both are named', () => {
    const environment = existing(VLLM);
    environment.manifests.existing(path.join(folderOf({ 'vllm.yaml': SERVICE }), 'vllm.yaml'));
    expect(environment.refusal()).toMatch(/k8s--vllm\.yaml and \S+k8s--vllm\.yaml would both be written to vllm\.yaml/);
  });
});

describe('what comes out can be put in', () => {
  test('and has the model once, to the byte', () => {
    const first = existing({ 'vllm.yaml': `${VLLM}---\n${SERVICE}`, 'c.json': '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}' }).attach();
    first.synth();
    const second = existing(first.directory).attach();
    second.synth();
    expect(second.files()).toEqual(first.files());
  });

  test('and takes another version', () => {
    const first = existing(VLLM).attach();
    first.synth();
    const second = existing(first.directory);
    second.attach({}, [second.deliver(model('llama', { version: '2' }))]);
    const { gone, come } = changedLines(first.written(), second.written());
    expect(gone.map(line => line.trim())).toEqual([expect.stringMatching(/^cdk-eks-model-artifacts\/models: serving\/llama@1 /), '- --source=s3://acme-models/models/serving/llama/1/']);
    expect(come).toHaveLength(2);
  });
});

describe('what can not be read is refused where it is named', () => {
  test.each<[string, () => string, RegExp]>([
    ['nothing there', () => '/nowhere/k8s', /^existing manifests '\/nowhere\/k8s' are not there: give the path of a file or a folder/],
    ['a folder without manifests', () => folderOf({ 'README.md': '' }), /^folder '.*' has no \.json, \.yaml, \.yml file itself/],
    ['files without objects', () => folderOf({ 'a.yaml': '# nothing\n' }), /^existing manifests '.*' have no object/],
    ['a syntax error', () => folderOf({ 'a.yaml': SERVICE, 'b.yaml': `${SERVICE}---\nkind: [\n` }), /^b\.yaml:\d+: /],
    ['a key that is there twice', () => folderOf({ 'a.yaml': 'apiVersion: v1\nkind: Secret\nkind: Secret\n' }), /^a\.yaml:3: .*kind/],
    ['values of a chart', () => folderOf({ 'values.yaml': 'image: vllm\n' }), /^values\.yaml:1: this is no Kubernetes object, as it has no kind: give files of objects alone, as helm template/],
    ['no API version', () => folderOf({ 'a.yaml': '# x\nkind: Secret\n' }), /^a\.yaml:2: this is no Kubernetes object, as it has no apiVersion/],
    ['no path', () => '', /^path of existing manifests is '': give the path/],
    ['a token', () => UNKNOWN, /^path of existing manifests/],
  ])('%s', (_, make, message) => {
    const environment = new Environment();
    const where = make();
    expect(refusal(() => environment.manifests.existing(where))).toMatch(message);
  });

  test('text that is no UTF-8', () => {
    const folder = folderOf({});
    fs.writeFileSync(path.join(folder, 'a.yaml'), Buffer.from([0x61, 0xff, 0x0a]));
    expect(refusal(() => new Environment().manifests.existing(folder))).toMatch(/a\.yaml can't be read: it is no UTF-8 text: convert it$/);
  });
});

describe('a workload', () => {
  const files = () => existing({
    'a.yaml': VLLM,
    'b.yaml': `${VLLM.replace('namespace: serving', 'namespace: staging')}---\n${SERVICE}---\n${named('Server', 'own', 'spec: { pods: [ { pod: { spec: { containers: [ { name: main } ] } } } ] }\n', 'example.com/v1')}`,
    'c.yaml': named('Deployment', 'old', 'spec: { template: { spec: { containers: [ { name: main } ] } } }\n', 'apps/v1'),
  }).existing;

  test('is found by kind and name, with its namespace where there are two', () => {
    expect(files().workload('Deployment', 'old')).toMatchObject({ kind: 'Deployment', name: 'old', apiVersion: 'apps/v1', namespace: undefined });
    expect(files().workload('Deployment', 'vllm', { namespace: 'staging' }).namespace).toBe('staging');
    expect(files().workload('Deployment', 'old', { apiVersion: 'apps/v1' }).name).toBe('old');
  });

  test('is the same when it is asked for again', () => {
    const manifests = files();
    const { workload } = { workload: manifests.workload('Deployment', 'vllm', { namespace: 'serving' }) };
    expect(manifests.workload('Deployment', 'vllm', { namespace: 'serving', apiVersion: 'apps/v1' })).toBe(workload);
    expect(manifests.workload('Deployment', 'vllm', { namespace: 'staging' })).not.toBe(workload);
    expect(() => manifests.workload('Deployment', 'vllm', { namespace: 'serving', podTemplates: ['spec.other'] })).toThrow("a.yaml:2: Deployment 'vllm' was asked for with podTemplates spec.template, and now with spec.other: ask for all of them at once");
  });

  test('that is not there is refused with what is', () => {
    expect(() => files().workload('StatefulSet', 'vllm')).toThrow(/there is no StatefulSet 'vllm' in \S+, which has Deployment 'vllm' \(a\.yaml:2, namespace serving, apps\/v1\), .*Server 'own' \(b\.yaml:\d+, example\.com\/v1\)/);
    expect(() => files().workload('Deployment', 'old', { namespace: 'serving' })).toThrow("there is no Deployment 'old' in namespace 'serving' in");
    expect(() => files().workload('Deployment', 'old', { apiVersion: 'apps/v2' })).toThrow("there is no Deployment 'old' of apps/v2 in");
  });

  test('of which there are two is refused', () => {
    expect(() => files().workload('Deployment', 'vllm')).toThrow(/there are 2 objects Deployment 'vllm' in \S+, Deployment 'vllm' \(a\.yaml:2, .*\(b\.yaml:2, namespace staging.*: say which by namespace or apiVersion/);
  });

  test('of a kind that is not known needs paths to its pods, each of which leads to some', () => {
    expect(() => files().workload('Server', 'own')).toThrow(/^b\.yaml:\d+: Server 'own' is of example\.com\/v1, and where that has its pods is not known: pass podTemplates/);
    expect(() => files().workload('Service', 'vllm')).toThrow('is not known');
    expect(() => files().workload('Server', 'own', { podTemplates: [] })).toThrow('is not known');
    expect(() => files().workload('Server', 'own', { podTemplates: ['spec.pods[*].pod', 'spec.template'] })).toThrow("Server 'own': there is no pod template with a container at 'spec.template'");
    expect(() => files().workload('Server', 'own', { podTemplates: ['spec.pods[0].pod'] })).toThrow("path 'spec.pods[0].pod' to a pod template is not valid");
    expect(files().workload('Server', 'own', { podTemplates: ['spec.pods[*].pod'] }).kind).toBe('Server');
  });

  test('of a List is found', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${VLLM.slice(VLLM.indexOf('apiVersion')).trimEnd().replaceAll('\n', '\n  ')}\n`;
    const { gone, come } = changedLines(list, existing(list).attach().written());
    expect(gone).toEqual([]);
    expect(come.some(line => line.trim() === '- name: download-llama')).toBe(true);
  });
});

describe('errors and warnings of a synth say where', () => {
  test('an error', () => {
    const environment = existing(VLLM.replace('image: vllm/vllm-openai:v0.11.0', 'volumeMounts: [ { name: x, mountPath: /mnt/llama/models } ]')).attach();
    expect(environment.refusal()).toContain("[Serving/Manifests] vllm.yaml:2: Deployment 'vllm': mount of container 'vllm' '/mnt/llama/models' is in the pod already");
  });

  test('a container, a namespace and a service account that are others', () => {
    expect(existing(VLLM).attach({ containers: ['main'] }).refusal()).toContain("vllm.yaml:2: Deployment 'vllm': container 'main' is not in the workload, which has vllm");
    expect(existing(VLLM.replace('namespace: serving', 'namespace: other')).attach().refusal()).toContain("is in namespace 'other', and its identity in 'serving'");
    expect(existing(VLLM.replace('      containers:', '      serviceAccountName: other\n      containers:')).attach().refusal()).toContain("has service account 'other', and its identity is 'llama'");
  });

  test('a model that the identity may not read', () => {
    const environment = existing(VLLM);
    environment.attach({}, [delivered({ bucket: bucketIn('eu-west-1', 'unread-models') })]);
    expect(environment.refusal()).toMatch(/Deployment vllm: .*in bucket 'unread-models'/);
  });

  test('a warning that is found when the manifests are rendered is reported, once', () => {
    const environment = existing(VLLM.replace('labels: { app: vllm }', "labels: { sidecar.istio.io/inject: 'true' }")).attach();
    const [warning, ...others] = environment.warnings();
    expect(others).toEqual([]);
    expect(warning).toMatch(/Deployment vllm: the pods have Istio's proxy .*istioWithoutNativeSidecars/);
    expect(environment.warnings()).toHaveLength(1);
  });
});

describe('the service account', () => {
  const accounts = (environment: Environment) => {
    environment.synth();
    return environment.documents().filter(document => document?.kind === 'ServiceAccount');
  };

  test('is ours where the files have none of its name', () => {
    expect(accounts(existing({ 'a.yaml': VLLM, 'b.yaml': SERVICE_ACCOUNT.replace('serving', 'other') }).attach())).toHaveLength(2);
    expect(accounts(existing({ 'a.yaml': VLLM.replace('      containers:', '      serviceAccountName: llama\n      containers:') }).attach())).toHaveLength(1);
  });

  test.each([SERVICE_ACCOUNT, named('ServiceAccount', 'llama'), named('ServiceAccount', 'llama', "  namespace: ''\n")])('is theirs where they have it, with their namespace or none', text => {
    expect(accounts(existing({ 'a.yaml': VLLM, 'b.yaml': text }).attach())).toHaveLength(1);
  });

  test('is theirs where files that are named later have it, and for a server, too', () => {
    const environment = existing(VLLM).attach();
    environment.server({}, 'other');
    environment.manifests.existing(path.join(folderOf({ 'account.yaml': SERVICE_ACCOUNT }), 'account.yaml'));
    expect(accounts(environment)).toHaveLength(1);
  });

  const WITH_ROLE = named('ServiceAccount', 'llama', "  namespace: serving\n  annotations: { eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/app' }\n");

  test('with a role by IRSA, while the identity has Pod Identity, is warned about', () => {
    const [warning] = existing({ 'a.yaml': VLLM, 'b.yaml': WITH_ROLE }).attach().warnings();
    expect(warning).toMatch(/service account 'serving\/llama' has role arn:aws:iam::111122223333:role\/app by annotation 'eks\.amazonaws\.com\/role-arn' \(b\.yaml:1\).*Pod Identity.*serviceAccountHasRole/);
  });

  test.each([['app', undefined], ['other', /b\.yaml:1\), and the identity of the models has arn:aws:iam::111122223333:role\/other: pass the identity/]])('with role app, while the identity has role %s', (role, message) => {
    const environment = existing({ 'a.yaml': VLLM, 'b.yaml': WITH_ROLE });
    const identity = { irsaRoleArn: `arn:aws:iam::111122223333:role/${role}` };
    environment.attach({ identity: Object.assign(WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'llama' }), identity) });
    if (message) expect(environment.refusal()).toMatch(message);
    else expect(environment.warnings()).toEqual([]);
  });
});

/** The objects of files with other settings of the manifests. */
function withProps(text: string, props: Partial<ModelManifestsProps>): { written: string; manifests: ModelManifests } {
  const environment = new Environment();
  const manifests = new ModelManifests(environment.stack, 'Other', { target: ManifestTarget.directory(path.join(folderOf({}), 'out')), ...props });
  const files = manifests.existing(path.join(folderOf({ 'a.yaml': text }), 'a.yaml'));
  return { written: files._files((manifests as any).podImages)[0].text, manifests };
}

test('images are mirrored, and secrets to pull with are added, in the text as it is', () => {
  const text = `${VLLM}---\n${named('Server', 'own', 'spec:\n  image: stays/as:1 # no pod\n', 'example.com/v1')}`;
  const { written, manifests } = withProps(text, { imageMirror: ImageMirror.registry('registry.internal/mirror'), imagePullSecrets: ['pull'] });
  expect(changedLines(text, written)).toEqual({
    gone: ['          image: vllm/vllm-openai:v0.11.0'],
    come: ['          image: registry.internal/mirror/vllm/vllm-openai:v0.11.0', expect.stringContaining('imagePullSecrets'), expect.stringContaining('- name: pull')],
  });
  expect(manifests.images).toEqual(['registry.internal/mirror/vllm/vllm-openai:v0.11.0', 'stays/as:1']);
});

test('pods in places of any name get their images from the mirror, too', () => {
  const environment = new Environment();
  const manifests = new ModelManifests(environment.stack, 'Other', { target: ManifestTarget.directory(path.join(folderOf({}), 'out')), imageMirror: ImageMirror.registry('registry.internal/mirror') });
  const own = named('Server', 'own', 'spec:\n  pod:\n    spec:\n      containers:\n        - name: main\n          image: a/b:1\n', 'example.com/v1');
  const workload = manifests.existing(folderOf({ 'own.yaml': own })).workload('Server', 'own', { podTemplates: ['spec.pod'] });
  delivered({ volume: ModelVolume.existingClaim('weights') }).attach(workload, { identity: environment.identity });
  expect(manifests.images.every(image => image.startsWith('registry.internal/mirror/'))).toBe(true);
});

describe('for a cluster', () => {
  function onCluster(text: string): { synth: () => any; manifests: ModelManifests; environment: Environment } {
    const environment = new Environment();
    const kubectlProvider = eksv2.KubectlProvider.fromKubectlProviderAttributes(environment.stack, 'Kubectl', { serviceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:kubectl' });
    const cluster = eksv2.Cluster.fromClusterAttributes(environment.stack, 'Target', { clusterName: 'inference', kubectlProvider });
    const manifests = new ModelManifests(environment.stack, 'OnCluster', { target: ManifestTarget.clusterV2(cluster) });
    const workload = manifests.existing(path.join(folderOf({ 'vllm.yaml': text, 'empty.yaml': '# nothing\n' }), 'vllm.yaml')).workload('Deployment', 'vllm');
    environment.deliver().attach(workload, { identity: environment.identity });
    manifests.existing(folderOf({ 'empty.yaml': '# nothing\n', 'service.yaml': SERVICE }));
    const synth = () => Object.entries<any>(environment.synth().getStackByName(environment.stack.stackName).template.Resources)
      .filter(([, { Type }]) => Type === 'Custom::AWSCDK-EKS-KubernetesResource').map(([id, { Properties }]) => [id, Properties.Manifest] as const);
    return { synth, manifests, environment };
  }

  test('the objects are applied, with their models', () => {
    const resources: [string, any][] = onCluster(VLLM).synth();
    const text = JSON.stringify(resources.map(([, manifest]) => manifest));
    expect(text).toContain('download-llama');
    expect(resources.map(([id]) => id.replace(/^OnCluster|[0-9A-F]{8}$/g, '')).sort()).toEqual(['serviceyaml', 'servingllamaserviceaccountyaml', 'vllmyaml']);
  });

  test('an integer that a template can not hold is refused, with where it is', () => {
    const { environment } = onCluster(VLLM.replace('replicas: 2', 'replicas: 2\n  seed: 9007199254740993'));
    expect(environment.refusal()).toContain("Deployment vllm: spec.seed is 9007199254740993, an integer beyond 2^53 that a template can't hold: write the manifests to a directory");
  });

  test('what can only be a file is refused', () => {
    const { environment, manifests } = onCluster(VLLM);
    Object.assign(new Chart(manifests, 'overlay'), { _files: () => [{ name: 'overlay/kustomization.yaml', documents: [{ kind: 'Component' }], text: '', directoryOnly: 'a Kustomize component' }] });
    expect(environment.refusal()).toContain("overlay/kustomization.yaml is a Kustomize component, and a deployment can't apply it: write the manifests to a directory");
  });
});

test('charts and existing manifests are written side by side', () => {
  const environment = existing(VLLM);
  new ApiObject(new Chart(environment.manifests, 'mine'), 'Map', { apiVersion: 'v1', kind: 'ConfigMap' });
  environment.synth();
  expect(environment.names()).toEqual(['mine.yaml', 'vllm.yaml']);
});
