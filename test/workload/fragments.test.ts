import * as fs from 'node:fs';
import * as path from 'node:path';
import { Duration, Lazy, Size } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as YAML from 'yaml';
import { Environment, messages, refusal } from './fixture';
import { ModelDelivery, ModelVolume } from '../../lib/delivery';
import { HelmValues, HelmValuesProps, ImageMirror, KustomizeComponent, KustomizeComponentProps, ManifestTarget, ModelManifests } from '../../lib/workload';
import { DIGEST, model, UNKNOWN } from '../delivery/fixture';

const DEPLOYMENT = { kind: 'Deployment', name: 'vllm' };

class Fragments extends Environment {
  public component(props: Partial<KustomizeComponentProps> = {}, id = 'llm'): this {
    new KustomizeComponent(this.manifests, id, { workload: DEPLOYMENT, models: [this.deliver()], identity: this.identity, containers: ['vllm'], ...props });
    return this;
  }

  public values(props: Partial<HelmValuesProps> = {}, id = 'llm'): this {
    new HelmValues(this.manifests, id, { models: [this.deliver()], identity: this.identity, ...props });
    return this;
  }

  /** Every file that a synth wrote, as what it holds. */
  public written(): Record<string, any> {
    this.synth();
    const names = fs.readdirSync(this.directory, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.yaml')).sort();
    return Object.fromEntries(names.map(name => [name, YAML.parse(fs.readFileSync(path.join(this.directory, name), 'utf8'))]));
  }

  public patch(): any {
    return this.written()['llm/patch.yaml'];
  }

  public fileOfValues(): any {
    return this.written()['llm/values.yaml'];
  }
}

/** The volumes and the mount that a model brings; init containers by name alone. */
const VOLUMES = [
  { name: 'model-llama', emptyDir: { sizeLimit: '19661Mi' } },
  { name: 'model-download-work', emptyDir: { sizeLimit: '64Mi' } },
];
const MOUNT = { name: 'model-llama', mountPath: '/mnt/llama/models', subPath: 'models', readOnly: true };
const ANNOTATIONS = { 'cdk-eks-model-artifacts/models': `serving/llama@1 ${DIGEST}` };
const named = (containers: any[]) => containers.map(({ name }) => name);

describe('a Kustomize component', () => {
  test('is a folder with a kustomization, a patch without a target, and the service account', () => {
    const files = new Fragments().component().written();
    expect(Object.keys(files)).toEqual(['llm/kustomization.yaml', 'llm/patch.yaml', 'llm/serviceaccount.yaml']);
    expect(files['llm/kustomization.yaml']).toEqual({
      apiVersion: 'kustomize.config.k8s.io/v1alpha1',
      kind: 'Component',
      resources: ['serviceaccount.yaml'],
      patches: [{ path: 'patch.yaml' }],
    });
    expect(files['llm/serviceaccount.yaml']).toEqual({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'llama', namespace: 'serving' }, automountServiceAccountToken: false });
  });

  test('adds what a model needs, and says nothing else of the workload', () => {
    const { spec: { template, ...spec }, ...patch } = new Fragments().component().patch();
    expect(patch).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'vllm' } });
    expect(spec).toEqual({ progressDeadlineSeconds: 600 + 300 + 820 }); // 16 GiB at 20 MiB/s, and one stall
    expect(Object.keys(template)).toEqual(['metadata', 'spec']);
    expect(template.metadata).toEqual({ annotations: ANNOTATIONS });
    const { initContainers, volumes, ...pod } = template.spec;
    expect(pod).toEqual({ serviceAccountName: 'llama', containers: [{ name: 'vllm', volumeMounts: [MOUNT] }] });
    expect(named(initContainers)).toEqual(['download-llama']);
    expect(initContainers[0].resources).toEqual({ requests: { 'ephemeral-storage': '19661Mi' } });
    expect(volumes.slice(0, 2)).toEqual(VOLUMES);
  });

  test.each([
    ['StatefulSet', 'apps/v1', ['spec', 'template']],
    ['DaemonSet', 'apps/v1', ['spec', 'template']],
    ['ReplicaSet', 'apps/v1', ['spec', 'template']],
    ['Job', 'batch/v1', ['spec', 'template']],
    ['CronJob', 'batch/v1', ['spec', 'jobTemplate', 'spec', 'template']],
    ['Pod', 'v1', []],
  ])('patches a %s where it has its pods', (kind, apiVersion, place) => {
    const patch = new Fragments().component({ workload: { kind, name: 'vllm', namespace: 'serving' } }).patch();
    expect(patch).toMatchObject({ apiVersion, kind, metadata: { name: 'vllm', namespace: 'serving' } });
    expect(patch.spec.progressDeadlineSeconds).toBeUndefined();
    const template = place.reduce((value, key) => value[key], patch);
    expect(template.metadata.annotations).toEqual(ANNOTATIONS);
    expect(template.spec.containers).toEqual([{ name: 'vllm', volumeMounts: [MOUNT] }]);
  });

  test('names init containers that come first, so that Kustomize keeps them there', () => {
    const { initContainers } = new Fragments().component({ afterInitContainers: ['istio-proxy', 'dns'] }).patch().spec.template.spec;
    expect(named(initContainers)).toEqual(['istio-proxy', 'dns', 'download-llama']);
    expect(initContainers[0]).toEqual({ name: 'istio-proxy' });
  });

  test('adds the time of the models to the deadline that is given', () => {
    expect(new Fragments().component({ progressDeadline: Duration.hours(1) }).patch().spec.progressDeadlineSeconds).toBe(3600 + 300 + 820);
  });

  test('withholds credentials on request alone', () => {
    const { annotations } = new Fragments().component({ withholdCredentials: true, containers: ['vllm', 'proxy'] }).patch().spec.template.metadata;
    expect(annotations).toEqual({ ...ANNOTATIONS, 'eks.amazonaws.com/skip-containers': 'vllm,proxy' });
  });

  test('leaves a service account to whoever has it', () => {
    const environment = new Fragments();
    const identity = environment.readers.associate({ namespace: 'serving', serviceAccount: 'theirs', serviceAccountExists: true });
    const files = environment.component({ identity }, 'theirs').component({ includeServiceAccount: false, workload: { kind: 'Job', name: 'score' } }).written();
    expect(Object.keys(files)).toEqual(['llm/kustomization.yaml', 'llm/patch.yaml', 'theirs/kustomization.yaml', 'theirs/patch.yaml']);
    expect(files['theirs/kustomization.yaml'].resources).toBeUndefined();
    expect(files['theirs/patch.yaml'].spec.template.spec.serviceAccountName).toBe('theirs');
  });

  test('goes, with its folder, when the program has it no more', () => {
    const environment = new Fragments().component();
    environment.synth();
    new Fragments({ directory: environment.directory }).synth();
    expect(fs.readdirSync(environment.directory)).toEqual([]);
  });

  test.each<[string, Partial<KustomizeComponentProps>, string]>([
    ['a custom resource', { workload: { kind: 'Rollout', name: 'vllm' } }, "component 'llm' patches a Rollout, and Kustomize merges the lists of"],
    ['no container', { containers: [] }, "component 'llm' names no container"],
    ['no model', { models: [] }, 'llm has no model: give one at least'],
    ['a container that is no name', { containers: ['a b'] }, "name of a container of component 'llm' 'a b' is not valid"],
    ['a workload that is no name', { workload: { kind: 'Job', name: 'A' } }, "name of the Job of component 'llm' 'A' is not valid"],
    ['another namespace', { workload: { ...DEPLOYMENT, namespace: 'other' } }, "the workload is in namespace 'other', and its identity in 'serving'"],
    ['a deadline of a Job', { workload: { kind: 'Job', name: 'a' }, progressDeadline: Duration.minutes(1) }, "progressDeadline of component 'llm' is given, and a Job has none"],
    ['a deadline that is a token', { progressDeadline: Duration.seconds(Lazy.number({ produce: () => 1 })) }, 'must be known at synth'],
    ['a deadline of no time', { progressDeadline: Duration.seconds(0) }, "progressDeadline of component 'llm' is 0"],
  ])('refuses %s', (_, props, error) => {
    expect(refusal(() => new Fragments().component(props))).toContain(error);
  });

  test('refuses an id that is no folder, and one that is a token', () => {
    expect(refusal(() => new Fragments().component({}, 'a/b'))).toContain("id of a Kustomize component 'a/b' is not valid");
    expect(refusal(() => new Fragments().component({}, UNKNOWN))).toContain('id of a Kustomize component must be known at synth');
  });

  test('has no place for what is known only after deploying', () => {
    expect(new Fragments().component({ containers: [UNKNOWN] }).refusal()).toContain('Deployment vllm: spec.template.spec.containers[0].name holds an unresolved token');
    expect(new Fragments().component({ workload: { kind: 'Job', name: UNKNOWN } }).refusal()).toContain('metadata.name holds an unresolved token');
  });

  test('refuses at synth what the identity may not read', () => {
    const environment = new Fragments();
    expect(environment.component({ models: [environment.deliver(model('llama', { tenant: 'finance' }))] }).refusal()).toContain("'finance'");
  });

  test('says what it can not add: memory that a model takes', () => {
    const environment = new Fragments();
    const inMemory = ModelDelivery.s3Download({ bucket: environment.bucket, volume: ModelVolume.memory() }).deliver(model('small', { size: Size.gibibytes(1) }));
    const warnings = messages(environment.component({ models: [inMemory] }).synth()).filter(text => text.includes('memoryNotAdded'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('1229Mi of memory');
  });
});

