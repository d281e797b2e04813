import { Duration, Size } from 'aws-cdk-lib';
import { bind, DIGEST, model, programArguments } from './fixture';
import { attach, deployment, expanded, IDENTITY, image, named, PINNED, pod, podOfObject, shared, TAGGED, violations } from './oci-fixture';
import { ModelDelivery, ModelVolume, OciCopyOptions } from '../../lib/delivery';
import { bindModels } from '../../lib/delivery/bind-models';
import { SKIP_CONTAINERS } from '../../lib/delivery/pod-template';
import { transferProgram } from '../../lib/delivery/program';
import { containerOf, Environment, podOf } from '../workload/fixture';

const copy = (options: Partial<OciCopyOptions> = {}, what = shared, path?: string) =>
  ModelDelivery.ociCopy({ image: image(), ...options }).deliver(what, { path });
const parts = (options: Partial<OciCopyOptions> = {}, facts = pod()) => bind([copy(options)], facts);
const container = (options: Partial<OciCopyOptions> = {}, facts = pod()) => parts(options, facts).initContainers![0];

test('an init container of the image copies its folder, by the verified transfer, into a volume that the application reads', () => {
  const { initContainers, volumes, volumeMounts, startWindow, shareProcessNamespace } = parts();
  expect(named(initContainers)).toEqual(['copy-llama']);
  expect(expanded(initContainers![0].args[0])).toBe(transferProgram('cp'));
  expect(programArguments(initContainers![0])).toEqual([
    '--model=llama', '--source=/models/', `--digest=${DIGEST}`, `--max-bytes=${16 * 2 ** 30}`, '--destination=/models/model-llama',
  ]);
  expect(volumes!.map(({ name }) => name)).toEqual(['model-llama', 'model-download-work']);
  expect(volumeMounts).toEqual([{ name: 'model-llama', mountPath: '/mnt/llama/models', subPath: 'models', readOnly: true }]);
  expect(startWindow!.toSeconds()).toBe(300 + 820 + 300 + 820);
  expect(shareProcessNamespace).toBeUndefined();
});

test('OCI-16 the volume has a limit above the size of the model, and the pod asks for as much disk', () => {
  const { volumes, ephemeralStorage } = parts();
  expect([volumes![0].emptyDir.sizeLimit, ephemeralStorage!.toMebibytes()]).toEqual(['19661Mi', 19661]);
  expect(container().resources.requests['ephemeral-storage']).toBe('19661Mi');
  expect(containerOf(new Environment().server({ models: [copy()] })).resources.requests['ephemeral-storage']).toBe('29901Mi'); // with scratch
  expect(podOfObject(attach(deployment(), [copy()])).containers[0].resources).toEqual({ requests: { 'ephemeral-storage': '19661Mi' } });
});

test('OCI-16 a model in memory, and one in a claim, ask for what they take', () => {
  const memory = parts({ volume: ModelVolume.memory({ size: Size.gibibytes(20) }) });
  expect([memory.memory!.toGibibytes(), memory.ephemeralStorage]).toEqual([20, undefined]);
  const claim = parts({ volume: ModelVolume.existingClaim('weights') });
  expect([claim.fsGroup, programArguments(claim.initContainers![0]).at(-1)]).toEqual([65532, '--shared']);
});

test('OCI-06 OCI-07 OCI-17 it sets its command, and needs no network, no credentials and no right over files', () => {
  const { command, env, securityContext, volumeMounts } = container();
  expect(command.slice(0, 2)).toEqual(['/bin/sh', '-c']);
  expect(env.map(({ name }: any) => name)).toEqual(['MODEL_TRANSFER_JOBS', 'MODEL_TRANSFER_STALL', 'MODEL_TRANSFER_FLOOR']);
  expect(securityContext).toMatchObject({ runAsUser: 65532, runAsNonRoot: true, capabilities: { drop: ['ALL'] } });
  expect(volumeMounts.map(({ name }: any) => name)).toEqual(['model-llama', 'model-download-work']);
});

test('credentials are kept from the application, and from the image', () => {
  expect(parts({}, pod({}, { identity: IDENTITY })).annotations).toEqual({ [SKIP_CONTAINERS]: 'server,copy-llama' });
  expect(parts({}, pod({}, { identity: IDENTITY, withholdCredentials: false })).annotations).toEqual({});
});

test('what it says at its end is what the pod says', () => {
  expect(container().terminationMessagePolicy).toBe('FallbackToLogsOnError');
});

test('deliveries that differ in their settings have a container each', () => {
  const two = [copy(), copy({ parallelFiles: 1 }, shared, '/srv/again/models')];
  expect(bindModels(two, pod()).flatMap(({ initContainers }) => initContainers!.map(({ env }) => env[0].value))).toEqual(['4', '1']);
});

test('OCI-15 a digest is pulled where the node lacks it, a tag is looked up', () => {
  expect([container(), container({ image: image(TAGGED) })].map(made => [made.image, made.imagePullPolicy])).toEqual([[PINNED, 'IfNotPresent'], [TAGGED, 'Always']]);
});

test('OCI-26 the pod holds Pod Security restricted, and the path of the application is as with any other delivery', () => {
  const server = new Environment().server({ models: [copy()] });
  expect(violations(podOf(server).spec)).toEqual([]);
  expect(containerOf(server).args[0]).toBe('/mnt/llama/models');
  expect(violations(podOfObject(attach(deployment(), [copy()])))).toEqual([]);
});

test('OCI-28 any path can be had: nothing of the application is linked or hidden', () => {
  const [mount] = bind([copy({}, shared, '/models')], pod()).volumeMounts!;
  expect(mount).toMatchObject({ mountPath: '/models', subPath: 'models', readOnly: true });
});

test('rate, stall and files at once are settings', () => {
  const { env } = container({ floorRate: Size.mebibytes(1), stallTimeout: Duration.seconds(30), parallelFiles: 9 });
  expect(env.map(({ value }: any) => value)).toEqual(['9', '30', String(2 ** 20)]);
  expect(() => copy({ parallelFiles: 0 })).toThrow('parallelFiles is 0');
  expect(() => copy({ stallTimeout: Duration.millis(1) })).toThrow('stallTimeout must be known at synth, in whole seconds');
});

test.each(['DaemonSet', 'Job'])('a %s has it, too, and put in again it stays as it is', kind => {
  const once = attach(deployment(kind === 'Job' ? { restartPolicy: 'Never' } : {}, kind), [copy()]);
  expect(named(podOfObject(once).initContainers)).toEqual(['copy-llama']);
  expect(attach(once, [copy()])).toEqual(once);
});

test('OCI-29 a tenant has a warning, a model without any digest has one, and a tag of an image alone none here', () => {
  const ids = (what: ReturnType<typeof model>, from = image()) => bind([copy({ image: from }, what)], pod()).warnings!.map(({ id }) => id);
  expect(ids(model())).toEqual(['modelImageReadableByNode']);
  expect(ids(shared)).toEqual([]);
  expect(ids(model('llama', { tenant: undefined, digest: undefined }), image(TAGGED))).toEqual(['digestMissing']);
  expect(ids(model('llama', { tenant: undefined, digest: undefined }))).toEqual([]); // the digest of the image pins the bytes
});
