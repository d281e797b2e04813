import { Environment, server } from './fixture';
import { Exposure } from '../../lib/workload';

const HOST = 'llama.example.com';
const GATEWAY = { name: 'public' };
const routeOf = (exposure: Exposure, port?: number) => server({ exposure, port }).route!.toJson();
const LABELS = { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': 'llama' };

test('a server is not exposed by itself', () => {
  expect(server().route).toBeUndefined();
});

test('an Ingress leads the host to the Service', () => {
  expect(routeOf(Exposure.ingress({ host: HOST }))).toEqual({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'llama', namespace: 'serving', labels: LABELS },
    spec: { rules: [{ host: HOST, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'llama', port: { name: 'http' } } } }] } }] },
  });
});

test('an Ingress has a class, a path, a certificate and annotations', () => {
  const annotations = { 'alb.ingress.kubernetes.io/target-type': 'ip', 'Example.com/Note': 'any text: {"a": 1}' };
  const { metadata, spec } = routeOf(Exposure.ingress({ host: '*.example.com', className: 'alb', path: '/v1/llama', tlsSecretName: 'llama.tls', annotations }));
  expect(metadata.annotations).toEqual(annotations);
  expect(spec).toMatchObject({ ingressClassName: 'alb', tls: [{ hosts: ['*.example.com'], secretName: 'llama.tls' }], rules: [{ host: '*.example.com', http: { paths: [{ path: '/v1/llama' }] } }] });
});

test('an HTTPRoute leads from the Gateway to the port of the Service', () => {
  expect(routeOf(Exposure.httpRoute({ gateway: GATEWAY, hostnames: [HOST] }), 9000)).toEqual({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'llama', namespace: 'serving', labels: LABELS },
    spec: {
      parentRefs: [{ name: 'public' }],
      hostnames: [HOST],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ name: 'llama', port: 9000 }] }],
    },
  });
});

test('an HTTPRoute names a listener of a Gateway elsewhere, and takes the hosts of the listener', () => {
  const { spec } = routeOf(Exposure.httpRoute({ gateway: { name: 'public', namespace: 'infra', sectionName: 'https' }, path: '/llama/' }));
  expect(spec.parentRefs).toEqual([{ name: 'public', namespace: 'infra', sectionName: 'https' }]);
  expect(spec).not.toHaveProperty('hostnames');
  expect(spec.rules[0].matches[0].path.value).toBe('/llama/');
});

test('one exposure leads to the server that it is given to', () => {
  const environment = new Environment();
  const exposure = Exposure.ingress({ host: HOST, path: '/a' });
  environment.server({ exposure }, 'one');
  environment.server({ exposure }, 'two');
  environment.synth();
  const backends = environment.documents().filter(({ kind }) => kind === 'Ingress').map(({ spec }) => spec.rules[0].http.paths[0].backend.service.name);
  expect(backends.sort()).toEqual(['one', 'two']);
});

test.each(['', 'Llama.example.com', 'a b', 'example..com', '.example.com', '*', 'a.*.com', '*.*.com', '10.0.0.1', 'https://a.com', 'a.com/x', 'a.com:80', `${'a.'.repeat(127)}ab`])('%p is no host', host => {
  expect(() => Exposure.ingress({ host })).toThrow(`host of an Ingress '${host}' is not valid: use a DNS name such as 'llama.example.com' or '*.example.com', which is no address`);
  expect(() => Exposure.httpRoute({ gateway: GATEWAY, hostnames: [HOST, host] })).toThrow(`hostname of an HTTPRoute '${host}' is not valid`);
});

test.each(['', 'v1', '//', '/a//b', '/a/../b', '/a/.', '/..', '/a b', '/a?b', '/a#b', '/%zz', '/a%2Fb', '/a%2fb', '/ü', `/${'a'.repeat(1024)}`])('%p is no path', path => {
  expect(() => Exposure.ingress({ host: HOST, path })).toThrow(`path of an Ingress '${path}' is not valid: use an absolute path such as '/llama', without empty, '.' or '..' segments`);
  expect(() => Exposure.httpRoute({ gateway: GATEWAY, path })).toThrow(`path of an HTTPRoute '${path}' is not valid`);
});

test.each(['/', '/a', '/a/', '/a.b/..c/~d', '/a%20b:c@d=e', `/${'a'.repeat(1023)}`])('%p is a path', path => {
  expect(routeOf(Exposure.ingress({ host: HOST, path })).spec.rules[0].http.paths[0].path).toBe(path);
});

const REFUSED: Record<string, [() => unknown, string]> = {
  'a class': [() => Exposure.ingress({ host: HOST, className: 'ALB' }), "name of an ingress class 'ALB' is not valid"],
  'a Secret': [() => Exposure.ingress({ host: HOST, tlsSecretName: 'a_b' }), "name of a Secret 'a_b' is not valid"],
  'an annotation': [() => Exposure.ingress({ host: HOST, annotations: { 'a b': 'x' } }), "annotation of an Ingress 'a b' is not valid: use a name such as"],
  'a Gateway': [() => Exposure.httpRoute({ gateway: { name: 'a/b' } }), "name of a Gateway 'a/b' is not valid"],
  'its namespace': [() => Exposure.httpRoute({ gateway: { name: 'a', namespace: 'a.b' } }), "namespace of a Gateway 'a.b' is not valid"],
  'a long namespace': [() => Exposure.httpRoute({ gateway: { name: 'a', namespace: 'a'.repeat(64) } }), 'namespace of a Gateway'],
  'a listener': [() => Exposure.httpRoute({ gateway: { name: 'a', sectionName: '-' } }), "name of a listener '-' is not valid"],
  'too many hostnames': [() => Exposure.httpRoute({ gateway: { name: 'a' }, hostnames: Array(17).fill(HOST) }), 'an HTTPRoute has 17 hostnames, and takes 16: give fewer'],
};

test.each(Object.keys(REFUSED))('%s that is not valid is refused', name => {
  const [act, message] = REFUSED[name];
  expect(act).toThrow(message);
});