describe('Helm values', () => {
  test('have the usual keys, and the service account beside them', () => {
    const files = new Fragments().values().written();
    expect(Object.keys(files)).toEqual(['llm/values.yaml', 'serving.llama.serviceaccount.yaml']);
    const { initContainers, extraVolumes, ...values } = files['llm/values.yaml'];
    expect(named(initContainers)).toEqual(['download-llama']);
    expect(extraVolumes.slice(0, 2)).toEqual(VOLUMES);
    expect(values).toEqual({ extraVolumeMounts: [MOUNT], podAnnotations: ANNOTATIONS, serviceAccount: { name: 'llama', create: false } });
  });

  test('hold nothing that a chart takes for a template, as some render their values', () => {
    const environment = new Fragments().values();
    environment.synth();
    expect(fs.readFileSync(path.join(environment.directory, 'llm/values.yaml'), 'utf8')).not.toContain('{{');
  });

  test('have the keys of the chart', () => {
    const keys = { initContainers: 'vllm.pod.init', volumes: 'vllm.volumes', volumeMounts: 'vllm.volumeMounts', podAnnotations: '', createServiceAccount: '', progressDeadlineSeconds: 'deadline' };
    const { vllm, ...values } = new Fragments().values({ keys }).fileOfValues();
    expect(Object.keys(vllm).sort()).toEqual(['pod', 'volumeMounts', 'volumes']);
    expect(named(vllm.pod.init)).toEqual(['download-llama']);
    expect(values).toEqual({ serviceAccount: { name: 'llama' }, deadline: 600 + 300 + 820 });
  });

  test('leave the service account to a chart that writes it', () => {
    const environment = new Fragments();
    const identity = environment.readers.associate({ namespace: 'serving', serviceAccount: 'theirs', serviceAccountExists: true });
    const files = environment.values({ identity }).written();
    expect(Object.keys(files)).toEqual(['llm/values.yaml']);
    expect(files['llm/values.yaml'].serviceAccount).toEqual({ name: 'theirs' });
  });

  test('write no service account for pods that are not given it', () => {
    expect(Object.keys(new Fragments().values({ keys: { serviceAccountName: '' } }).written())).toEqual(['llm/values.yaml']);
  });

  test('keep items of the user in the lists, which they replace', () => {
    const values = new Fragments().values({
      initContainers: [{ name: 'mesh', restartPolicy: 'Always', image: 'mesh:1' }, { name: 'warm', image: 'warm:1' }],
      volumes: [{ name: 'cache', emptyDir: {} }],
      volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
    }).fileOfValues();
    expect(named(values.initContainers)).toEqual(['mesh', 'download-llama', 'warm']);
    expect(values.extraVolumes.slice(0, 2)).toEqual([{ name: 'cache', emptyDir: {} }, VOLUMES[0]]);
    expect(values.extraVolumeMounts).toEqual([{ name: 'cache', mountPath: '/cache' }, MOUNT]);
  });

  test('give the volume of a claim to its group', () => {
    const environment = new Fragments();
    const claim = ModelDelivery.s3Download({ bucket: environment.bucket, volume: ModelVolume.existingClaim('models', { group: 2000 }) }).deliver(model());
    expect(environment.values({ models: [claim] }).fileOfValues().podSecurityContext).toEqual({ fsGroup: 2000, fsGroupChangePolicy: 'OnRootMismatch' });
  });

  test('withhold credentials from the containers that are named', () => {
    const { podAnnotations } = new Fragments().values({ withholdCredentials: true, containers: ['vllm'] }).fileOfValues();
    expect(podAnnotations['eks.amazonaws.com/skip-containers']).toBe('vllm');
  });

  test('have images by their names below the mirror, and leave the items of the user alone', () => {
    const environment = new Fragments();
    const manifests = new ModelManifests(environment.stack, 'Mirrored', { target: ManifestTarget.directory(`${environment.directory}-mirrored`), imageMirror: ImageMirror.registry('mirror.example/all') });
    const own = { name: 'warm', image: 'docker.io/acme/warm:1' };
    new HelmValues(manifests, 'llm', { models: [environment.deliver()], identity: environment.identity, initContainers: [own] });
    expect(manifests.images).toEqual(['mirror.example/all/acme/warm:1', expect.stringMatching(/^mirror.example\/all\/.*s5cmd/)]);
    expect(own.image).toBe('docker.io/acme/warm:1');
  });

  test.each<[string, Partial<HelmValuesProps>, string]>([
    ['a key of what pods must have that is left out', { keys: { initContainers: '' } }, "key of initContainers in values 'llm' is empty, and pods without them have no model"],
    ['a key that is no path', { keys: { volumes: 'a..b' } }, "key 'a..b' of volumes in values 'llm' is not valid"],
    ['a key with an index', { keys: { volumes: 'a[0].b' } }, "key 'a[0].b' of volumes in values 'llm' is not valid"],
    ['a key that is a token', { keys: { volumes: UNKNOWN } }, "key of volumes in values 'llm' must be known at synth"],
    ['the same key twice', { keys: { volumes: 'all', volumeMounts: 'all' } }, "keys 'all' and 'all' in values 'llm' are the same"],
    ['a key inside another', { keys: { volumes: 'pod', volumeMounts: 'pod.mounts' } }, "keys 'pod' and 'pod.mounts' in values 'llm' are the same, or one is inside the other"],
    ['a key around another', { keys: { volumes: 'pod.volumes', volumeMounts: 'pod' } }, "keys 'pod.volumes' and 'pod' in values 'llm' are the same, or one is inside the other"],
    ['credentials withheld from nobody', { withholdCredentials: true }, "values 'llm' withhold credentials and name no container"],
    ['a mount at the path of a model', { volumeMounts: [{ name: 'a', mountPath: '/mnt/llama/models' }] }, "'/mnt/llama/models' is in the pod already"],
    ['no model', { models: [] }, 'llm has no model'],
  ])('refuse %s', (_, props, error) => {
    expect(refusal(() => new Fragments().values(props))).toContain(error);
  });

  test('have no place for what is known only after deploying, and the error names the file', () => {
    expect(new Fragments().values({ volumes: [{ name: UNKNOWN, emptyDir: {} }] }).refusal()).toContain('llm/values.yaml: extraVolumes[0].name holds an unresolved token');
  });
});

test('a deployment can apply neither', () => {
  const environment = new Fragments();
  const kubectlProvider = eks.KubectlProvider.fromKubectlProviderAttributes(environment.stack, 'Kubectl', { serviceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:kubectl' });
  const cluster = eks.Cluster.fromClusterAttributes(environment.stack, 'Target', { clusterName: 'inference', kubectlProvider });
  const manifests = new ModelManifests(environment.stack, 'Deployed', { target: ManifestTarget.clusterV2(cluster) });
  const common = { models: [environment.deliver()], identity: environment.identity };
  new KustomizeComponent(manifests, 'component', { ...common, workload: DEPLOYMENT, containers: ['vllm'] });
  new HelmValues(manifests, 'values', common);
  const error = environment.refusal();
  expect(error).toContain("component/patch.yaml is part of a Kustomize component, and a deployment can't apply it: write the manifests to a directory");
  expect(error).toContain("values/values.yaml is a file of Helm values, and a deployment can't apply it");
});
