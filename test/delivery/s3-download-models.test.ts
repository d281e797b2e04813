import { Duration, Lazy, Size, Token } from 'aws-cdk-lib';
import { awsSide, bind, bucketIn, delivered, DIGEST, FACTS, model, programArguments, UNKNOWN } from './fixture';
import { DeliveredModel, Downloader, ModelVolume, S3DownloadOptions } from '../../lib/delivery';
import { bindModels } from '../../lib/delivery/bind-models';
import { mergePodParts } from '../../lib/delivery/pod-template';

const A_NUMBER = Token.asNumber(Lazy.any({ produce: () => 8 }));

const containers = (models: DeliveredModel[]) => bindModels(models, FACTS).flatMap(parts => parts.initContainers!);
const volumes = (models: DeliveredModel[]) => bindModels(models, FACTS).flatMap(parts => parts.volumes!)
  .filter(({ name }) => name.startsWith('model-') && !name.startsWith('model-download'));
const keyOf = (options: Partial<S3DownloadOptions>) => delivered(options).delivery.strategy.sharingKey;

test('several models share one container, from two buckets in two regions', () => {
  const models = [delivered(), delivered({ bucket: bucketIn('us-east-1', 'far-models') }, model('mistral', { tenant: undefined, size: Size.gibibytes(2) }))];
  const [container, ...others] = containers(models);
  expect(others).toEqual([]);
  expect(programArguments(container)).toEqual([
    '--model=llama', '--source=s3://acme-models/models/serving/llama/1/', '--region=eu-west-1', `--digest=${DIGEST}`, `--max-bytes=${16 * 2 ** 30}`, '--destination=/models/model-llama',
    '--model=mistral', '--source=s3://far-models/models/_shared/mistral/1/', '--region=us-east-1', `--digest=${DIGEST}`, `--max-bytes=${2 * 2 ** 30}`, '--destination=/models/model-mistral',
  ]);
  expect(bind(models).startWindow!.toSeconds()).toBe(300 + 820 + 300 + Math.ceil(2048 / 20));
});

test('each model has a volume of its own, of its own size, at its own path', () => {
  const models = [delivered(), delivered({ volume: ModelVolume.disk({ size: Size.gibibytes(50) }) }, model('mistral'), { path: '/opt/mistral' })];
  const [first, second] = volumes(models);
  expect([first, second].map(({ emptyDir }) => emptyDir)).toEqual([{ sizeLimit: '19661Mi' }, { sizeLimit: '51200Mi' }]);
  expect(first.name).not.toBe(second.name);
  expect(bind(models).volumeMounts).toEqual([
    { name: first.name, mountPath: '/mnt/llama/models', subPath: 'models', readOnly: true },
    { name: second.name, mountPath: '/opt/mistral', subPath: 'models', readOnly: true },
  ]);
});

test.each<[string, Partial<S3DownloadOptions>]>([
  ['a downloader', { downloader: Downloader.awsCli() }],
  ['an image', { downloader: Downloader.s5cmd({ image: `mirror.example/s5cmd:1@${DIGEST}` }) }],
  ['parallel files', { parallelFiles: 8 }],
  ['a stall timeout', { stallTimeout: Duration.minutes(1) }],
  ['a floor rate', { floorRate: Size.mebibytes(1) }],
  ['IPv6', { ipv6Cluster: true }],
  ['a start jitter', { startJitter: Duration.minutes(1) }],
])('%s of its own makes a container of its own', (_, options) => {
  expect(keyOf(options)).not.toBe(keyOf({}));
  expect(containers([delivered(), delivered(options, model('mistral'))]).map(({ name }) => name)).toEqual(['download-llama', 'download-mistral']);
});

test('options that are spelled out and the same as the defaults share the container', () => {
  const spelledOut = { downloader: Downloader.s5cmd(), parallelFiles: 4, stallTimeout: Duration.seconds(300), floorRate: Size.mebibytes(20) };
  expect(keyOf({ ...spelledOut, ipv6Cluster: false })).toBe(keyOf({}));
  expect(keyOf({ bucket: bucketIn('us-east-1', 'other'), volume: ModelVolume.memory() })).toBe(keyOf({}));
});

test('two containers go into one pod: token and work folder are shared', () => {
  const parts = bindModels([delivered(), delivered({ parallelFiles: 8 }, model('mistral'))], FACTS);
  const { spec } = parts.reduce((template, part) => mergePodParts(template, part, ['server']), { spec: { containers: [{ name: 'server' }] } } as any);
  expect(spec.initContainers).toHaveLength(2);
  expect(spec.volumes.map((volume: any) => volume.name)).toEqual(['model-llama', 'model-download-work', 'model-download-token', 'model-mistral']);
});

test('two versions of one model are kept apart', () => {
  const models = [delivered(), delivered({}, model('llama', { version: '2' }), { path: '/mnt/next/models' })];
  const [first, second] = volumes(models).map(({ name }) => name);
  expect(first).toBe('model-llama');
  expect(second).not.toBe(first);
  const destinations = programArguments(containers(models)[0]).filter(argument => argument.startsWith('--destination='));
  expect(destinations).toEqual([`--destination=/models/${first}`, `--destination=/models/${second}`]);
});

