import { checkPath, knownPaths, templatePlaces } from '../../lib/delivery/pod-template-paths';

const template = (name = 'main') => ({ spec: { containers: [{ name }] } });

test.each([
  ['apps/v1', 'Deployment', { spec: { template: template() } }, ['spec.template']],
  ['apps/v1', 'StatefulSet', { spec: { template: template() } }, ['spec.template']],
  ['apps/v1', 'DaemonSet', { spec: { template: template() } }, ['spec.template']],
  ['apps/v1', 'ReplicaSet', { spec: { template: template() } }, ['spec.template']],
  ['batch/v1', 'Job', { spec: { template: template() } }, ['spec.template']],
  ['batch/v1', 'CronJob', { spec: { jobTemplate: { spec: { template: template() } } } }, ['spec.jobTemplate.spec.template']],
  ['v1', 'Pod', template(), ['']],
  ['argoproj.io/v1alpha1', 'Rollout', { spec: { template: template() } }, ['spec.template']],
  ['leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', { spec: { leaderWorkerTemplate: { workerTemplate: template() } } }, ['spec.leaderWorkerTemplate.workerTemplate']],
  ['leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', { spec: { leaderWorkerTemplate: { leaderTemplate: template(), workerTemplate: template() } } },
    ['spec.leaderWorkerTemplate.leaderTemplate', 'spec.leaderWorkerTemplate.workerTemplate']],
  ['ray.io/v1', 'RayCluster', { spec: { headGroupSpec: { template: template() } } }, ['spec.headGroupSpec.template']],
  ['ray.io/v1', 'RayService', { spec: { rayClusterConfig: { headGroupSpec: { template: template() }, workerGroupSpecs: [{ template: template() }, { template: template() }] } } },
    ['spec.rayClusterConfig.headGroupSpec.template', 'spec.rayClusterConfig.workerGroupSpecs.0.template', 'spec.rayClusterConfig.workerGroupSpecs.1.template']],
  ['ray.io/v1', 'RayJob', { spec: { rayClusterSpec: { headGroupSpec: { template: template() } } } }, ['spec.rayClusterSpec.headGroupSpec.template']],
])('of %s, a %s has its pods where they are known to be', (apiVersion, kind, object, expected) => {
  expect(templatePlaces({ apiVersion, kind, ...object }, knownPaths({ apiVersion, kind })!).map(place => place.join('.'))).toEqual(expected);
});

test.each([['batch.volcano.sh/v1alpha1', 'Job'], ['v1', 'Deployment'], ['apps/v1', 'Pod'], ['example.com/v1', 'Server']])('nothing is known of %s %s', (apiVersion, kind) => {
  expect(knownPaths({ apiVersion, kind })).toBeUndefined();
});

const NESTED = { kind: 'Fleet', spec: { pools: [{ template: template('a') }, { name: 'no pods' }, { template: template('b') }], groups: [{ sets: [{ pod: template() }] }, { sets: [] }] } };

test('a star takes every item that has pods, however deep', () => {
  expect(templatePlaces(NESTED, ['spec.pools[*].template'])).toEqual([['spec', 'pools', 0, 'template'], ['spec', 'pools', 2, 'template']]);
  expect(templatePlaces(NESTED, ['spec.groups[*].sets[*].pod'])).toEqual([['spec', 'groups', 0, 'sets', 0, 'pod']]);
});

test.each(['spec.template', 'spec.pools.template', 'spec.pools[*].pod', 'spec.pools[*]', 'spec[*].template'])('%s leads to no pods, and is named, beside one that does', path => {
  expect(() => templatePlaces(NESTED, ['spec.pools[*].template', path])).toThrow(`there is no pod template with a container at '${path}'`);
});

test('two paths to one place are refused', () => {
  expect(() => templatePlaces(NESTED, ['spec.pools[*].template', 'spec.pools[*].template'])).toThrow('lead to the pod template at spec.pools.0.template: name it once');
});

test('a Rollout that refers to a Deployment says where the model belongs', () => {
  const rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'vllm' } } };
  expect(() => templatePlaces(rollout, knownPaths(rollout)!)).toThrow("it takes its pods from Deployment 'vllm', spec.workloadRef: attach the model to that");
});

test.each(['spec.template', 'spec.workerGroupSpecs[*].template', 'a[*].b[*]', 'pod-spec.x_y'])('%s is a path', path => {
  expect(checkPath(path)).toBe(path);
});

test.each(['', '.spec.template', 'spec..template', 'spec.template.', 'spec.template?', '$.spec', 'spec[0].template', '/spec/template', 'spec.*.template', 'spec template'])('%p is none', path => {
  expect(() => checkPath(path)).toThrow(`path '${path}' to a pod template is not valid: give keys`);
});
