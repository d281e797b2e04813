import { Size } from 'aws-cdk-lib';
import { containerOf, Environment, podOf, server, variablesOf } from './fixture';
import { restrictedViolations } from './pod-security';
import { Engine } from '../../lib/workload';
import { model } from '../delivery/fixture';

const VIOLATIONS: Record<string, (spec: any) => unknown> = {
  'hostNetwork': spec => spec.hostNetwork = true,
  'hostPID': spec => spec.hostPID = true,
  'hostIPC': spec => spec.hostIPC = true,
  'sysctls': spec => spec.securityContext.sysctls = [{ name: 'kernel.msgmax', value: '1' }],
  'runAsUser of the pod': spec => spec.securityContext.runAsUser = 0,
  'seccompProfile of the pod': spec => spec.securityContext.seccompProfile.type = 'Unconfined',
  'seLinuxOptions of the pod': spec => spec.securityContext.seLinuxOptions = { type: 'spc_t' },
  'appArmorProfile of the pod': spec => spec.securityContext.appArmorProfile = { type: 'Unconfined' },
  'volume scratch': spec => spec.volumes[0] = { name: 'scratch', hostPath: { path: '/tmp' } },
  'privileged of server': spec => spec.containers[0].securityContext.privileged = true,
  'allowPrivilegeEscalation of server': spec => delete spec.containers[0].securityContext.allowPrivilegeEscalation,
  'allowPrivilegeEscalation of download-llama': spec => delete spec.initContainers[0].securityContext.allowPrivilegeEscalation,
  'capabilities not dropped of download-llama': spec => spec.initContainers[0].securityContext.capabilities.drop = ['NET_RAW'],
  'capabilities added of server': spec => spec.containers[0].securityContext.capabilities.add = ['SYS_ADMIN'],
  'runAsNonRoot of server': spec => delete spec.securityContext.runAsNonRoot,
  'seccompProfile of server': spec => delete spec.securityContext.seccompProfile,
  'runAsUser of download-llama': spec => spec.initContainers[0].securityContext.runAsUser = 0,
  'procMount of server': spec => spec.containers[0].securityContext.procMount = 'Unmasked',
  'hostPort of server': spec => spec.containers[0].ports[0].hostPort = 80,
};

test.each(Object.keys(VIOLATIONS))('the checker of Pod Security sees a wrong %s', name => {
  const { spec } = podOf(server());
  VIOLATIONS[name](spec);
  expect(restrictedViolations(spec)).toContain(name);
});

test('the user that the server runs as can be another', () => {
  expect(podOf(server({ runAsUser: 2000 })).spec.securityContext).toMatchObject({ runAsUser: 2000, runAsGroup: 2000, runAsNonRoot: true });
});

test('the token of the cluster stays out of the pod, and so do the variables of other services', () => {
  expect(podOf(server()).spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
});

test('S3-30 shared memory and scratch are bounded, and can be larger', () => {
  const sizes = (props = {}) => Object.fromEntries(podOf(server(props)).spec.volumes.slice(0, 2).map(({ name, emptyDir }: any) => [name, emptyDir]));
  expect(sizes()).toEqual({ scratch: { sizeLimit: '10240Mi' }, shm: { medium: 'Memory', sizeLimit: '2048Mi' } });
  expect(sizes({ sharedMemory: Size.gibibytes(16), scratch: Size.gibibytes(50) })).toEqual({ scratch: { sizeLimit: '51200Mi' }, shm: { medium: 'Memory', sizeLimit: '16384Mi' } });
});

test.each(['sharedMemory', 'scratch'])('S3-30 a %s of nothing would be one without bounds, and is refused', name => {
  expect(() => server({ [name]: Size.bytes(0) })).toThrow(name);
});

test('HOME and the caches below it are where the server may write', () => {
  const container = containerOf(server());
  const { HOME, XDG_CACHE_HOME, USER } = variablesOf(container);
  const [scratch] = container.volumeMounts.filter((mount: any) => !mount.readOnly && mount.mountPath === HOME);
  expect(scratch).toEqual({ name: 'scratch', mountPath: '/tmp' });
  expect(XDG_CACHE_HOME.startsWith(`${HOME}/`)).toBe(true);
  expect(USER).not.toBe('');
});

test('a server loads what is there and asks no hub', () => {
  expect(variablesOf(containerOf(server()))).toMatchObject({ HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' });
});

test('variables of your own win, each is there once, and the values are as given', () => {
  const container = containerOf(server({ env: { HF_HUB_OFFLINE: '0', HOME: '/tmp/home', EMPTY: '', NUMBER: '007' } }));
  expect(variablesOf(container)).toMatchObject({ HF_HUB_OFFLINE: '0', HOME: '/tmp/home', EMPTY: '', NUMBER: '007', TRANSFORMERS_OFFLINE: '1' });
  const names = container.env.map((variable: any) => variable.name);
  expect(new Set(names).size).toBe(names.length);
});

interface Windows {
  readonly startup: number;
  readonly progress: number;
}

function windows(...gibibytes: number[]): Windows {
  const environment = new Environment();
  const models = gibibytes.map((size, index) => environment.deliver(model(`m${index}`, { size: Size.gibibytes(size) })));
  const made = environment.server({ models, args: models.map(({ path }) => path) });
  const { startupProbe } = containerOf(made);
  return { startup: startupProbe.failureThreshold * startupProbe.periodSeconds, progress: made.deployment.toJson().spec.progressDeadlineSeconds };
}

test('the time to start follows from the size of the model', () => {
  const reading = (gibibytes: number) => Math.ceil(gibibytes * 1024 / 20);
  const tens = (seconds: number) => Math.ceil(seconds / 10) * 10;
  expect(windows(16)).toEqual({ startup: tens(600 + reading(16)), progress: 300 + reading(16) + 600 + reading(16) });
  expect(windows(160)).toEqual({ startup: tens(600 + reading(160)), progress: 300 + reading(160) + 600 + reading(160) });
  expect(windows(160)).toEqual({ startup: 8800, progress: 17284 });
  expect(windows(16, 160).startup).toBe(tens(600 + reading(16) + reading(160)));
});

test('the deadline of a rollout is longer than the download and the start together may take', () => {
  const { startup, progress } = windows(16);
  expect(progress).toBeGreaterThanOrEqual(startup + 820);
});

test('liveness is asked only beside a startup probe, which holds it back while a model loads', () => {
  for (const engine of [Engine.VLLM, Engine.TGI, Engine.TRITON, Engine.of({ args: ['{path}'], port: 80 })]) {
    const { startupProbe, livenessProbe } = containerOf(server({ engine }));
    expect(livenessProbe).toBeDefined();
    expect(startupProbe.failureThreshold * startupProbe.periodSeconds).toBeGreaterThan(livenessProbe.failureThreshold * livenessProbe.periodSeconds);
    expect(livenessProbe).not.toHaveProperty('initialDelaySeconds');
  }
});
