import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App as CdkApp, Lazy } from 'aws-cdk-lib';
import { ApiObject, App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import { attached, chart, deployment, IDENTITY, podOf, rawObject, rendered } from './attachment-fixture';
import { awsSide, bucketIn, delivered, DIGEST, model } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { DeliveredModel, Downloader, ModelVolume } from '../../lib/delivery';
import { ManifestTarget, ModelManifests } from '../../lib/workload';

const warnings = (construct: IConstruct) => construct.node.metadata.map(({ data }) => String(data));
const attach = (workload: IConstruct, one: DeliveredModel = delivered()) => one.attach(workload, { identity: IDENTITY });

describe('what is no workload is refused at once, with what is', () => {
  const KINDS = 'pass a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Rollout, LeaderWorkerSet, RayCluster, RayJob, RayService, or a construct whose default child is one';

  test('a chart', () => {
    expect(() => attach(chart())).toThrow(`chart is no Kubernetes object, and models are attached to pods: ${KINDS}`);
  });

  test('a service of cdk8s-plus', () => {
    expect(() => attach(new kplus.Service(chart(), 'service', { ports: [{ port: 80 }] }))).toThrow(`chart/service is a Service of v1, and models are attached to pods: ${KINDS}`);
  });

  test.each([['Job', 'batch.volcano.sh/v1alpha1'], ['Deployment', 'v1'], ['Rollout', 'apps/v1']])('a %s of %s', (kind, apiVersion) => {
    expect(() => attach(new ApiObject(chart(), 'own', { apiVersion, kind }))).toThrow(`chart/own is a ${kind} of ${apiVersion}, and models`);
  });
});

test('what can be known is refused where it is attached', () => {
  const workload = deployment();
  expect(() => delivered().attach(workload)).toThrow(/^model serving\/llama@1 is downloaded from S3, and the pod has no identity to read it with: pass identity/);
  expect(() => attach(workload, delivered({ sources: [bucketIn('eu-west-1', 'one'), bucketIn('eu-west-1', 'two')] }, model('llama', { digest: undefined })))).toThrow('2 sources and no digest');
  attach(workload);
  expect(() => attach(workload, delivered({}, model('mistral'), { path: '/mnt/llama/models/next' }))).toThrow("in each other's way");
  expect(podOf(workload).initContainers[0].args.filter((argument: string) => argument.startsWith('--model='))).toEqual(['--model=llama']);
});

test('a model that was refused leaves the workload as it was', () => {
  const workload = deployment();
  const before = rendered(workload);
  expect(() => delivered().attach(workload)).toThrow();
  expect(rendered(workload)).toEqual(before);
});

test('the same model twice is refused', () => {
  const one = delivered();
  const workload = attached(deployment(), one);
  expect(() => attach(workload, one)).toThrow('model serving/llama@1 is attached to chart/vllm already: attach it once, naming all containers that read it');
  expect(() => attach(ApiObject.of(workload), one)).toThrow('is attached to chart/vllm already');
});

test.each<[string, any, string]>([
  ['identity', { identity: WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'other' }) }, "identity of chart/vllm is 'serving/other' for this model and 'serving/llama' for the one"],
  ['containers', { containers: ['proxy'] }, "containers of chart/vllm is 'proxy' for this model and 'main' for the one"],
  ['withholdCredentials', { withholdCredentials: true }, "withholdCredentials of chart/vllm is 'true' for this model and 'false' for the one"],
])('another %s for the second model is refused', (_, options, message) => {
  const workload = deployment();
  delivered().attach(workload, { identity: IDENTITY, containers: ['main'] });
  const second = delivered({}, model('mistral'));
  expect(() => second.attach(workload, options)).toThrow(`${message} that was attached first: give all models of a workload the same, or leave it out here`);
  second.attach(workload);
  expect(podOf(workload).containers[0].volumeMounts).toHaveLength(2);
});

const RENDERED: Record<string, [() => IConstruct, string]> = {
  'a container that is not there': [() => {
    const workload = deployment(chart(), { containers: [{ name: 'server', image: 'server:1' }, { name: 'proxy', image: 'proxy:1' }] });
    delivered().attach(workload, { identity: IDENTITY, containers: ['main'] });
    return workload;
  }, "chart/vllm: container 'main' is not in the workload, which has server, proxy: name one of these"],
  'no container': [() => attached(rawObject({ spec: {} }), delivered()), "chart/raw: there is no pod template with a container at 'spec.template': add one"],
  'no pod template': [() => attached(rawObject(undefined), delivered()), "chart/raw: there is no pod template with a container at 'spec.template': add one"],
  'another service account': [() => attached(rawObject({ spec: { serviceAccountName: 'default', containers: [{ name: 'server' }] } }), delivered()),
    "chart/raw: the workload has service account 'default', and its identity is 'llama': pass the identity of the workload's service account, or remove that"],
  'another service account, in the old spelling': [() => attached(rawObject({ spec: { serviceAccount: 'default', containers: [{ name: 'server' }] } }), delivered()), "has service account 'default'"],
  'another namespace': [() => attached(deployment(new Chart(new App(), 'chart', { namespace: 'other' })), delivered()),
    "chart/vllm: the workload is in namespace 'other', and its identity in 'serving': pass an identity of the workload's namespace"],
  'a volume of that name': [() => attached(rawObject({ spec: { containers: [{ name: 'server' }], volumes: [{ name: 'model-llama', emptyDir: {} }] } }), delivered()), "chart/raw: volume 'model-llama' is in the pod already"],
  'a mount at that path': [() => attached(rawObject({ spec: { containers: [{ name: 'server', volumeMounts: [{ name: 'mine', mountPath: '/mnt/llama/models' }] }] } }), delivered()), "chart/raw: mount of container 'server' '/mnt/llama/models' is in the pod"],
  'a memory request that is no quantity': [() => attached(rawObject({ spec: { containers: [{ name: 'server', resources: { requests: { memory: '1GB' } } }] } }), delivered()), "chart/raw: quantity '1GB' is not valid"],
};

