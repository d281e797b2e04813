import { Size } from 'aws-cdk-lib';
import { bind, delivered as downloaded, model } from './fixture';
import { car, on, ours, parts } from './modelcar-fixture';
import { attach, deployment, IDENTITY, image, named, pod, podOfObject, shared, TAGGED, USER, violations } from './oci-fixture';
import { ModelcarOptions, ModelcarOrdering, ModelDelivery } from '../../lib/delivery';
import { bindModels } from '../../lib/delivery/bind-models';
import { mergePodParts } from '../../lib/delivery/pod-template';
import { KustomizeComponent } from '../../lib/workload';
import { containerOf, Environment, podOf as podOfServer } from '../workload/fixture';

const { BOTH, NATIVE_SIDECAR, PREFETCH_INIT } = ModelcarOrdering;

describe('the pod', () => {
  test.each([BOTH, NATIVE_SIDECAR, PREFETCH_INIT])('OCI-26 of %s holds Pod Security restricted, shares processes, and never those of the node', ordering => {
    const spec = podOfObject(attach(deployment(), [car({ ...on('1.34'), ordering })]));
    expect(violations(spec)).toEqual([]);
    expect([spec.shareProcessNamespace, spec.hostPID]).toEqual([true, undefined]);
  });

  test.each<[any, string]>([
    [{ shareProcessNamespace: false }, 'the pod has shareProcessNamespace: false, and a modelcar is read through its processes: remove that, or deliver model llama@1 with ModelDelivery.ociCopy'],
    [{ hostPID: true }, 'the pod has hostPID: true, and a modelcar is read through the processes of the pod: remove that'],
    [{ runtimeClassName: 'gvisor' }, "the pod has runtimeClassName 'gvisor', and whether a sandbox lets files of another image in is not known: use another one"],
    [{ runtimeClassName: 'kata-qemu' }, "runtimeClassName 'kata-qemu'"],
    [{ hostUsers: false }, 'the pod has hostUsers: false, and whether its users can read the files of an image is not known: remove that'],
  ])('%j is refused', (spec, says) => {
    expect(() => attach(deployment(spec), [car(on('1.34'))])).toThrow(says);
  });

  test('OCI-35 the path has a folder of its own around it, whose contents nothing else has', () => {
    for (const path of ['/models', '/opt/models', '/usr/share/models', '/var/lib/models', '/srv/model', '/run/secrets/models', '/var/run/secrets/a/models']) {
      const folder = path.slice(0, path.lastIndexOf('/'));
      expect(() => bind([car(on('1.34'), shared, path)], pod())).toThrow(`path '${path}' of model llama@1 has no folder of its own around it, and a modelcar's volume would hide what the application's image has in '${folder || '/'}': give a path such as '/mnt/llama/models'`);
    }
    expect(parts(on('1.34')).warnings).toEqual([]);
    expect(bind([car(on('1.34'), shared, '/mnt/models')], pod()).warnings).toEqual([{ id: 'modelImageHidesFolder', text: expect.stringContaining("its volume is mounted at '/mnt'") }]);
  });

  test('OCI-35 a folder that the application works in, or starts from, is not hidden', () => {
    const at = (path: string, container: any) => () => bind([car(on('1.34'), shared, path)], pod({ containers: [{ name: 'server', ...container }] }));
    expect(at('/app/models', { workingDir: '/app/' })).toThrow("container 'server' has workingDir '/app/', and a modelcar's volume would hide what its image has in '/app', the folder around path '/app/models' of model llama@1: give a path such as '/mnt/llama/models', or");
    expect(at('/app/models', { workingDir: '/app/src' })).toThrow("workingDir '/app/src'");
    expect(at('/app/models', { command: ['/app/serve', '/x'] })).toThrow("has a command '/app/serve'");
    for (const container of [{ workingDir: '/' }, { workingDir: '/application' }, { command: ['python', '/app2/x'] }]) expect(at('/app/models', container)).not.toThrow();
    const other = { containers: [{ name: 'server' }, { name: 'other', workingDir: '/app' }] };
    expect(bind([car(on('1.34'), shared, '/app/models')], pod(other, { readers: ['server'] })).warnings!.map(({ id }) => id)).toEqual(['modelImageHidesFolder']);
  });

  test('OCI-05 models whose deliveries name different users are refused, as one container has one', () => {
    const plain = deployment({ securityContext: undefined, containers: [{ name: 'vllm', image: 'a' }] });
    const second = (runAs: any) => car({ ...on('1.34'), image: image(TAGGED), runAs }, model('bert', { tenant: undefined }));
    const both = (runAs: any) => () => attach(plain, [car({ ...on('1.34'), runAs: USER }), second(runAs)]);
    expect(both({ user: 2000, group: 1000 })).toThrow("container 'vllm' has runAsUser 1000, and runAs of a model's delivery says 2000: give all models of the pod the same runAs");
    expect(both({ user: 1000, group: 2000 })).toThrow('runAsGroup 1000');
    expect(both(USER)).not.toThrow();
    const samePaths = (runAs: any) => car({ ...on('1.34'), runAs }, shared, '/srv/again/models');
    expect(() => attach(plain, [car({ ...on('1.34'), runAs: USER }), samePaths({ user: 2000, group: 2000 })])).toThrow('runAsUser 1000');
  });

  test('OCI-24 two modelcars in one folder are refused', () => {
    const models = [car(on('1.34'), shared, '/mnt/x/a'), car({ ...on('1.34'), image: image(TAGGED) }, model('bert', { tenant: undefined }), '/mnt/x/b')];
    expect(() => attach(deployment(), models)).toThrow(/mount of container 'vllm' '\/mnt\/x' is in the pod already.*of models that come by modelcars or image volumes, which take the folder around their path, each needs a folder of its own/);
  });

  test('OCI-24 nor is one in the folder of another, whatever brings it', () => {
    const inner = [car({ ...on('1.34'), image: image(TAGGED) }, model('bert', { tenant: undefined }), '/mnt/llama/more/models'), downloaded({}, model('bert'), { path: '/mnt/llama/bert' })];
    for (const second of inner) {
      for (const models of [[car(on('1.34')), second], [second, car(on('1.34'))]]) {
        expect(() => attach(deployment(), models, { identity: IDENTITY })).toThrow(/read-only/);
      }
    }
  });

  test('two modelcars in two folders are both there', () => {
    const spec = podOfObject(attach(deployment(), [car(on('1.34')), car({ ...on('1.34'), image: image(TAGGED) }, model('bert', { tenant: undefined }))]));
    expect(named(spec.initContainers)).toEqual(['prefetch-llama', 'modelcar-llama', 'verify-llama', 'prefetch-bert', 'modelcar-bert', 'verify-bert']);
    expect(violations(spec)).toEqual([]);
  });

  test('one image at two paths is pulled once, and another model out of it is refused', () => {
    const delivery = ModelDelivery.modelcar({ image: image(TAGGED), ...on('1.34') });
    const [first] = bindModels([delivery.deliver(shared), delivery.deliver(shared, { path: '/mnt/again/models' })], pod());
    expect(ours(first).map(({ imagePullPolicy }) => imagePullPolicy)).toEqual(['Always', ...Array(5).fill('IfNotPresent')]);
    expect(() => bindModels([delivery.deliver(shared), delivery.deliver(model('bert', { tenant: undefined }))], pod())).toThrow(`models llama@1 and bert@1 are delivered from image '${TAGGED}', and an image carries one model: give each its own`);
  });

  test('a container of the same name is refused, wherever it is', () => {
    const merged = (version: string, spec: any) => mergePodParts({ spec: { containers: [], ...spec } }, parts(on(version)), []);
    const says = /^(init )?container '(verify|modelcar)-llama' is in the pod already, and the model's delivery needs one of that name: rename yours/;
    expect(() => merged('1.34', { containers: [{ name: 'verify-llama' }] })).toThrow(says);
    expect(() => merged('1.34', { initContainers: [{ name: 'verify-llama' }] })).toThrow(says);
    expect(() => merged('1.28', { containers: [{ name: 'modelcar-llama' }] })).toThrow(says);
    expect(() => merged('1.28', { initContainers: [{ name: 'modelcar-llama' }] })).toThrow(says);
  });

  test.each(['OnFailure', 'Never'])('OCI-13 a Job with restartPolicy %s comes to its end: its modelcar is a native sidecar, and where there are none it is refused', restartPolicy => {
    const job = (options: any) => podOfObject(attach(deployment({ restartPolicy }, 'Job'), [car(options)]));
    expect(job(on('1.34')).containers).toHaveLength(1);
    expect(() => job(on('1.28'))).toThrow(`a pod with restartPolicy '${restartPolicy}' would never end beside a modelcar that is an ordinary container: use native sidecars, Kubernetes 1.29 or later, or deliver model llama@1 with ModelDelivery.ociCopy`);
  });

  test('OCI-34 the sidecar outlives the application: it is an init container, which Kubernetes ends last', () => {
    const spec = podOfObject(attach(deployment({}, 'DaemonSet'), [car()]));
    expect([named(spec.containers), spec.initContainers[1].name]).toEqual([['vllm'], 'modelcar-llama']);
  });

  test.each([['1.34', undefined], ['1.28', USER]])('put in again, what came out on %s stays as it is, and another way takes its place', (version, runAs) => {
    const before = deployment({ securityContext: runAs ? undefined : { runAsUser: 1000, runAsGroup: 1000 }, containers: [{ name: 'vllm', image: 'a' }, { name: 'logs', image: 'b' }] });
    const once = attach(before, [car({ ...on(version), runAs })], { containers: ['vllm'] });
    expect(podOfObject(once)).toMatchObject({ shareProcessNamespace: true });
    expect(attach(once, [car({ ...on(version), runAs })], { containers: ['vllm'] })).toEqual(once);
    const other = [ModelDelivery.ociCopy({ image: image() }).deliver(shared)];
    const [fresh, replaced] = [before, once].map(object => attach(object, other, { containers: ['vllm'] }));
    expect(replaced.spec.template).toEqual(fresh.spec.template);
  });

  test('what the pod shared before is not taken away with the modelcar', () => {
    const once = attach(deployment({ shareProcessNamespace: true }), [car(on('1.34'))]);
    expect(podOfObject(attach(once, [ModelDelivery.ociCopy({ image: image() }).deliver(shared)])).shareProcessNamespace).toBe(true);
  });

  test('manifests that an earlier version of the library wrote are understood', () => {
    const copied = (object: any) => attach(object, [ModelDelivery.ociCopy({ image: image() }).deliver(shared)]);
    const once = structuredClone(copied(deployment()));
    const annotations = once.spec.template.metadata.annotations;
    const { containers: _, containerContexts: __, ...record } = JSON.parse(annotations['cdk-eks-model-artifacts/attached']);
    annotations['cdk-eks-model-artifacts/attached'] = JSON.stringify(record);
    expect(copied(once).spec.template.spec).toEqual(copied(deployment()).spec.template.spec);
  });
});

