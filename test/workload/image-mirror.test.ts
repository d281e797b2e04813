import * as path from 'node:path';
import { Aws } from 'aws-cdk-lib';
import { ApiObject, Chart } from 'cdk8s';
import * as YAML from 'yaml';
import { Environment, IMAGE, temporaryFolder } from './fixture';
import { Downloader } from '../../lib/delivery';
import { ImageMirror, ManifestTarget, ModelManifests, ModelManifestsProps } from '../../lib/workload';
import { DIGEST, UNKNOWN } from '../delivery/fixture';

const REGISTRY = 'registry.acme.internal/mirror';
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

test.each([
  ['ubuntu', `${REGISTRY}/library/ubuntu`],
  ['ubuntu:24.04', `${REGISTRY}/library/ubuntu:24.04`],
  ['vllm/vllm-openai:v0.11.0', `${REGISTRY}/vllm/vllm-openai:v0.11.0`],
  ['docker.io/vllm/vllm-openai', `${REGISTRY}/vllm/vllm-openai`],
  ['docker.io/ubuntu', `${REGISTRY}/library/ubuntu`],
  ['index.docker.io/ubuntu:1', `${REGISTRY}/library/ubuntu:1`],
  [`public.ecr.aws/aws-cli/aws-cli:2.35.11@${DIGEST}`, `${REGISTRY}/aws-cli/aws-cli:2.35.11@${DIGEST}`],
  [`ghcr.io/a/b/c@${DIGEST}`, `${REGISTRY}/a/b/c@${DIGEST}`],
  ['localhost/a:1', `${REGISTRY}/a:1`],
  ['registry:5000/a:1', `${REGISTRY}/a:1`],
  [`${REGISTRY}/a:1`, `${REGISTRY}/a:1`],
  ['registry.acme.internal/mirrored/a:1', `${REGISTRY}/mirrored/a:1`],
  [UNKNOWN, UNKNOWN],
])('below one mirror, %s is %s', (image, expected) => {
  expect(ImageMirror.registry(REGISTRY).nameOf(image)).toBe(expected);
});

test.each([
  ['ubuntu:24.04', `${ECR}/docker-hub/library/ubuntu:24.04`],
  [`vllm/vllm-openai:v1@${DIGEST}`, `${ECR}/docker-hub/vllm/vllm-openai:v1@${DIGEST}`],
  ['docker.io/peakcom/s5cmd:v2.3.0', `${ECR}/docker-hub/peakcom/s5cmd:v2.3.0`],
  ['registry-1.docker.io/peakcom/s5cmd:v2.3.0', `${ECR}/docker-hub/peakcom/s5cmd:v2.3.0`],
  ['public.ecr.aws/aws-cli/aws-cli', `${ECR}/ecr-public/aws-cli/aws-cli`],
  ['ghcr.io/a/b:1', 'ghcr.io/a/b:1'],
  [`${ECR}/mine:1`, `${ECR}/mine:1`],
  [`${ECR}/docker-hub/a/b:1`, `${ECR}/docker-hub/a/b:1`],
])('with pull-through caches, %s is %s', (image, expected) => {
  expect(ImageMirror.prefixes({ 'docker.io': `${ECR}/docker-hub`, 'public.ecr.aws': `${ECR}/ecr-public` }).nameOf(image)).toBe(expected);
});

test.each(['', 'mirror', 'acme/mirror', 'https://registry.acme.internal', 'registry.acme.internal/', 'registry.acme.internal/Mirror', 'registry.acme.internal/mirror:latest', 'registry.acme.internal/a//b', '-a.b/c'])(
  'mirror %p is refused', name => {
    expect(() => ImageMirror.registry(name)).toThrow(`mirror '${name}' is not valid: use the host of a registry and a path in it`);
    expect(() => ImageMirror.prefixes({ 'docker.io': name })).toThrow(`mirror '${name}' is not valid`);
  });

test.each(['registry.acme.internal', 'registry.acme.internal:5000/a_b/c.d/e-f', 'localhost:5000/a', 'registry:5000'])('mirror %p is taken', name => {
  expect(ImageMirror.registry(name).nameOf('a/b')).toBe(`${name}/a/b`);
});

test.each(['', 'docker', 'docker.io/library', 'https://docker.io', 'Docker.io'])('registry %p is refused', registry => {
  expect(() => ImageMirror.prefixes({ [registry]: REGISTRY })).toThrow(`registry '${registry}' is not valid: use its host, such as 'docker.io'`);
});

/** An environment whose manifests have a setting for images. */
function withImages(props: Partial<ModelManifestsProps>): Environment {
  const environment = new Environment();
  const directory = path.join(temporaryFolder(), 'manifests');
  const manifests = new ModelManifests(environment.stack, 'Images', { target: ManifestTarget.directory(directory), ...props });
  return Object.assign(environment, { directory, manifests });
}

function render(props: Partial<ModelManifestsProps>, ...objects: any[]): any[] {
  const environment = withImages(props);
  const chart = new Chart(environment.manifests, 'mine');
  objects.forEach((object, index) => new ApiObject(chart, String(index), { apiVersion: 'v1', metadata: { name: `o${index}` }, ...object }));
  environment.synth();
  return YAML.parseAllDocuments(environment.files()['mine.yaml']).map(document => document.toJS());
}

const mirror = ImageMirror.registry(REGISTRY);
const pod = (image = 'a/b:1') => ({ containers: [{ name: 'c', image }] });

