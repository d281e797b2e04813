import { Environment, server } from './fixture';
import { DisruptionBudget, ModelServerProps, ScalingMetric } from '../../lib/workload';

const METRIC = ScalingMetric.pods({ name: 'waiting', averageValue: '5' });
const SELECTOR = { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': 'llama' };

const budgetOf = (props: Partial<ModelServerProps>) => server(props).disruptionBudget?.toJson();

test('with more replicas than one, one may be evicted at once, and one that never gets ready holds no node', () => {
  expect(budgetOf({ replicas: 2 })).toEqual({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'llama', namespace: 'serving', labels: SELECTOR },
    spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: SELECTOR } },
  });
});

test('an autoscaled server has a budget, even where it may shrink to one pod', () => {
  expect(budgetOf({ autoscaling: { maxReplicas: 4, metric: METRIC } })?.spec.maxUnavailable).toBe(1);
});

test.each([0, 1, undefined])('%p replicas have none', replicas => {
  expect(budgetOf({ replicas })).toBeUndefined();
});

test('a budget of your own wins, and so does none', () => {
  expect(budgetOf({ replicas: 8, disruptionBudget: DisruptionBudget.maxUnavailable(3) })?.spec.maxUnavailable).toBe(3);
  expect(budgetOf({ replicas: 1, disruptionBudget: DisruptionBudget.maxUnavailable(1) })?.spec.maxUnavailable).toBe(1);
  expect(budgetOf({ replicas: 8, disruptionBudget: DisruptionBudget.none() })).toBeUndefined();
});

test.each([0, -1, 0.5, NaN])('%p pods that may be missing would block every drain, or are no number of pods', pods => {
  expect(() => DisruptionBudget.maxUnavailable(pods)).toThrow(`maxUnavailable of a disruption budget is ${pods}: give a whole number of at least 1, known at synth`);
});

test('it is in the file of its server', () => {
  const environment = new Environment();
  environment.server({ replicas: 2 });
  environment.synth();
  expect(environment.names()).toEqual(['serving.llama.serviceaccount.yaml', 'serving.llama.yaml']);
  expect(environment.files()['serving.llama.yaml']).toContain('kind: PodDisruptionBudget');
});
