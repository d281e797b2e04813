import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lazy, Size, Token } from 'aws-cdk-lib';
import { bind, bucketIn, delivered, DIGEST, model, programArguments, UNKNOWN } from './fixture';
import { DeliveredModel, ModelDelivery, ModelVolume, PodParts } from '../../lib/delivery';
import { DOWNLOADER_USER } from '../../lib/delivery/landing';
import { VOLUME_HEADROOM } from '../../lib/delivery/limits';
import { mergePodParts } from '../../lib/delivery/pod-template';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'volumes.md'), 'utf8');

const A_NUMBER = Token.asNumber(Lazy.any({ produce: () => 8 }));
const MODEL_BYTES = 16 * 2 ** 30;
const VOLUME_BYTES = 19661 * 2 ** 20; // 1.2 times as much, in whole mebibytes

const on = (volume?: ModelVolume, what = model(), path?: string): DeliveredModel => delivered({ volume }, what, { path });
const parts = (...models: DeliveredModel[]): PodParts => bind(models);
const ownVolumes = (bound: PodParts) => bound.volumes!.filter(({ name }) => !name.startsWith('model-download-'));
const requests = (bound: PodParts) => bound.initContainers![0].resources?.requests;
const destinations = (bound: PodParts) => programArguments(bound.initContainers![0]).filter(argument => argument.startsWith('--destination='));

test('a model lands on the disk of the node, unless it is said otherwise', () => {
  expect(parts(on())).toEqual(parts(on(ModelVolume.disk())));
  expect(ownVolumes(parts(on()))).toEqual([{ name: 'model-llama', emptyDir: { sizeLimit: '19661Mi' } }]);
});

test('S3-30 on disk the size is bounded, asked for, and told to the workload', () => {
  const bound = parts(on(ModelVolume.disk({ size: Size.gibibytes(20) })));
  expect(ownVolumes(bound)).toEqual([{ name: 'model-llama', emptyDir: { sizeLimit: '20480Mi' } }]);
  expect(requests(bound)).toEqual({ 'cpu': '1', 'memory': '256Mi', 'ephemeral-storage': '20480Mi' });
  expect(bound.ephemeralStorage!.toGibibytes()).toBe(20);
  expect([bound.memory, bound.fsGroup]).toEqual([undefined, undefined]);
});

test('S3-30 in memory the size is bounded, and counts as memory of both, not as disk', () => {
  const bound = parts(on(ModelVolume.memory()));
  expect(ownVolumes(bound)).toEqual([{ name: 'model-llama', emptyDir: { medium: 'Memory', sizeLimit: '19661Mi' } }]);
  expect(requests(bound)).toEqual({ cpu: '1', memory: `${256 + 19661}Mi` });
  expect(bound.memory!.toBytes()).toBe(VOLUME_BYTES);
  expect([bound.ephemeralStorage, bound.fsGroup]).toEqual([undefined, undefined]);
});

test('a generic ephemeral volume is claimed of its storage class, and belongs to the group of the downloader', () => {
  const bound = parts(on(ModelVolume.ephemeral({ storageClassName: 'gp3-fast' })));
  expect(ownVolumes(bound)).toEqual([{
    name: 'model-llama',
    ephemeral: {
      volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gp3-fast', resources: { requests: { storage: '19661Mi' } } } },
    },
  }]);
  expect(bound.fsGroup).toBe(65532);
  expect(requests(bound)).toEqual({ cpu: '1', memory: '256Mi' });
  expect([bound.memory, bound.ephemeralStorage]).toEqual([undefined, undefined]);
});

test('size and access modes of an ephemeral volume are taken as given', () => {
  const [{ ephemeral }] = ownVolumes(parts(on(ModelVolume.ephemeral({ storageClassName: 'gp3', size: Size.gibibytes(16), accessModes: ['ReadWriteOncePod'] }))));
  expect(ephemeral.volumeClaimTemplate.spec).toEqual({ accessModes: ['ReadWriteOncePod'], storageClassName: 'gp3', resources: { requests: { storage: '16384Mi' } } });
});