test('two versions of one model with different options are delivered to one pod', () => {
  const parts = bindModels([delivered(), delivered({ parallelFiles: 8 }, model('llama', { version: '2' }), { path: '/mnt/next/models' })], FACTS);
  const pod = parts.reduce((template, part) => mergePodParts(template, part, ['server']), { spec: { containers: [{ name: 'server' }] } } as any);
  expect(new Set(pod.spec.initContainers.map((container: any) => container.name)).size).toBe(2);
});

test('a model whose name ends in a number never lands in the volume of another', () => {
  const models = [delivered(), delivered({}, model('llama', { version: '2' }), { path: '/mnt/next/models' }), delivered({}, model('llama-2'))];
  const names = volumes(models).map(({ name }) => name);
  expect(new Set(names).size).toBe(3);
  const destinations = programArguments(containers(models)[0]).filter(argument => argument.startsWith('--destination='));
  expect(new Set(destinations).size).toBe(3);
});

test.each(['download-work', 'download-token'])('a model may be called %s, like a volume of ours', name => {
  const parts = bind([delivered({}, model(name))]);
  expect(new Set(parts.volumes!.map(volume => volume.name)).size).toBe(3);
});

test('names that are no DNS labels become such, and stay different', () => {
  const models = [delivered({}, model('llama-3.1')), delivered({}, model('llama-3-1')), delivered({}, model('x'.repeat(63)))];
  const names = volumes(models).map(({ name }) => name);
  expect(new Set(names).size).toBe(3);
  for (const name of [...names, ...containers(models).map(container => container.name)]) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
});

test('volumes and containers are named without the version, so that a release changes no name', () => {
  const names = (version: string) => [delivered({}, model('llama', { version }))].map(each => [containers([each]).map(({ name }) => name), volumes([each]).map(({ name }) => name)]);
  expect(names('2')).toEqual(names('1'));
});

test('a pod without an identity is refused', () => {
  expect(() => bind([delivered()], { containers: ['server'] }))
    .toThrow(/^model serving\/llama@1 is downloaded from S3, and the pod has no identity to read it with: pass identity, as readers\.associate/);
});

const INVALID: Record<string, [() => unknown, RegExp]> = {
  'parallelFiles 0': [() => delivered({ parallelFiles: 0 }), /^parallelFiles is 0: give a whole number from 1 to 64, known at synth$/],
  'parallelFiles 65': [() => delivered({ parallelFiles: 65 }), /^parallelFiles is 65: give/],
  'parallelFiles 1.5': [() => delivered({ parallelFiles: 1.5 }), /^parallelFiles is 1.5: give/],
  'parallelFiles as a token': [() => delivered({ parallelFiles: A_NUMBER }), /^parallelFiles is an unresolved token: give a whole number/],
  'stallTimeout of half a second': [() => delivered({ stallTimeout: Duration.millis(500) }), /^stallTimeout must be known at synth, in whole seconds/],
  'stallTimeout of nothing': [() => delivered({ stallTimeout: Duration.seconds(0) }), /^stallTimeout must be .* at least one: pass Duration\.minutes\(5\)$/],
  'stallTimeout as a token': [() => delivered({ stallTimeout: Duration.seconds(A_NUMBER) }), /^stallTimeout must be known at synth/],
  'floorRate of nothing': [() => delivered({ floorRate: Size.bytes(0) }), /^floorRate must be known at synth.* at least one.*: pass Size\.mebibytes\(20\)$/],
  'floorRate of a fraction, which the program refuses': [() => delivered({ floorRate: Size.bytes(1.5) }), /floorRate/],
  'floorRate as a token': [() => delivered({ floorRate: Size.bytes(A_NUMBER) }), /^floorRate must be known at synth/],
  'startJitter of nothing': [() => delivered({ startJitter: Duration.seconds(0) }), /^startJitter must be .* at least one: pass Duration\.minutes\(1\), or leave it out for none$/],
  'startJitter as a token': [() => delivered({ startJitter: Duration.seconds(A_NUMBER) }), /^startJitter must be known at synth/],
  'image as a token': [() => Downloader.s5cmd({ image: UNKNOWN }), /^image of the downloader must be known at synth.*pass a literal string$/],
};

test.each(Object.keys(INVALID))('%s is refused with the reason and the fix', name => {
  const [act, message] = INVALID[name];
  expect(act).toThrow(message);
});

test('whether the pod can read the model is asked of its identity and of the bucket that it is in', () => {
  const { bucket, identity } = awsSide();
  const facts = { containers: ['server'], identity };
  const refusal = (each: DeliveredModel) => each.delivery.strategy.refusal(each.model, facts);
  expect(refusal(delivered({ bucket }))).toBeUndefined();
  expect(refusal(delivered({ bucket }, model('llama', { tenant: 'other' })))).toContain("belongs to tenant 'other'");
  expect(refusal(delivered({ bucket: bucketIn('eu-west-1', 'unread-models') }))).toContain("in bucket 'unread-models'");
  expect(delivered().delivery.strategy.refusal(model(), { containers: [] })).toBeUndefined();
});

test('what was granted after binding counts', () => {
  const { bucket, readers, identity } = awsSide();
  const legacy = delivered({ bucket }, model('llama', { prefix: 'legacy/llama' }));
  const refusal = () => legacy.delivery.strategy.refusal(legacy.model, { containers: ['server'], identity });
  expect(refusal()).toContain("a prefix of its own, 'legacy/llama/'");
  readers.grantRead(bucket, legacy.model);
  expect(refusal()).toBeUndefined();
});