test('every image of a server comes from the mirror, the downloader\'s too, with tag and digest', () => {
  const environment = withImages({ imageMirror: mirror });
  environment.server({ image: `vllm/vllm-openai:v1@${DIGEST}` });
  environment.synth();
  const downloader = `${REGISTRY}/${Downloader.s5cmd().image.slice('docker.io/'.length)}`;
  const { initContainers, containers } = environment.documents().find(({ kind }) => kind === 'Deployment').spec.template.spec;
  expect([...initContainers, ...containers].map(({ image }) => image)).toEqual([downloader, `${REGISTRY}/vllm/vllm-openai:v1@${DIGEST}`]);
  expect(environment.manifests.images).toEqual([downloader, `${REGISTRY}/vllm/vllm-openai:v1@${DIGEST}`].sort());
});

test('images of containers of all three sorts and of volumes are renamed', () => {
  const spec = {
    containers: [{ name: 'a', image: 'a:1' }, { name: 'none' }],
    initContainers: [{ name: 'b', image: 'x/b:1' }],
    ephemeralContainers: [{ name: 'c', image: 'x/c:1' }],
    volumes: [{ name: 'd', image: { reference: 'x/d:1' } }, { name: 'e', emptyDir: {} }],
  };
  const [object] = render({ imageMirror: mirror }, { kind: 'Pod', spec });
  expect(object.spec).toEqual({
    containers: [{ name: 'a', image: `${REGISTRY}/library/a:1` }, { name: 'none' }],
    initContainers: [{ name: 'b', image: `${REGISTRY}/x/b:1` }],
    ephemeralContainers: [{ name: 'c', image: `${REGISTRY}/x/c:1` }],
    volumes: [{ name: 'd', image: { reference: `${REGISTRY}/x/d:1` } }, { name: 'e', emptyDir: {} }],
  });
});

test.each(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'Rollout'])('pods of a %s are found', kind => {
  const [object] = render({ imageMirror: mirror, imagePullSecrets: ['pull'] }, { kind, spec: { template: { spec: pod() } } });
  expect(object.spec.template.spec).toEqual({ containers: [{ name: 'c', image: `${REGISTRY}/a/b:1` }], imagePullSecrets: [{ name: 'pull' }] });
});

test.each([
  ['CronJob', (spec: any) => ({ jobTemplate: { spec: { template: { spec } } } })],
  ['LeaderWorkerSet', (spec: any) => ({ leaderWorkerTemplate: { workerTemplate: { spec } } })],
  ['RayCluster', (spec: any) => ({ workerGroupSpecs: [{ template: { spec } }] })],
])('pods of a %s are found, deeper down', (kind, around) => {
  expect(JSON.stringify(render({ imageMirror: mirror }, { kind, spec: around(pod()) })[0])).toContain(`"${REGISTRY}/a/b:1"`);
});

test('the predictor of an InferenceService is a pod, whose images may be addresses of KServe', () => {
  const predictor = (own: string) => ({
    initContainers: [{ name: 'a', image: `${own}a/b:1` }],
    model: { image: `${own}a/c:1`, storageUri: `oci+native://${own}a/d@${DIGEST}` },
    storageUris: [{ uri: `oci://${own}a/e:1`, mountPath: '/mnt/models' }, { uri: 's3://bucket/oci/', mountPath: '/mnt/x' }],
  });
  const environment = withImages({ imageMirror: mirror, imagePullSecrets: ['pull'] });
  const chart = new Chart(environment.manifests, 'mine');
  new ApiObject(chart, 'Service', { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata: { name: 'iris' }, spec: { predictor: predictor('') } });
  environment.synth();
  expect(YAML.parse(environment.files()['mine.yaml']).spec.predictor).toEqual({ ...predictor(`${REGISTRY}/`), imagePullSecrets: [{ name: 'pull' }] });
  expect(environment.manifests.images).toEqual([`${REGISTRY}/a/b:1`, `${REGISTRY}/a/c:1`, `${REGISTRY}/a/d@${DIGEST}`, `${REGISTRY}/a/e:1`]);
});

test('what is no pod stays, and its images are listed as they are', () => {
  const environment = withImages({ imageMirror: mirror });
  const chart = new Chart(environment.manifests, 'mine');
  new ApiObject(chart, 'Engine', { apiVersion: 'x/v1', kind: 'Engine', metadata: { name: 'e' }, spec: { image: 'a/b:1', containers: 3 } });
  environment.synth();
  expect(environment.files()['mine.yaml']).toContain('image: a/b:1');
  expect(environment.manifests.images).toEqual(['a/b:1']);
});

test('secrets to pull with come beside those that a pod has, each once', () => {
  const [object] = render({ imagePullSecrets: ['one', 'two'] }, { kind: 'Pod', spec: { ...pod(), imagePullSecrets: [{ name: 'own' }, { name: 'two' }] } });
  expect(object.spec.imagePullSecrets).toEqual([{ name: 'own' }, { name: 'two' }, { name: 'one' }]);
  expect(object.spec.containers[0].image).toBe('a/b:1');
});

test('the name of a secret is checked', () => {
  expect(() => withImages({ imagePullSecrets: ['My Secret'] })).toThrow("name of a secret to pull images with 'My Secret' is not valid");
});

test('without a setting images stay as they are written', () => {
  const environment = new Environment();
  environment.server();
  expect(environment.manifests.images).toEqual([Downloader.s5cmd().image, IMAGE].sort());
});

test('a mirror that is known only after deploying is refused for a directory, with where it is', () => {
  const environment = withImages({ imageMirror: ImageMirror.prefixes({ 'docker.io': `${Aws.ACCOUNT_ID}.dkr.ecr.eu-west-1.${Aws.URL_SUFFIX}/docker-hub` }) });
  environment.server();
  expect(environment.refusal()).toContain('spec.template.spec.initContainers[0].image holds an unresolved token');
});
