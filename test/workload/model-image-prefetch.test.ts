import { App } from 'cdk8s';
import { Environment, messages, refusal } from './fixture';
import { restrictedViolations } from './pod-security';
import { ModelImage } from '../../lib/oci';
import { ModelImagePrefetch, ModelImagePrefetchProps, Toleration } from '../../lib/workload';
import { DIGEST, UNKNOWN } from '../delivery/fixture';

const OTHER = `sha256:${'b'.repeat(64)}`;
const LLAMA = ModelImage.of(`registry.example/models/llama@${DIGEST}`);
const props = (more: Partial<ModelImagePrefetchProps> = {}): ModelImagePrefetchProps => ({ namespace: 'serving', images: [LLAMA], ...more });
const daemonSet = (more: Partial<ModelImagePrefetchProps> = {}) => new ModelImagePrefetch(new App(), 'models', props(more)).daemonSet.toJson();

test('a DaemonSet holds an image on the nodes that it is for', () => {
  const made = new Environment();
  new ModelImagePrefetch(made.manifests, 'models', props({ nodeSelector: { pool: 'gpu' }, tolerations: [Toleration.exists('nvidia.com/gpu')], priorityClassName: 'low' }));
  made.synth();
  expect(made.names()).toEqual(['serving.models.prefetch.yaml']);
  const [{ kind, metadata, spec }] = made.documents();
  expect([kind, metadata.name, metadata.namespace, spec.selector.matchLabels]).toEqual(['DaemonSet', 'models', 'serving', spec.template.metadata.labels]);
  const pod = spec.template.spec;
  expect(restrictedViolations(pod)).toEqual([]);
  expect(pod).toMatchObject({ nodeSelector: { pool: 'gpu' }, tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }], priorityClassName: 'low', automountServiceAccountToken: false });
  expect(pod.containers).toEqual([expect.objectContaining({
    image: LLAMA.reference,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c', 'exec sleep infinity'], // it stays, and the image with it
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '10m', memory: '16Mi' } },
  })]);
});

test('all nodes get a new image at once, since nobody is served by them', () => {
  const { updateStrategy, template } = daemonSet().spec;
  expect(updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } });
  expect([template.spec.enableServiceLinks, template.spec.terminationGracePeriodSeconds]).toEqual([false, 1]);
});

test('two versions of one repository are two containers, whose names stay whatever else is held', () => {
  const second = ModelImage.of(`registry.example/models/llama@${OTHER}`);
  const names = (images: ModelImage[]) => daemonSet({ images }).spec.template.spec.containers.map(({ name }: any) => name);
  const [one, two] = names([LLAMA, second]);
  expect(one).toMatch(/^llama-[0-9a-f]{10}$/);
  expect(names([second, LLAMA])).toEqual([two, one]);
  expect(new Set([one, two]).size).toBe(2);
});

test('OCI-15 a tag is looked up each time, and warned of', () => {
  const made = new Environment();
  new ModelImagePrefetch(made.manifests, 'models', props({ images: [ModelImage.of('registry.example:5000/models/llama_3:v1')] }));
  const assembly = made.synth();
  const [container] = made.documents()[0].spec.template.spec.containers;
  expect([container.imagePullPolicy, container.name]).toEqual(['Always', expect.stringMatching(/^[-a-z0-9]+$/)]);
  expect(messages(assembly).join()).toContain('[ack: cdk-eks-model-artifacts:imageNotPinned]');
});

test.each<[string, Partial<ModelImagePrefetchProps>, RegExp]>([
  ['no image', { images: [] }, /prefetch 'models' has no image/],
  ['an image twice', { images: [LLAMA, LLAMA] }, /llama@sha256:\w+' twice: name it once/],
  ['a namespace that is none', { namespace: 'No Namespace' }, /namespace 'No Namespace' is not valid/],
  ['a label that is none', { nodeSelector: { 'a b': 'c' } }, /label of a node 'a b' is not valid/],
  ['a value of a label that is none', { nodeSelector: { pool: 'has space!' } }, /value of the label 'pool' of a node 'has space!' is not valid/],
  ['a priority class that is none', { priorityClassName: 'Not Valid' }, /name of a priority class 'Not Valid' is not valid/],
  ['a namespace that is not known', { namespace: UNKNOWN }, /namespace must be known at synth/],
])('%s is refused', (_, more, why) => {
  expect(refusal(() => daemonSet(more))).toMatch(why);
});