test('S3-07 in a claim that lasts each release has a folder of its own, and the program is told that others are there', () => {
  const what = model();
  const bound = parts(on(ModelVolume.existingClaim('weights'), what));
  const folder = `llama-${what.releaseId}`;
  expect(ownVolumes(bound)).toEqual([{ name: 'models-weights', persistentVolumeClaim: { claimName: 'weights' } }]);
  expect(bound.initContainers![0].volumeMounts).toContainEqual({ name: 'models-weights', mountPath: '/models/models-weights' });
  expect(programArguments(bound.initContainers![0])).toEqual([
    '--model=llama', '--source=s3://acme-models/models/serving/llama/1/', '--region=eu-west-1', `--digest=${DIGEST}`, `--max-bytes=${MODEL_BYTES}`,
    `--destination=/models/models-weights/${folder}`, '--shared',
  ]);
  expect(bound.volumeMounts).toEqual([{ name: 'models-weights', mountPath: '/mnt/llama/models', subPath: `${folder}/models`, readOnly: true }]);
  expect([bound.fsGroup, bound.memory, bound.ephemeralStorage]).toEqual([65532, undefined, undefined]);
  expect(requests(bound)).toEqual({ cpu: '1', memory: '256Mi' });
});

test('S3-07 another version, another digest, and another bucket without a digest never meet in one folder of a claim', () => {
  const claim = ModelVolume.existingClaim('weights');
  const other = ModelDelivery.s3Download({ bucket: bucketIn('eu-west-1', 'other-models'), volume: claim });
  const unpinned = model('llama', { digest: undefined });
  const folders = [
    on(claim), on(claim, model('llama', { version: '2' })), on(claim, model('llama', { digest: `sha256:${'f'.repeat(64)}` })), on(claim, unpinned), other.deliver(unpinned),
  ].map(each => destinations(parts(each))[0]);
  expect(new Set(folders).size).toBe(folders.length);
  expect(destinations(parts(other.deliver(model())))).toEqual([folders[0]]); // the same digest is the same bytes
});

test('only a lasting claim is shared: what is made for one pod is its own', () => {
  for (const volume of [ModelVolume.disk(), ModelVolume.memory(), ModelVolume.ephemeral({ storageClassName: 'gp3' })]) {
    expect(programArguments(parts(on(volume)).initContainers![0])).not.toContain('--shared');
  }
});

test('a folder and a group of the claim are taken as given', () => {
  const what = model();
  const bound = parts(on(ModelVolume.existingClaim('fsx', { folder: 'ml/models', group: 2000 }), what));
  expect(destinations(bound)).toEqual([`--destination=/models/models-fsx/ml/models/llama-${what.releaseId}`]);
  expect(bound.volumeMounts![0].subPath).toBe(`ml/models/llama-${what.releaseId}/models`);
  expect(bound.fsGroup).toBe(2000);
});

test('several models in one claim share the volume, each in its folder', () => {
  const claim = () => ModelVolume.existingClaim('weights');
  const bound = parts(on(claim()), on(claim(), model('mistral')));
  expect(ownVolumes(bound)).toHaveLength(1);
  expect(bound.initContainers).toHaveLength(1);
  expect(bound.initContainers![0].volumeMounts.map(({ name }: any) => name)).toEqual(['models-weights', 'model-download-work', 'model-download-token']);
  expect(new Set(destinations(bound)).size).toBe(2);
  expect(new Set(bound.volumeMounts!.map(({ subPath }) => subPath)).size).toBe(2);
});

test('one claim appears once in a pod, also where its models are downloaded by two containers', () => {
  const claim = ModelVolume.existingClaim('weights');
  const two = [bind([delivered({ volume: claim })]), bind([delivered({ volume: claim, parallelFiles: 8 }, model('mistral'))])];
  const { spec } = two.reduce((template, part) => mergePodParts(template, part, ['server']), { spec: { containers: [{ name: 'server' }] } } as any);
  expect(spec.volumes.filter(({ persistentVolumeClaim }: any) => persistentVolumeClaim)).toHaveLength(1);
  expect(spec.initContainers).toHaveLength(2);
});

