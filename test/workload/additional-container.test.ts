import { Environment, messages, podOf, server } from './fixture';
import { AdditionalContainer } from '../../lib/workload';
import { DIGEST, UNKNOWN } from '../delivery/fixture';

const IMAGE = `registry.example/proxy:1@${DIGEST}`;
const plain = (name: string, fields = {}): AdditionalContainer => ({ container: { name, image: IMAGE, ...fields } });
const specOf = (...containers: AdditionalContainer[]) => podOf(server({ containers })).spec;
const RESTRICTED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const MODEL = { name: 'model-llama', mountPath: '/mnt/llama/models', subPath: 'models', readOnly: true };

test('a container stands behind the server, restricted, as it was given', () => {
  const fields = { args: ['--x'], ports: [{ containerPort: 9090 }], lifecycle: { preStop: { sleep: { seconds: 5 } } }, fieldOfTomorrow: true };
  const { containers, initContainers } = specOf(plain('proxy', fields));
  expect(containers.map(({ name }: any) => name)).toEqual(['server', 'proxy']);
  expect(containers[1]).toEqual({ name: 'proxy', image: IMAGE, ...fields, securityContext: RESTRICTED });
  expect(initContainers.map(({ name }: any) => name)).toEqual(['download-llama']);
});

test('what is given is not changed', () => {
  const container = Object.freeze({ name: 'proxy', image: IMAGE, securityContext: Object.freeze({}) });
  expect(specOf({ container, sidecar: true, readsModels: true }).initContainers[1]).toMatchObject({ securityContext: RESTRICTED });
  expect(Object.keys(container)).toEqual(['name', 'image', 'securityContext']);
});

test('a name that YAML would take for a number is a name', () => {
  const { containers, initContainers } = specOf({ ...plain(7 as any), sidecar: true, readsModels: true }, { ...plain('008'), readsModels: true });
  expect([initContainers[1], containers[1]].map(({ name, volumeMounts }: any) => [name, volumeMounts])).toEqual([['7', [MODEL]], ['008', [MODEL]]]);
});

test('only who reads the models has them, read-only', () => {
  const [, proxy, reader] = specOf(plain('proxy'), { ...plain('reader', { volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }] }), readsModels: true }).containers;
  expect(proxy).not.toHaveProperty('volumeMounts');
  expect(reader.volumeMounts).toEqual([{ name: 'scratch', mountPath: '/tmp' }, MODEL]);
});

test('a sidecar goes on beside the server, and starts after the downloads', () => {
  const { containers, initContainers } = specOf({ ...plain('proxy'), sidecar: true }, plain('logs'), { ...plain('metrics'), sidecar: true, readsModels: true });
  expect(containers.map(({ name }: any) => name)).toEqual(['server', 'logs']);
  expect(initContainers.map(({ name, restartPolicy }: any) => [name, restartPolicy])).toEqual([['download-llama', undefined], ['proxy', 'Always'], ['metrics', 'Always']]);
  expect(initContainers[2].volumeMounts).toEqual([MODEL]);
});

test('every container but the downloader is kept from the credentials, or none', () => {
  const containers = [{ ...plain('proxy'), sidecar: true }, plain('logs')];
  expect(podOf(server({ containers })).metadata.annotations['eks.amazonaws.com/skip-containers'].split(',').sort()).toEqual(['logs', 'proxy', 'server']);
  expect(podOf(server({ containers, withholdCredentials: false })).metadata.annotations).not.toHaveProperty('eks.amazonaws.com/skip-containers');
});

test('a security context of its own stays, and what is missing in it is filled in', () => {
  const given = { runAsUser: 101, readOnlyRootFilesystem: true, capabilities: { add: ['NET_BIND_SERVICE'] } };
  expect(specOf(plain('proxy', { securityContext: given })).containers[1].securityContext).toEqual({
    allowPrivilegeEscalation: false, runAsUser: 101, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
  });
  const own = { allowPrivilegeEscalation: true, capabilities: { drop: ['NET_RAW'] } };
  expect(server({ containers: [plain('proxy', { securityContext: own })] }).deployment.toJson().spec.template.spec.containers[1].securityContext).toEqual(own);
});

test.each<[any, string]>([
  ['server', "server 'llama' has a container 'server' already, or keeps that name for downloads: give the additional one another name"],
  ['download-llama', "server 'llama' has a container 'download-llama' already, or keeps that name"],
  ['download-x', "server 'llama' has a container 'download-x' already, or keeps that name"],
  ['proxy', "server 'llama' has a container 'proxy' already"],
  ['Proxy', "name of a container of server 'llama' 'Proxy' is not valid: use lowercase letters"],
  ['a.b', "name of a container of server 'llama' 'a.b' is not valid"],
  ['a'.repeat(64), 'has 64 characters'],
  ['', "name of a container of server 'llama' '' is not valid"],
  [undefined, "name of a container of server 'llama' '' is not valid"],
  [UNKNOWN, "name of a container of server 'llama' must be known at synth"],
])('name %p is refused', (name, message) => {
  expect(() => server({ containers: [{ ...plain('proxy'), sidecar: true }, plain(name)] })).toThrow(message);
});

test('a container that is none is refused', () => {
  expect(() => server({ containers: [{ container: undefined }] })).toThrow("name of a container of server 'llama' '' is not valid");
});

test('its image is warned about and reported like any other', () => {
  const environment = new Environment();
  environment.server({ containers: [{ container: { name: 'proxy', image: 'proxy:latest' }, sidecar: true }] });
  expect(messages(environment.synth()).join()).toContain("image 'proxy:latest' is not pinned by digest");
  expect(environment.manifests.images).toContain('proxy:latest');
});
