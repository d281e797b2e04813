import { model, UNKNOWN } from './fixture';
import { pod, USER } from './oci-fixture';
import { userOf } from '../../lib/delivery/pod-user';

const container = (name: string, securityContext?: any) => ({ name, ...securityContext ? { securityContext } : {} });
const of = (spec: any, runAs?: any, readers?: string[]) => userOf(pod(spec, { readers, containers: spec.containers?.map(({ name }: any) => name) ?? ['server'] }), runAs, model());
const NEITHER = { securityContext: undefined };

test('a container is whom it says, or its pod, or what is given', () => {
  expect(of({})).toEqual(USER);
  expect(of({ containers: [container('server', { runAsUser: 7, runAsGroup: 8 })] })).toEqual({ user: 7, group: 8 });
  expect(of({ containers: [container('server', { runAsUser: 7 })] })).toEqual({ user: 7, group: 1000 });
  expect(of({ ...NEITHER, containers: [container('server', { runAsUser: 7 })] }, { user: 7, group: 9 })).toEqual({ user: 7, group: 9 });
  expect(of(NEITHER, { user: 0, group: 0 })).toEqual({ user: 0, group: 0 });
  expect(of({ containers: [container('server', { runAsUser: null, runAsGroup: null })] })).toEqual(USER);
});

test('capabilities are those of the container', () => {
  const capabilities = { drop: ['ALL'], add: ['NET_BIND_SERVICE'] };
  expect(of({ containers: [container('server', { capabilities })] })).toEqual({ ...USER, capabilities });
});

test.each([
  ['runAsUser', undefined],
  ['runAsUser', { runAsGroup: 1000 }],
  ['runAsGroup', { runAsUser: 1000 }],
])('OCI-05 an unknown %s is refused, never guessed', (key, securityContext) => {
  expect(() => of({ securityContext })).toThrow(`container 'server' reads through the processes of its pod, which takes the same user and group, for model serving/llama@1, and its ${key} is not known: `
    + 'set it in its securityContext, say what its image has by runAs: { user, group }, or deliver the model with ModelDelivery.ociCopy');
});

test.each([
  [{ runAsUser: 1000, runAsGroup: 1001 }, '1000:1001'],
  [{ runAsUser: 1001, runAsGroup: 1000 }, '1001:1000'],
])('OCI-05 two readers that differ are refused: %j', (securityContext, other) => {
  const containers = [container('server'), container('proxy', securityContext)];
  expect(() => of({ containers })).toThrow(`containers 'server' and 'proxy' run as 1000:1000 and ${other}, and model serving/llama@1 is to be read by one user and group through the processes of the pod: give both the same, or deliver it with ModelDelivery.ociCopy`);
  expect(of({ containers }, undefined, ['server'])).toEqual(USER); // the other reads no model
});

test('what is given must not contradict what the pod says', () => {
  expect(() => of({}, { user: 1000, group: 2000 })).toThrow("container 'server' runs as 1000:1000, and runAs of model serving/llama@1 says 1000:2000: leave runAs out, or give both the same");
  expect(of({}, USER)).toEqual(USER);
});

test('root in a pod that admits none is refused, as the kubelet would', () => {
  const says = 'container \'server\' has runAsNonRoot: true, and would run as user 0, which the kubelet refuses: give runAs of model serving/llama@1 the user that its image has, or remove runAsNonRoot';
  expect(() => of({ securityContext: { runAsNonRoot: true } }, { user: 0, group: 0 })).toThrow(says);
  expect(() => of({ ...NEITHER, containers: [container('server', { runAsNonRoot: true })] }, { user: 0, group: 0 })).toThrow(says);
  expect(of({ securityContext: { runAsNonRoot: true }, containers: [container('server', { runAsNonRoot: false })] }, { user: 0, group: 0 })).toMatchObject({ user: 0 });
});

test('a container with an AppArmor profile of its own is refused, as the look has that of the runtime', () => {
  expect(() => of({ containers: [container('server', { appArmorProfile: { type: 'Localhost', localhostProfile: 'strict' } })] })).toThrow("container 'server' has an appArmorProfile of its own");
  expect(of({ containers: [container('server', { appArmorProfile: { type: 'RuntimeDefault' } })] })).toEqual(USER);
});

test.each(['1000', -1, 1.5, UNKNOWN, 2 ** 31])('%p is no number of a user', runAsUser => {
  expect(() => of({ securityContext: { runAsUser, runAsGroup: 1000 } })).toThrow(`runAsUser of container 'server' is ${JSON.stringify(runAsUser)}, and must be a whole number, known at synth`);
});

test('a container with a label of its own is refused, since the process that holds the model has that of the pod', () => {
  expect(() => of({ containers: [container('server', { seLinuxOptions: { type: 'spc_t' } })] })).toThrow("container 'server' has seLinuxOptions of its own");
  expect(of({ securityContext: { runAsUser: 1000, runAsGroup: 1000, seLinuxOptions: { level: 's0' } } })).toEqual(USER);
});

test('before a pod is known, its user is nobody, with whom no pod starts, or who is given', () => {
  const facts = { containers: [] };
  expect(userOf(facts, undefined, model())).toEqual({ user: -1, group: -1 });
  expect(userOf(facts, USER, model())).toEqual(USER);
});