test('one release at two paths is fetched into a claim once', () => {
  const claim = ModelVolume.existingClaim('weights');
  const bound = parts(on(claim), on(claim, model(), '/opt/llama'), on(claim, model('mistral')));
  expect(programArguments(bound.initContainers![0]).filter(argument => argument.startsWith('--model='))).toEqual(['--model=llama', '--model=mistral']);
  expect(bound.volumeMounts!.map(({ mountPath }) => mountPath)).toEqual(['/mnt/llama/models', '/opt/llama', '/mnt/mistral/models']);
});

test('models of one pod may land in volumes of every kind, and share the container', () => {
  const bound = parts(
    on(), on(ModelVolume.memory({ size: Size.gibibytes(16) }), model('in-memory')), on(ModelVolume.ephemeral({ storageClassName: 'gp3' }), model('claimed')), on(ModelVolume.existingClaim('weights'), model('shared')),
  );
  expect(bound.initContainers).toHaveLength(1);
  expect(ownVolumes(bound).map(volume => Object.keys(volume)[1])).toEqual(['emptyDir', 'emptyDir', 'ephemeral', 'persistentVolumeClaim']);
  expect(requests(bound)).toEqual({ 'cpu': '1', 'memory': `${256 + 16384}Mi`, 'ephemeral-storage': '19661Mi' });
  expect([bound.fsGroup, bound.memory!.toGibibytes(), bound.ephemeralStorage!.toBytes()]).toEqual([65532, 16, VOLUME_BYTES]);
});

test('a model that is called like a claim has a volume of its own', () => {
  const bound = parts(on(ModelVolume.existingClaim('llama')), on(undefined, model('s-llama')), on(undefined, model('llama'), '/opt/llama'));
  expect(new Set(ownVolumes(bound).map(({ name }) => name)).size).toBe(3);
});