describe('a part of a workload', () => {
  const patch = (options: Partial<ModelcarOptions>) => {
    const component = new KustomizeComponent(new Environment().manifests, 'vllm', { workload: { kind: 'Deployment', name: 'vllm' }, containers: ['vllm'], identity: IDENTITY, models: [car({ ...on('1.34'), ...options })] });
    return component._files().find(({ name }) => name.endsWith('patch.yaml'))!.documents[0].spec.template.spec;
  };

  test('needs to be told whom it runs as, and says so to the container', () => {
    expect(() => patch({})).toThrow("container 'vllm' reads through the processes of its pod");
    const spec = patch({ runAs: USER });
    expect(spec.containers).toEqual([{ name: 'vllm', volumeMounts: [{ name: 'model-llama', mountPath: '/mnt/llama', readOnly: true }], securityContext: { runAsUser: 1000, runAsGroup: 1000 } }]);
    expect(spec.shareProcessNamespace).toBe(true);
  });
});

describe('a ModelServer', () => {
  const server = (options: Partial<ModelcarOptions> = on('1.34'), more: any = {}) => new Environment().server({ models: [car(options)], ...more });

  test('OCI-26 has the model by a modelcar, and holds Pod Security restricted', () => {
    const { spec } = podOfServer(server());
    expect(named(spec.initContainers)).toEqual(['prefetch-llama', 'modelcar-llama', 'verify-llama']);
    expect(spec.shareProcessNamespace).toBe(true);
    expect(ours(spec).map(({ securityContext }) => [securityContext.runAsUser, securityContext.runAsGroup])).toEqual(Array(3).fill([1000, 1000]));
    expect(containerOf(server()).volumeMounts.at(-1)).toEqual({ name: 'model-llama', mountPath: '/mnt/llama', readOnly: true });
    expect(containerOf(server()).args[0]).toBe('/mnt/llama/models');
  });

  test('has one more hour or so for the pull of a large one', () => {
    const large = server({ ...on('1.34') }, { models: [car(on('1.34'), model('llama', { tenant: undefined, size: Size.gibibytes(140) }))] });
    expect(large.deployment.toJson().spec.progressDeadlineSeconds).toBe(600 + 300 + 2 * 7168);
  });

  test('another container that reads the model must be the same user', () => {
    const reader = (securityContext: any) => ({ containers: [{ container: { name: 'adapter', image: 'x:1', securityContext }, readsModels: true }] });
    expect(() => server(undefined, reader({ runAsUser: 5 }))).toThrow("containers 'server' and 'adapter' run as 1000:1000 and 5:1000");
    expect(named(podOfServer(server(undefined, reader({}))).spec.containers)).toEqual(['server', 'adapter']);
  });
});

test('merging twice equals merging once', () => {
  const made = parts({ ...on('1.28'), runAs: USER });
  const once = mergePodParts({ spec: { containers: [{ name: 'server' }] } }, made, ['server']);
  expect(mergePodParts(once, made, ['server'])).toEqual(once);
});
