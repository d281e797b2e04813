import { Duration } from 'aws-cdk-lib';
import { Environment, server } from './fixture';
import { Autoscaling, ScalingMetric } from '../../lib/workload';

const QUEUE = ScalingMetric.external({ name: 'sqs_messages', labels: { queue: 'llama-requests' }, averageValue: '10' });
const scaled = (autoscaling: Partial<Autoscaling> = {}) => server({ autoscaling: { maxReplicas: 4, metric: QUEUE, ...autoscaling } });

test('the autoscaler is this one', () => {
  const { metadata, ...rest } = scaled({ minReplicas: 2, scaleDownStabilization: Duration.minutes(30) }).autoscaler!.toJson();
  expect(metadata).toMatchObject({ name: 'llama', namespace: 'serving' });
  expect(rest).toEqual({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'llama' },
      minReplicas: 2,
      maxReplicas: 4,
      metrics: [{
        type: 'External',
        external: { metric: { name: 'sqs_messages', selector: { matchLabels: { queue: 'llama-requests' } } }, target: { type: 'AverageValue', averageValue: '10' } },
      }],
      behavior: { scaleDown: { stabilizationWindowSeconds: 1800 } },
    },
  });
});

test('what is left out is left to Kubernetes, but for the least number of pods', () => {
  const { spec } = scaled().autoscaler!.toJson();
  expect(spec.minReplicas).toBe(1);
  expect(spec).not.toHaveProperty('behavior');
});

test('an autoscaled Deployment has no replicas, which each apply would set again', () => {
  expect(scaled().deployment.toJson().spec).not.toHaveProperty('replicas');
  expect(server().autoscaler).toBeUndefined();
});

test('it is in the file of its server', () => {
  const environment = new Environment();
  environment.server({ autoscaling: { maxReplicas: 4, metric: QUEUE } });
  environment.synth();
  expect(environment.files()['serving.llama.yaml']).toContain('kind: HorizontalPodAutoscaler');
});

test('metrics are spelled as in an autoscaler', () => {
  const target = { type: 'AverageValue', averageValue: '500m' };
  expect(ScalingMetric.pods({ name: 'vllm:num_requests_waiting', averageValue: '500m' })._metric).toEqual({ type: 'Pods', pods: { metric: { name: 'vllm:num_requests_waiting' }, target } });
  expect(ScalingMetric.pods({ name: 'waiting', labels: { 'model': 'llama', 'app.kubernetes.io/name': '' }, averageValue: '500m' })._metric.pods.metric.selector)
    .toEqual({ matchLabels: { 'model': 'llama', 'app.kubernetes.io/name': '' } });
  expect(ScalingMetric.external({ name: 'queue', value: '1k' })._metric.external).toEqual({ metric: { name: 'queue' }, target: { type: 'Value', value: '1k' } });
  expect(ScalingMetric.external({ name: 'queue', labels: {}, averageValue: '1.5' })._metric.external.metric).toEqual({ name: 'queue' });
});

const REFUSED: Record<string, [() => unknown, string]> = {
  'replicas beside autoscaling': [() => server({ replicas: 0, autoscaling: { maxReplicas: 4, metric: QUEUE } }), "server 'llama' has replicas and autoscaling, and each apply would undo what the autoscaler did: give one of both"],
  'no pods at least': [() => scaled({ minReplicas: 0 }), "minReplicas of server 'llama' is 0: give a whole number of at least 1"],
  'half a pod': [() => scaled({ minReplicas: 1.5 }), "minReplicas of server 'llama' is 1.5"],
  'half a pod at most': [() => scaled({ maxReplicas: 1.5 }), "maxReplicas of server 'llama' is 1.5"],
  'no pods at most': [() => scaled({ maxReplicas: 0 }), "maxReplicas of server 'llama' is 0"],
  'fewer at most than at least': [() => scaled({ minReplicas: 3, maxReplicas: 2 }), "maxReplicas of server 'llama' is 2 and minReplicas 3: give at least as many"],
  'more than an hour': [() => scaled({ scaleDownStabilization: Duration.seconds(3601) }), 'scaleDownStabilization is 3601 seconds: give a Duration of whole seconds up to an hour'],
  'half a second': [() => scaled({ scaleDownStabilization: Duration.millis(1500) }), 'scaleDownStabilization is 1.5 seconds: give'],
  'neither target': [() => ScalingMetric.external({ name: 'queue' }), "metric 'queue' has neither averageValue nor value: give one of both"],
  'both targets': [() => ScalingMetric.external({ name: 'queue', value: '1', averageValue: '1' }), "metric 'queue' has averageValue and value: give one of both"],
  'a target that is no quantity': [() => ScalingMetric.pods({ name: 'waiting', averageValue: 'ten' }), "averageValue of a metric 'ten' is not valid: use a quantity"],
  'a value that is no quantity': [() => ScalingMetric.external({ name: 'queue', value: '-1' }), "value of a metric '-1' is not valid: use a quantity"],
  'a target of nothing': [() => ScalingMetric.pods({ name: 'waiting', averageValue: '0.0Gi' }), "averageValue of a metric is '0.0Gi': give a quantity above 0"],
  'nothing times a thousand': [() => ScalingMetric.external({ name: 'queue', value: '0e3' }), "value of a metric is '0e3': give a quantity above 0"],
  'a metric without a name': [() => ScalingMetric.pods({ name: '', averageValue: '1' }), "name of a metric '' is not valid: use a name without spaces, '/' and '%'"],
  'a metric that is a path': [() => ScalingMetric.pods({ name: 'a/b', averageValue: '1' }), "name of a metric 'a/b' is not valid"],
  'a metric that is two dots': [() => ScalingMetric.pods({ name: '..', averageValue: '1' }), "name of a metric '..' is not valid"],
  'a label that is none': [() => ScalingMetric.pods({ name: 'a', labels: { 'a b': 'x' }, averageValue: '1' }), "label of metric 'a' 'a b' is not valid"],
  'a label with a value that is none': [() => ScalingMetric.pods({ name: 'a', labels: { a: 'x y' }, averageValue: '1' }), "value of label 'a' of metric 'a' 'x y' is not valid"],
};

test.each(Object.keys(REFUSED))('%s: refused with the value, the reason and the fix', name => {
  const [act, message] = REFUSED[name];
  expect(act).toThrow(message);
});

test('bounds themselves are taken', () => {
  expect(scaled({ minReplicas: 1, maxReplicas: 1, scaleDownStabilization: Duration.hours(1) }).autoscaler!.toJson().spec).toMatchObject({
    minReplicas: 1, maxReplicas: 1, behavior: { scaleDown: { stabilizationWindowSeconds: 3600 } },
  });
  const { behavior } = scaled({ scaleDownStabilization: Duration.seconds(0) }).autoscaler!.toJson().spec;
  expect(behavior).toEqual({ scaleDown: { stabilizationWindowSeconds: 0 } });
});
