import { Size } from 'aws-cdk-lib';
import { ApiObject, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import { attached, chart, deployment, IDENTITY, podOf, rawObject, rendered, templateOf, WORKLOADS } from './attachment-fixture';
import { awsSide, bind, delivered, DIGEST, FACTS, model } from './fixture';
import { ModelVolume } from '../../lib/delivery';
import { SKIP_CONTAINERS } from '../../lib/delivery/pod-template';

const DISK = '19661Mi';

/** For people and inventories. */
const SERVES = { 'cdk-eks-model-artifacts/models': `serving/llama@1 ${DIGEST}` };

describe.each(Object.keys(WORKLOADS))('a %s of cdk8s-plus', kind => {
  const make = WORKLOADS[kind];

  test('starts with the model', () => {
    const pod = podOf(attached(make(chart()), delivered()));
    const [download] = bind([delivered()], { ...FACTS, requests: { cpu: '1', memory: '512Mi' } }).initContainers!;
    expect(pod.initContainers).toEqual([download]);
    expect(pod.volumes.map(({ name }: any) => name)).toEqual(['model-llama', 'model-download-work', 'model-download-token']);
    expect(pod.containers[0].volumeMounts).toEqual([{ name: 'model-llama', mountPath: '/mnt/llama/models', subPath: 'models', readOnly: true }]);
    expect(pod.serviceAccountName).toBe('llama');
  });

  test('keeps everything else that it has', () => {
    const plain = rendered(make(chart()));
    const object = rendered(attached(make(chart()), delivered()));
    const { spec, metadata } = templateOf(object);
    delete spec.initContainers;
    delete spec.volumes;
    delete spec.serviceAccountName;
    delete spec.containers[0].volumeMounts;
    delete spec.containers[0].resources.requests['ephemeral-storage'];
    if (kind === 'Deployment') object.spec.progressDeadlineSeconds = plain.spec.progressDeadlineSeconds;
    expect(metadata.annotations).toEqual({ ...templateOf(plain).metadata?.annotations, ...SERVES });
    delete metadata.annotations;
    expect(object).toEqual({ ...plain, ...kind === 'Pod' ? { metadata } : {} });
  });
});

test('an object of no library starts with the model, too, and keeps fields that no library knows', () => {
  const object = rawObject({ metadata: { labels: { app: 'mine' } }, spec: { futureField: [1], containers: [{ name: 'server', image: 'server:1', futureToo: true }] } });
  const { metadata, spec } = templateOf(rendered(attached(object, delivered())));
  expect(metadata).toEqual({ labels: { app: 'mine' }, annotations: SERVES });
  expect(spec).toMatchObject({ futureField: [1], serviceAccountName: 'llama', containers: [{ name: 'server', futureToo: true }] });
  expect(spec.initContainers).toHaveLength(1);
});

test('fields of the delivery that cdk8s-plus does not know get through', () => {
  const strategy = { sharingKey: 'image', bind: () => ({ volumes: [{ name: 'weights', image: { reference: 'example.com/weights@sha256:1' } }] }), refusal: () => undefined };
  const one = delivered();
  Object.defineProperty(one.delivery, 'strategy', { value: strategy });
  expect(podOf(attached(deployment(), one)).volumes).toEqual([{ name: 'weights', image: { reference: 'example.com/weights@sha256:1' } }]);
});

test('what is added or patched after attaching counts', () => {
  const workload = attached(deployment(), delivered());
  workload.addContainer({ name: 'proxy', image: 'proxy:1' });
  ApiObject.of(workload).addJsonPatch(JsonPatch.add('/spec/template/spec/hostname', 'mine'));
  const pod = podOf(workload);
  expect(pod.hostname).toBe('mine');
  expect(pod.containers.map(({ volumeMounts }: any) => volumeMounts.length)).toEqual([1, 1]);
});

test('models reach every container, or those that are named', () => {
  const pod = (containers?: string[]) => {
    const workload = deployment(chart(), { containers: [{ name: 'server', image: 'server:1' }, { name: 'proxy', image: 'proxy:1' }] });
    delivered().attach(workload, { identity: IDENTITY, containers });
    return podOf(workload).containers.map(({ volumeMounts }: any) => volumeMounts?.length ?? 0);
  };
  expect(pod()).toEqual([1, 1]);
  expect(pod(['proxy'])).toEqual([0, 1]);
});

test('several models of one workload share the container, in the order in which they were attached', () => {
  const pod = podOf(attached(deployment(), delivered(), delivered({}, model('mistral')), delivered({ parallelFiles: 8 }, model('adapter'))));
  expect(pod.initContainers.map(({ name }: any) => name)).toEqual(['download-llama', 'download-adapter']);
  expect(pod.initContainers[0].args.filter((argument: string) => argument.startsWith('--model='))).toEqual(['--model=llama', '--model=mistral']);
  expect(pod.containers[0].volumeMounts.map(({ mountPath }: any) => mountPath)).toEqual(['/mnt/llama/models', '/mnt/mistral/models', '/mnt/adapter/models']);
  expect(pod.containers[0].resources.requests['ephemeral-storage']).toBe(`${3 * 19661}Mi`);
});

test('one model may go to several workloads', () => {
  const one = delivered();
  const scope = chart();
  const workloads = [deployment(scope), new kplus.StatefulSet(scope, 'other', { containers: [{ image: 'server:1' }], service: new kplus.Service(scope, 'service', { ports: [{ port: 80 }] }) })];
  for (const workload of workloads) expect(podOf(attached(workload, one)).initContainers).toHaveLength(1);
});

test('rendering twice gives the same', () => {
  const workload = attached(deployment(), delivered());
  expect(rendered(workload)).toEqual(rendered(workload));
});

test('S3-30 the disk that the model takes is asked for, and added to a limit of disk, which the kubelet holds the whole pod to', () => {
  const resources = (ephemeralStorage: kplus.ContainerResources['ephemeralStorage']) =>
    podOf(attached(deployment(chart(), { containers: [{ image: 'server:1', resources: { ephemeralStorage } }] }), delivered({ volume: ModelVolume.disk({ size: Size.gibibytes(20) }) }))).containers[0].resources;
  expect(resources(undefined)).toEqual({ requests: { 'ephemeral-storage': '20480Mi' } });
  const given = resources({ request: Size.gibibytes(1) as any, limit: Size.gibibytes(2) as any });
  expect([given.requests['ephemeral-storage'], given.limits['ephemeral-storage']]).toEqual(['21504Mi', '22528Mi']);
});

test('memory that the model takes is added to the first container that reads it, and the downloader stays within what all ask for', () => {
  const object = rawObject({
    spec: {
      containers: [
        { name: 'proxy', resources: { requests: { cpu: '100m', memory: '100Mi' } } },
        { name: 'server', resources: { requests: { memory: '2Gi' }, limits: { cpu: '200m', memory: '4Gi' } } },
      ],
    },
  });
  delivered({ volume: ModelVolume.memory({ size: Size.gibibytes(16) }) }).attach(object, { identity: IDENTITY, containers: ['server'] });
  const { containers, initContainers } = podOf(object);
  expect(containers.map(({ resources }: any) => resources)).toEqual([
    { requests: { cpu: '100m', memory: '100Mi' } }, { requests: { memory: '18432Mi' }, limits: { cpu: '200m', memory: '20480Mi' } },
  ]);
  expect(initContainers[0].resources).toEqual({ requests: { cpu: '300m', memory: `${16384 + 256}Mi` } });
});

test('an application that asks for nothing gets a downloader that asks for the disk alone', () => {
  const { initContainers, containers } = podOf(attached(rawObject({ spec: { containers: [{ name: 'server' }] } }), delivered()));
  expect(initContainers[0].resources).toEqual({ requests: { 'ephemeral-storage': DISK } });
  expect(containers[0].resources).toEqual({ requests: { 'ephemeral-storage': DISK } });
});

test('a model in a claim leaves what containers ask for as it is', () => {
  const { initContainers, containers } = podOf(attached(rawObject({ spec: { containers: [{ name: 'server' }] } }), delivered({ volume: ModelVolume.existingClaim('weights') })));
  expect([initContainers[0], containers[0]].map(container => 'resources' in container)).toEqual([false, false]);
});

test('a Deployment has as much longer to progress as its models may take to arrive', () => {
  const deadline = (more: any) => rendered(attached(rawObject({ spec: { containers: [{ name: 'server' }] } }, more), delivered())).spec.progressDeadlineSeconds;
  expect(deadline({})).toBe(600 + 300 + 820);
  expect(deadline({ progressDeadlineSeconds: 60 })).toBe(60 + 300 + 820);
});

test('credentials are withheld from the containers that read models only on request', () => {
  const annotations = (withholdCredentials?: boolean) => {
    const workload = deployment(chart(), { containers: [{ name: 'server', image: 'server:1' }, { name: 'proxy', image: 'proxy:1' }] });
    delivered().attach(workload, { identity: IDENTITY, containers: ['server'], withholdCredentials });
    return templateOf(rendered(workload)).metadata.annotations ?? {};
  };
  expect([annotations(), annotations(false)]).toEqual([SERVES, SERVES]);
  expect(annotations(true)).toEqual({ ...SERVES, [SKIP_CONTAINERS]: 'server' });
});

test('a service account that the workload has, and its security contexts, stay', () => {
  const scope = chart();
  const own = kplus.ServiceAccount.fromServiceAccountName(scope, 'account', 'llama');
  const workload = deployment(scope, { serviceAccount: own, automountServiceAccountToken: true, securityContext: { user: 1234, fsGroup: 77 } });
  const pod = podOf(attached(workload, delivered({ volume: ModelVolume.existingClaim('weights') })));
  expect(pod).toMatchObject({ serviceAccountName: 'llama', automountServiceAccountToken: true, securityContext: { runAsUser: 1234, fsGroup: 77 } });
});

test('a claim gets its group where the pod has none', () => {
  const pod = podOf(attached(deployment(), delivered({ volume: ModelVolume.existingClaim('weights') })));
  expect(pod.securityContext).toMatchObject({ fsGroup: 65532, fsGroupChangePolicy: 'OnRootMismatch', runAsNonRoot: true });
});

test('the service account that a workload is given is written once, and not where it exists or the workload brought its own', () => {
  const kinds = ({ node }: IConstruct) => (node.root.node.findAll().filter(ApiObject.isApiObject) as ApiObject[]).map(({ kind }) => kind).sort();
  expect(kinds(attached(deployment(), delivered()))).toEqual(['Deployment']); // of an identity that exists

  const identity = awsSide().identity;
  const fresh = deployment();
  for (const name of ['llama', 'bert']) delivered({}, model(name)).attach(fresh, { identity });
  expect(kinds(fresh)).toEqual(['Deployment', 'ServiceAccount']);

  const scope = chart();
  const own = deployment(scope, { serviceAccount: new kplus.ServiceAccount(scope, 'llama', { metadata: { name: 'llama' } }) });
  delivered().attach(own, { identity });
  expect(kinds(own)).toEqual(['Deployment', 'ServiceAccount']);

  const raw = rawObject({ spec: { serviceAccountName: 'llama', containers: [{ name: 'server' }] } });
  delivered().attach(raw, { identity });
  expect(kinds(raw)).toEqual(['Deployment']);
});

test('a service account that is an empty text is none: that of the identity is written', () => {
  const { identity } = awsSide();
  const scope = chart();
  const workload = rawObject({ spec: { serviceAccountName: '', containers: [{ name: 'server' }] } }, {}, scope);
  delivered().attach(workload, { identity });
  expect(scope.node.root.node.children.map(({ node }) => node.id)).toEqual(['chart', expect.stringMatching(/^serviceaccount-/)]);
  expect(podOf(workload).serviceAccountName).toBe('llama');
});