test('claims whose names are no labels, or long, stay apart', () => {
  const names = ['team.weights', 'team-weights', 'x'.repeat(253), 'x'.repeat(252)].map(claim => ownVolumes(parts(on(ModelVolume.existingClaim(claim))))[0]);
  expect(new Set(names.map(({ name }) => name)).size).toBe(4);
  for (const { name } of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
});

test('what a caller does to the parts of an ephemeral volume does not reach the next', () => {
  const models = [on(ModelVolume.ephemeral({ storageClassName: 'gp3' }))];
  const before = JSON.stringify(bind(models));
  ownVolumes(bind(models))[0].ephemeral.volumeClaimTemplate.spec.accessModes.push('ReadWriteMany');
  expect(JSON.stringify(bind(models))).toBe(before);
});

test('two claims that belong to different groups do not fit one pod', () => {
  const models = [on(ModelVolume.existingClaim('fsx', { group: 2000 })), on(ModelVolume.existingClaim('ebs'), model('mistral'))];
  expect(() => bind(models)).toThrow('the volumes of models serving/llama@1 and serving/mistral@1 belong to groups 2000 and 65532, and a pod has one fsGroup: give both claims one group');
});

const small = Size.gibibytes(15);
const INVALID: Record<string, [() => unknown, RegExp]> = {
  'a disk that is smaller than the model': [() => parts(on(ModelVolume.disk({ size: small }))), /^size of the volume is 15360Mi, and model serving\/llama@1 needs 16384Mi: give at least that, or leave it out for 1\.2 times as much$/],
  'memory that is smaller than the model': [() => parts(on(ModelVolume.memory({ size: small }))), /^size of the volume is 15360Mi/],
  'an ephemeral volume that is smaller than the model': [() => parts(on(ModelVolume.ephemeral({ storageClassName: 'gp3', size: small }))), /^size of the volume is 15360Mi/],
  'a size as a token': [() => parts(on(ModelVolume.disk({ size: Size.bytes(A_NUMBER) }))), /^size of the volume is an unresolved token, and model serving\/llama@1 needs/],
  'a storage class with capitals': [() => ModelVolume.ephemeral({ storageClassName: 'GP3' }), /^name of a storage class 'GP3' is not valid: use lowercase/],
  'no storage class': [() => ModelVolume.ephemeral({ storageClassName: '' }), /^name of a storage class '' is not valid/],
  'a storage class as a token': [() => ModelVolume.ephemeral({ storageClassName: UNKNOWN }), /^name of a storage class must be known at synth.*pass a literal string$/],
  'an access mode that is none': [() => ModelVolume.ephemeral({ storageClassName: 'gp3', accessModes: ['RWO'] }), /^access modes \[RWO\] of an ephemeral volume are not valid: use ReadWriteOnce, ReadWriteOncePod, ReadWriteMany, as a pod writes its model there$/],
  'an access mode that writes nothing': [() => ModelVolume.ephemeral({ storageClassName: 'gp3', accessModes: ['ReadOnlyMany'] }), /^access modes \[ReadOnlyMany\]/],
  'no access mode': [() => ModelVolume.ephemeral({ storageClassName: 'gp3', accessModes: [] }), /^access modes \[\]/],
  'an access mode as a token': [() => ModelVolume.ephemeral({ storageClassName: 'gp3', accessModes: [UNKNOWN] }), /^access modes \[.*\] of an ephemeral volume are not valid/],
  'a claim with an underscore': [() => ModelVolume.existingClaim('my_claim'), /^name of a claim 'my_claim' is not valid: use lowercase/],
  'a claim as a token': [() => ModelVolume.existingClaim(UNKNOWN), /^name of a claim must be known at synth/],
  'a folder from the root': [() => ModelVolume.existingClaim('weights', { folder: '/models' }), /^folder '\/models' of claim 'weights' is not valid: use names .* such as 'models'$/],
  'a folder that leaves the claim': [() => ModelVolume.existingClaim('weights', { folder: 'a/../..' }), /^folder 'a\/\.\.\/\.\.' of claim 'weights' is not valid/],
  'an empty folder': [() => ModelVolume.existingClaim('weights', { folder: '' }), /^folder '' of claim 'weights' is not valid/],
  'a folder as a token': [() => ModelVolume.existingClaim('weights', { folder: UNKNOWN }), /^folder of claim 'weights' must be known at synth/],
  'group 0': [() => ModelVolume.existingClaim('weights', { group: 0 }), /^group of claim 'weights' is 0: give a whole number of at least 1, known at synth$/],
  'half a group': [() => ModelVolume.existingClaim('weights', { group: 1.5 }), /^group of claim 'weights' is 1\.5: give/],
  'a group as a token': [() => ModelVolume.existingClaim('weights', { group: A_NUMBER }), /^group of claim 'weights' is an unresolved token/],
};

test.each(Object.keys(INVALID))('%s is refused with the reason and the fix', name => {
  const [act, message] = INVALID[name];
  expect(act).toThrow(message);
});

test('a volume of exactly the size of the model is enough', () => {
  expect(ownVolumes(parts(on(ModelVolume.memory({ size: Size.gibibytes(16) }))))[0].emptyDir.sizeLimit).toBe('16384Mi');
});

test('a volume goes to any model, as it keeps nothing', () => {
  const volume = ModelVolume.disk();
  expect(parts(on(volume), on(volume, model('mistral', { size: Size.gibibytes(1) }))).volumes!.slice(0, 2)).toEqual([
    { name: 'model-llama', emptyDir: { sizeLimit: '19661Mi' } }, { name: 'model-mistral', emptyDir: { sizeLimit: '1229Mi' } },
  ]);
});

test('what the page on volumes shows can be run, and its numbers are those of the code', () => {
  const programs = [...PAGE.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, text]) => text);
  expect(programs).toHaveLength(2);
  for (const text of programs) {
    expect(() => new Function('ModelDelivery', 'ModelVolume', 'models', text)(ModelDelivery, ModelVolume, bucketIn('eu-west-1', 'acme-models'))).not.toThrow();
  }
  expect(PAGE).toContain(`has ${VOLUME_HEADROOM} times the size`);
  expect([...PAGE.matchAll(/\b65\d{3}\b/g)].map(([group]) => Number(group))).toEqual([DOWNLOADER_USER, DOWNLOADER_USER, DOWNLOADER_USER]);
  expect(PAGE).toContain(`${Math.round(140 * VOLUME_HEADROOM)} GB of \`ephemeral-storage\``);
  const minutes = (mebibytes: number) => Math.round(140e9 / (mebibytes * 2 ** 20) / 15) / 4;
  expect([minutes(125), minutes(1000)]).toEqual([17.75, 2.25]); // "18 minutes at 125 MiB/s, 2¼ at 1,000"
});