test.each(Object.keys(RENDERED))('%s is refused when the workload is rendered, naming it', name => {
  const [make, message] = RENDERED[name];
  const workload = make();
  expect(() => rendered(workload)).toThrow(message);
});

test('a workload without a namespace is taken for one of the identity\'s', () => {
  expect(podOf(attached(deployment(new Chart(new App(), 'chart')), delivered())).serviceAccountName).toBe('llama');
});

test('a model without a digest, and an image without one, are warned about at the workload', () => {
  const emitted = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const workload = attached(deployment(), delivered({ downloader: Downloader.s5cmd({ image: 'mirror.example/s5cmd:v2.3.0' }) }, model('llama', { digest: undefined })));
  expect(warnings(workload)).toEqual([
    expect.stringMatching(/^model serving\/llama@1 has no digest: .* \[ack: cdk-eks-model-artifacts:digestMissing\]$/),
    expect.stringMatching(/^image 'mirror\.example\/s5cmd:v2\.3\.0' is not pinned by digest: .* \[ack: cdk-eks-model-artifacts:imageNotPinned\]$/),
  ]);
  expect(emitted.mock.calls.map(([text]) => text)).toEqual([expect.stringMatching(/^chart\/vllm: model serving/), expect.stringMatching(/^chart\/vllm: image/)]);
  emitted.mockRestore();
  expect(warnings(attached(deployment(), delivered()))).toEqual([]);
});

describe('below ModelManifests', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'attachment-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** A workload in manifests of its own, and what the synth of the CDK app says or writes. */
  function synth(act: (scope: Chart, side: ReturnType<typeof awsSide>) => void): { text?: string; refusal?: string; warnings: string[] } {
    const app = new CdkApp({ outdir: path.join(fs.mkdtempSync(path.join(folder, 'app-')), 'cdk.out') });
    const side = awsSide(app);
    const directory = path.join(folder, path.basename(fs.mkdtempSync(path.join(folder, 'manifests-'))));
    act(new Chart(new ModelManifests(side.stack, 'Manifests', { target: ManifestTarget.directory(directory) }), 'vllm', { namespace: 'serving' }), side);
    try {
      const assembly = app.synth();
      const found = assembly.stacks.flatMap(stack => stack.messages.filter(({ level }) => level === 'warning').map(({ entry }) => String(entry.data)));
      return { text: fs.readFileSync(path.join(directory, 'vllm.yaml'), 'utf8'), warnings: found };
    } catch (error) {
      return { refusal: (error as Error).message, warnings: [] };
    }
  }

  test('the model is in the file of the workload', () => {
    const { text } = synth((scope, { bucket, identity }) => delivered({ bucket }).attach(deployment(scope), { identity }));
    expect(text).toContain('name: download-llama');
    expect(text).toContain(`- --digest=${DIGEST}`);
    expect(text).not.toMatch(/: (undefined|null)$/m);
  });

  test('a grant that is missing is an error of the workload', () => {
    const { refusal } = synth((scope, { identity }) => delivered({ bucket: bucketIn('eu-west-1', 'unread-models') }).attach(deployment(scope), { identity }));
    expect(refusal).toMatch(/vllm\/vllm: .*in bucket 'unread-models'/);
  });

  test('what is found when rendering is an error that names the workload', () => {
    const { refusal } = synth((scope, { bucket, identity }) => delivered({ bucket }).attach(deployment(scope), { identity, containers: ['other'] }));
    expect(refusal).toContain("vllm/vllm: container 'other' is not in the workload, which has main: name one of these");
  });

  test('a warning is the CDK app\'s own', () => {
    const found = synth((scope, { bucket, identity }) => delivered({ bucket }, model('llama', { digest: undefined })).attach(deployment(scope), { identity }));
    expect(found.warnings).toEqual([expect.stringContaining('vllm/vllm: model serving/llama@1 has no digest')]);
  });

  test('a bucket whose name is known only after deploying is refused', () => {
    const unknown = bucketIn('eu-west-1', Lazy.string({ produce: () => 'later' }));
    const { refusal } = synth((scope) => attach(deployment(scope), delivered({ bucket: unknown })));
    expect(refusal).toMatch(/args\[\d\] holds an unresolved token/);
  });
});

test('in a plain cdk8s app a grant that is missing fails its synth', () => {
  const { identity } = awsSide();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'attachment-'));
  const app = new App({ outdir: folder });
  const workload = deployment(new Chart(app, 'chart'));
  delivered({ bucket: bucketIn('eu-west-1', 'unread-models'), volume: ModelVolume.memory() }).attach(workload, { identity });
  expect(() => app.synth()).toThrow("in bucket 'unread-models'");
  fs.rmSync(folder, { recursive: true });
});
