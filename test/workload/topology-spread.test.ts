import { podOf, server } from './fixture';
import { ModelServerProps, TopologySpread, WhenUnsatisfiable } from '../../lib/workload';

const SELECTOR = { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': 'llama' };
const constraints = (props: Partial<ModelServerProps>) => podOf(server(props)).spec.topologySpreadConstraints;

test('pods are spread as the scheduler does, unless told otherwise', () => {
  expect(constraints({})).toBeUndefined();
  expect(constraints({ topologySpread: [] })).toBeUndefined();
});

test('pods of the server are spread over zones, nodes and anything else', () => {
  const topologySpread = [
    TopologySpread.zones(),
    TopologySpread.hosts({ maxSkew: 2, whenUnsatisfiable: WhenUnsatisfiable.DO_NOT_SCHEDULE }),
    TopologySpread.of('example.com/rack', { whenUnsatisfiable: WhenUnsatisfiable.SCHEDULE_ANYWAY }),
  ];
  expect(constraints({ topologySpread })).toEqual([
    { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: SELECTOR } },
    { maxSkew: 2, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: SELECTOR } },
    { maxSkew: 1, topologyKey: 'example.com/rack', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: SELECTOR } },
  ]);
});

test('one label may be spread over softly and strictly, but not twice alike', () => {
  const strict = { whenUnsatisfiable: WhenUnsatisfiable.DO_NOT_SCHEDULE };
  expect(constraints({ topologySpread: [TopologySpread.zones(), TopologySpread.zones({ ...strict, maxSkew: 3 })] })).toHaveLength(2);
  expect(() => server({ topologySpread: [TopologySpread.zones(strict), TopologySpread.hosts(), TopologySpread.zones({ ...strict, maxSkew: 2 })] }))
    .toThrow("two topology spreads are both over 'topology.kubernetes.io/zone' with DoNotSchedule, and the API server takes one: remove one of them");
});

test.each([0, -1, 1.5, NaN])('a skew of %p is refused', maxSkew => {
  expect(() => TopologySpread.zones({ maxSkew })).toThrow(`maxSkew is ${maxSkew}: give a whole number of at least 1, known at synth`);
});

test.each(['', 'a b', '/a'])('label %p is refused', key => {
  expect(() => TopologySpread.of(key)).toThrow(`label of a node '${key}' is not valid: use a name such as`);
});

test('autoscalers of nodes leave the pods alone on request', () => {
  const asked = { 'karpenter.sh/do-not-disrupt': 'true', 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' };
  const made = podOf(server({ doNotDisrupt: true })).metadata.annotations;
  expect(made).toMatchObject(asked);
  expect(Object.keys(made)).toContain('cdk-eks-model-artifacts/models');
  for (const props of [{}, { doNotDisrupt: false }]) {
    expect(Object.keys(podOf(server(props)).metadata.annotations).filter(key => key in asked)).toEqual([]);
  }
});
