import { Lazy, Stack } from 'aws-cdk-lib';
import { JsonPatch } from 'cdk8s';
import { Environment, refusal } from './fixture';
import { ModelServer, TrafficSplit, TrafficSplitProps, WeightedBackend } from '../../lib/workload';

const GATEWAY = { name: 'public', namespace: 'infra' };

function split(environment: Environment, backends: WeightedBackend[], props: Partial<TrafficSplitProps> = {}): TrafficSplit {
  return new TrafficSplit(environment.manifests, 'chat', { gateway: GATEWAY, backends, ...props });
}

function versions(count = 2): { environment: Environment; servers: ModelServer[] } {
  const environment = new Environment();
  return { environment, servers: Array.from({ length: count }, (_, index) => environment.server({}, `v${index + 1}`)) };
}

const weighted = (servers: ModelServer[], ...weights: number[]) => servers.map((server, index) => ({ server, weight: weights[index] }));

test('an HTTPRoute gives each server its part of the requests, in a file of its own', () => {
  const { environment, servers: [one] } = versions(1);
  const two = environment.server({ port: 9000 }, 'v2');
  split(environment, [{ server: one, weight: 90 }, { server: two, weight: 10 }], { hostnames: ['chat.example.com'], path: '/v1' });
  environment.synth();
  expect(environment.names()).toEqual(expect.arrayContaining(['serving.chat.httproute.yaml', 'serving.v1.yaml', 'serving.v2.yaml']));
  expect(environment.documents().filter(({ kind }) => kind === 'HTTPRoute')).toEqual([{
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'chat', namespace: 'serving', labels: { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': 'chat' } },
    spec: {
      parentRefs: [{ name: 'public', namespace: 'infra' }],
      hostnames: ['chat.example.com'],
      rules: [{
        matches: [{ path: { type: 'PathPrefix', value: '/v1' } }],
        backendRefs: [{ name: 'v1', port: 8000, weight: 90 }, { name: 'v2', port: 9000, weight: 10 }],
      }],
    },
  }]);
});

test('a split has the name that it is given', () => {
  const { environment, servers } = versions();
  const { route } = split(environment, weighted(servers, 1, 1), { name: 'chat-8b' });
  expect(route.name).toBe('chat-8b');
  environment.synth();
  expect(environment.names()).toContain('serving.chat-8b.httproute.yaml');
});

test('a Service that is patched later is led to as it is then', () => {
  const { environment, servers } = versions();
  const { route } = split(environment, weighted(servers, 1, 1));
  servers[1].service.addJsonPatch(JsonPatch.replace('/spec/ports/0/port', 80));
  expect(route.toJson().spec.rules[0].backendRefs).toEqual([{ name: 'v1', port: 8000, weight: 1 }, { name: 'v2', port: 80, weight: 1 }]);
});

test('weights from 0 to 1,000,000 are taken, and one server may have all', () => {
  for (const weights of [[0, 1_000_000], [1, 0]]) {
    const { environment, servers } = versions();
    const { backendRefs } = split(environment, weighted(servers, ...weights)).route.toJson().spec.rules[0];
    expect(backendRefs.map(({ weight }: any) => weight)).toEqual(weights);
  }
  const { environment, servers } = versions(1);
  expect(split(environment, weighted(servers, 1)).route.toJson().spec.rules[0].backendRefs).toHaveLength(1);
});

test.each([[-1], [0.5], [NaN], [1_000_001], [Lazy.number({ produce: () => 1 }), 'an unresolved token']])('%p is no weight', (weight, spelled = String(weight)) => {
  const { environment, servers } = versions();
  expect(() => split(environment, weighted(servers, 1, weight))).toThrow(`weight of server 'v2' in split 'chat' is ${spelled}: give a whole number from 0 to 1000000, known at synth`);
});

test('a split that leads nowhere is refused', () => {
  const { environment, servers } = versions();
  expect(() => split(environment, weighted(servers, 0, 0))).toThrow("split 'chat' has weight 0 for every server, and each request would fail: give one of them a weight above 0");
  expect(() => split(new Environment(), [])).toThrow("split 'chat' has 0 backends: give 1 to 16");
});

test('a server twice is refused, and so are more than 16', () => {
  const { environment, servers } = versions(17);
  expect(() => split(environment, weighted([servers[0], servers[0]], 1, 2))).toThrow("split 'chat' has server 'v1' twice: give it one weight");
  const backends = servers.map(server => ({ server, weight: 1 }));
  expect(() => new TrafficSplit(environment.manifests, 'many', { gateway: GATEWAY, backends })).toThrow("split 'many' has 17 backends: give 1 to 16");
  new TrafficSplit(environment.manifests, 'full', { gateway: GATEWAY, backends: backends.slice(1) });
});

test('servers of two namespaces are refused', () => {
  const { environment, servers } = versions(1);
  const other = environment.server({ identity: environment.readers.associate({ namespace: 'search', serviceAccount: 'llama' }) }, 'other');
  expect(() => split(environment, weighted([...servers, other], 1, 1))).toThrow(
    "split 'chat' leads to 'v1' in namespace 'serving' and to 'other' in 'search': give servers of one namespace, others are not reached without a ReferenceGrant",
  );
});

test('hosts, paths and names are checked as those of an HTTPRoute', () => {
  const { environment, servers } = versions();
  const backends = weighted(servers, 1, 1);
  expect(() => split(environment, backends, { path: 'v1' })).toThrow("path of an HTTPRoute 'v1' is not valid");
  expect(() => new TrafficSplit(environment.manifests, 'b', { gateway: GATEWAY, backends, hostnames: ['a b'] })).toThrow("hostname of an HTTPRoute 'a b' is not valid");
  expect(() => new TrafficSplit(environment.manifests, 'c', { gateway: { name: 'a/b' }, backends })).toThrow("name of a Gateway 'a/b' is not valid");
  expect(() => new TrafficSplit(environment.manifests, 'D', { gateway: GATEWAY, backends })).toThrow("workload name 'D' is not valid");
});

test('a split in the tree of the CDK app is refused, as nobody would write it', () => {
  const { environment, servers } = versions();
  const props = { gateway: GATEWAY, backends: weighted(servers, 1, 1) };
  expect(() => new TrafficSplit(new Stack(environment.app, 'Other'), 'chat', props)).toThrow(
    "split 'chat' is in the tree of the CDK app, which writes no Kubernetes objects: pass a ModelManifests as its scope",
  );
});

test('a token in the route is refused with its place', () => {
  const { environment, servers } = versions();
  split(environment, weighted(servers, 1, 1), { hostnames: [Lazy.string({ produce: () => 'chat.example.com' })] });
  expect(refusal(() => environment.synth())).toContain('spec.hostnames');
});

test('a change of weights changes the route alone', () => {
  const [before, after] = [[100, 0], [0, 100]].map(weights => {
    const { environment, servers } = versions();
    split(environment, weighted(servers, ...weights));
    environment.synth();
    return environment.files();
  });
  expect(Object.keys(after).filter(name => after[name] !== before[name])).toEqual(['serving.chat.httproute.yaml']);
});
