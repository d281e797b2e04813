import { Duration, Size } from 'aws-cdk-lib';
import { bind, bucketIn, delivered, DIGEST, FACTS, model, programArguments } from './fixture';
import { Downloader, ModelDelivery, ModelVolume, PodParts } from '../../lib/delivery';
import { SKIP_CONTAINERS } from '../../lib/delivery/pod-template';
import { BOOTSTRAP, inlineProgram, transferProgram } from '../../lib/delivery/program';

const GIB = 2 ** 30;

function containerOf(parts: PodParts): any {
  expect(parts.initContainers).toHaveLength(1);
  return parts.initContainers![0];
}

const only = (options = {}, what = model()) => containerOf(bind([delivered(options, what)]));
const variables = (container: any) => Object.fromEntries(container.env.map(({ name, value }: any) => [name, value]));

/** What runs of the program: its text without comments. */
function codeOf(container: any): string {
  return [...container.command, ...container.args].join('\n').replace(/(^|[ \t])#.*$/gm, '');
}

test('the container is this one', () => {
  expect(only()).toEqual({
    name: 'download-llama',
    image: Downloader.s5cmd().image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c', inlineProgram(BOOTSTRAP)],
    args: [
      inlineProgram(transferProgram('s5cmd')),
      '--model=llama',
      '--source=s3://acme-models/models/serving/llama/1/',
      '--region=eu-west-1',
      `--digest=${DIGEST}`,
      `--max-bytes=${16 * GIB}`,
      '--destination=/models/model-llama',
    ],
    env: [
      { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' },
      { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: '/var/run/secrets/model-download/pod-identity-token' },
      { name: 'MODEL_TRANSFER_JOBS', value: '4' },
      { name: 'MODEL_TRANSFER_STALL', value: '300' },
      { name: 'MODEL_TRANSFER_FLOOR', value: '20971520' },
    ],
    resources: { requests: { 'cpu': '1', 'memory': '256Mi', 'ephemeral-storage': '19661Mi' } },
    volumeMounts: [
      { name: 'model-llama', mountPath: '/models/model-llama' },
      { name: 'model-download-work', mountPath: '/tmp' },
      { name: 'model-download-token', mountPath: '/var/run/secrets/model-download', readOnly: true },
    ],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
  });
});

test('the parts are the container, three volumes, a mount, an annotation, the disk and a window', () => {
  const { initContainers: _, startWindow, ephemeralStorage, ...parts } = bind([delivered()]);
  expect(parts).toEqual({
    volumes: [
      { name: 'model-llama', emptyDir: { sizeLimit: '19661Mi' } },
      { name: 'model-download-work', emptyDir: { sizeLimit: '64Mi' } },
      {
        name: 'model-download-token',
        projected: { sources: [{ serviceAccountToken: { audience: 'pods.eks.amazonaws.com', expirationSeconds: 86400, path: 'pod-identity-token' } }] },
      },
    ],
    volumeMounts: [{ name: 'model-llama', mountPath: '/mnt/llama/models', subPath: 'models', readOnly: true }],
    annotations: { [SKIP_CONTAINERS]: 'server' },
    warnings: [],
  });
  expect(startWindow!.toSeconds()).toBe(300 + 820);
  expect(ephemeralStorage!.toMebibytes()).toBe(19661);
});

test.each([
  ['s5cmd', Downloader.s5cmd()],
  ['aws', Downloader.awsCli()],
])('S3-03 the program of %s knows no sync, no delete and no listing', (_, downloader) => {
  const code = codeOf(only({ downloader }));
  expect(code).toContain('manifest.sha256');
  expect(code).not.toMatch(/\bsync\b|--delete|--size-only|--recursive|--exact-timestamps|list-objects|ListBucket|s3 ls|s3api list|s3 rm/i);
  expect(code).not.toMatch(/s5cmd_binary"?[^\n|;]*\s(ls|rm|mv|sync|du|rb)\s/);
});

test('S3-10 the root is read-only, and what the program writes goes to bounded volumes', () => {
  const { initContainers, volumes } = bind([delivered()]);
  const [{ securityContext, volumeMounts, env }] = initContainers!;
  expect(securityContext.readOnlyRootFilesystem).toBe(true);
  const writable = volumeMounts.filter((mount: any) => !mount.readOnly).map((mount: any) => mount.name);
  expect(volumeMounts.find((mount: any) => mount.mountPath === '/tmp')?.name).toBe('model-download-work');
  expect(writable.map((name: string) => Object.keys(volumes!.find(volume => volume.name === name)))).toEqual([['name', 'emptyDir'], ['name', 'emptyDir']]);
  expect(env.map((variable: any) => variable.name)).not.toContain('TMPDIR');
});

test.each([
  ['s5cmd', Downloader.s5cmd(), '256Mi'],
  ['aws', Downloader.awsCli(), '1Gi'],
])('S3-11 %s runs by digest, not as root, and without any privilege', (program, downloader, memory) => {
  const container = only({ downloader });
  expect(container.image).toMatch(/@sha256:[0-9a-f]{64}$/);
  expect(container.args[0]).toBe(inlineProgram(transferProgram(program as 's5cmd')));
  expect(container.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
  expect(container.resources.requests.memory).toBe(memory);
});

test('S3-12 the container declares its own token and both variables, so that no webhook has to', () => {
  const { initContainers, volumes } = bind([delivered()]);
  const [container] = initContainers!;
  const file: string = variables(container).AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const mount = container.volumeMounts.find((candidate: any) => file.startsWith(`${candidate.mountPath}/`));
  const [{ serviceAccountToken }] = volumes!.find(volume => volume.name === mount.name).projected.sources;
  expect(serviceAccountToken.audience).toBe('pods.eks.amazonaws.com');
  expect(`${mount.mountPath}/${serviceAccountToken.path}`).toBe(file);
  expect(variables(container).AWS_CONTAINER_CREDENTIALS_FULL_URI).toBe('http://169.254.170.23/v1/credentials');
  // The names that EKS injects: with these, its webhook would leave the pod half ours and half its own.
  expect(JSON.stringify([container.volumeMounts, volumes])).not.toMatch(/eks-pod-identity-token|pods\.eks\.amazonaws\.com\/serviceaccount/);
});

test('in an IPv6 cluster the agent is asked at its other address', () => {
  expect(variables(only({ ipv6Cluster: true })).AWS_CONTAINER_CREDENTIALS_FULL_URI).toBe('http://[fd00:ec2::23]/v1/credentials');
});

test('S3-26 the region is that of the bucket, and no variable of EKS decides', () => {
  const container = only({ bucket: bucketIn('ap-southeast-2', 'far-models') });
  expect(programArguments(container)).toEqual(expect.arrayContaining(['--source=s3://far-models/models/serving/llama/1/', '--region=ap-southeast-2']));
  expect(Object.keys(variables(container))).not.toContain('AWS_REGION');
});

test('S3-30 every emptyDir is bounded, and the disk is asked for', () => {
  const parts = bind([delivered(), delivered({}, model('mistral', { size: Size.gibibytes(32) }))]);
  const folders = parts.volumes!.filter(volume => 'emptyDir' in volume);
  expect(folders.map(({ name, emptyDir }) => [name, emptyDir.sizeLimit])).toEqual([
    ['model-llama', '19661Mi'], ['model-mistral', '39322Mi'], ['model-download-work', '64Mi'],
  ]);
  expect(containerOf(parts).resources.requests['ephemeral-storage']).toBe(`${Math.ceil(48 * 1024 * 1.2)}Mi`);
});

test('without a digest none is passed', () => {
  expect(programArguments(only({}, model('llama', { digest: undefined }))).join()).not.toContain('--digest');
});

test('an explicit prefix is downloaded from there, with its spaces and parentheses unharmed', () => {
  const container = only({}, model('llama', { prefix: 'legacy/my models (old)/a+b=c' }));
  expect(programArguments(container)).toContain('--source=s3://acme-models/legacy/my models (old)/a+b=c/');
});

test('options reach the program, and the window follows from them', () => {
  const options = { parallelFiles: 16, stallTimeout: Duration.seconds(45), floorRate: Size.mebibytes(40) };
  expect(variables(only(options))).toMatchObject({ MODEL_TRANSFER_JOBS: '16', MODEL_TRANSFER_STALL: '45', MODEL_TRANSFER_FLOOR: String(40 * 2 ** 20) });
  expect(bind([delivered(options)]).startWindow!.toSeconds()).toBe(45 + Math.ceil(16 * 1024 / 40));
});

test('a mirror replaces the image and nothing else', () => {
  const mirror = Downloader.s5cmd({ image: `mirror.example/s5cmd:v2.3.0@${DIGEST}` });
  expect(only({ downloader: mirror })).toEqual({ ...only(), image: `mirror.example/s5cmd:v2.3.0@${DIGEST}` });
});

test('a volume has the size that was given', () => {
  const parts = bind([delivered({ volume: ModelVolume.disk({ size: Size.gibibytes(100) }) })]);
  expect(parts.volumes![0].emptyDir).toEqual({ sizeLimit: '102400Mi' });
  expect(containerOf(parts).resources.requests['ephemeral-storage']).toBe('102400Mi');
});

test('the application may keep its credentials', () => {
  const annotations = (withholdCredentials?: boolean) => bind([delivered()], { ...FACTS, containers: ['server', 'proxy'], withholdCredentials }).annotations;
  expect(annotations()).toEqual({ [SKIP_CONTAINERS]: 'server,proxy' });
  expect(annotations(true)).toEqual({ [SKIP_CONTAINERS]: 'server,proxy' });
  expect(annotations(false)).toEqual({});
});

test('binding is pure: the same input gives the same parts, and the input stays', () => {
  const models = [delivered(), delivered({}, model('mistral'))];
  const facts = Object.freeze({ ...FACTS, containers: Object.freeze(['server']) as string[] });
  Object.freeze(models);
  const first = JSON.stringify(bind(models, facts));
  expect(JSON.stringify(bind(models, facts))).toBe(first);
  expect(JSON.stringify(bind([delivered(), delivered({}, model('mistral'))], FACTS))).toBe(first);
});

test('what a caller does to the parts does not reach the next', () => {
  const models = [delivered()];
  const first = bind(models);
  const before = JSON.stringify(first);
  first.volumes!.pop();
  first.initContainers![0].securityContext.runAsUser = 0;
  expect(JSON.stringify(bind(models))).toBe(before);
});

test('a delivery is a strategy of its own kind', () => {
  const { strategy } = ModelDelivery.s3Download({ bucket: bucketIn('eu-west-1', 'acme-models') });
  expect(ModelDelivery.of(strategy).deliver(model()).delivery.strategy).toBe(strategy);
});
