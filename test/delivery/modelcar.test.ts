import { spawnSync } from 'node:child_process';
import { Size } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { attached as attachedTo, deployment as plusDeployment, podOf } from './attachment-fixture';
import { awsSide, bind, delivered as downloaded, DIGEST, model, UNKNOWN } from './fixture';
import { attach, deployment, expanded, IDENTITY, image, named, PINNED, pod, podOfObject, shared, TAGGED, USER, violations } from './oci-fixture';
import { findShell } from './program/bench';
import { WorkloadIdentity } from '../../lib/access';
import { DeliveredModel, ModelcarOptions, ModelcarOrdering, ModelDelivery } from '../../lib/delivery';
import { bindModels } from '../../lib/delivery/bind-models';
import { mergePodParts, SKIP_CONTAINERS } from '../../lib/delivery/pod-template';
import { KustomizeComponent } from '../../lib/workload';
import { containerOf, Environment, podOf as podOfServer } from '../workload/fixture';

const car = (options: Partial<ModelcarOptions> = {}, what = shared, path?: string): DeliveredModel =>
  ModelDelivery.modelcar({ image: image(), ...options }).deliver(what, { path });
const parts = (options: Partial<ModelcarOptions> = {}, facts = pod()) => bind([car(options)], facts);
const on = (kubernetesVersion: string, nodeVersion?: string) => ({ facts: { kubernetesVersion, nodeVersion } });
const { BOTH, NATIVE_SIDECAR, PREFETCH_INIT } = ModelcarOrdering;

/** All containers that a modelcar brings. */
const ours = ({ initContainers = [], containers = [] }: any): any[] => [...initContainers, ...containers].filter(({ name }) => /^(prefetch|modelcar|verify)-/.test(name));
const find = (made: any, verb: string) => ours(made).find(({ name }) => name.startsWith(verb));

describe('containers', () => {
  test('OCI-03 the image is pulled and looked through, then the sidecar links, then somebody reads as the application', () => {
    const made = parts(on('1.34'));
    expect(named(made.initContainers)).toEqual(['prefetch-llama', 'modelcar-llama', 'verify-llama']);
    expect(made.initContainers!.map(({ restartPolicy }) => restartPolicy)).toEqual([undefined, 'Always', undefined]);
    expect(named(made.containers)).toEqual([]);
  });

  test('a sidecar alone still is looked through as the application', () => {
    expect(named(parts({ ...on('1.34'), ordering: NATIVE_SIDECAR }).initContainers)).toEqual(['modelcar-llama', 'verify-llama']);
  });

  test('without native sidecars it is an ordinary container after a prefetch, and a warning says what is then not promised', () => {
    const made = parts(on('1.28'));
    expect([named(made.initContainers), named(made.containers)]).toEqual([['prefetch-llama'], ['modelcar-llama']]);
    for (const container of ours(made)) expect(container).not.toHaveProperty('restartPolicy');
    expect(find(made, 'modelcar')).not.toHaveProperty('startupProbe');
    expect(find(made, 'modelcar')).not.toHaveProperty('lifecycle');
    expect(made.warnings).toEqual([{ id: 'modelcarMayComeLate', text: expect.stringContaining("may start before '/mnt/llama/models' is there, must then fail, and is started again") }]);
    expect(parts(on('1.29')).warnings).toEqual([]);
  });

  test.each([
    ['1.28', undefined, PREFETCH_INIT], ['1.30', '1.28', PREFETCH_INIT], ['1.29', undefined, BOTH], ['1.37', '1.29', BOTH],
  ])('AUTO on %s with nodes of %s is %s', (kubernetesVersion, nodeVersion, ordering) => {
    const facts = { kubernetesVersion, nodeVersion };
    expect(parts({ facts })).toEqual(parts({ facts, ordering }));
  });

  test('a sidecar where there are none is refused', () => {
    for (const ordering of [BOTH, NATIVE_SIDECAR]) {
      expect(() => car({ ...on('1.30', '1.28'), ordering })).toThrow(`ordering ${ordering} needs native sidecars, and Kubernetes 1.28 has none: use PREFETCH_INIT, 1.29 or later, or on 1.28 turn on SidecarContainers and say so in featureGates`);
    }
    expect(() => car({ ordering: BOTH, facts: { kubernetesVersion: '1.28', featureGates: ['SidecarContainers'] } })).not.toThrow();
  });

  test.each([BOTH, NATIVE_SIDECAR, PREFETCH_INIT])('OCI-06 OCI-07 all of %s set their command, a shell by its path, and run something that fails where the model is not', ordering => {
    for (const container of ours(parts({ ...on('1.34'), ordering }))) {
      expect(container.command.slice(0, 2)).toEqual(['/bin/sh', '-c']);
      const text = [...container.command.slice(2), ...container.args ?? []][0];
      expect(text).toMatch(/ln -sfn|sha256sum/);
    }
  });

  test('OCI-04 no environment tells the application to wait: nobody reads it', () => {
    expect(JSON.stringify(parts(on('1.34')))).not.toMatch(/"env"|MODEL_INIT_MODE/);
  });

  test('OCI-33 defaults of cdk8s-plus reach none of them, and requests are limits', () => {
    const workload = attachedTo(plusDeployment(undefined, { securityContext: { user: 1000, group: 1000 } }), car(on('1.34')));
    const made = ours(podOf(workload));
    expect(made).toHaveLength(3);
    for (const { imagePullPolicy, resources: { requests, limits } } of made) {
      expect([imagePullPolicy, requests]).toEqual(['IfNotPresent', limits]);
      expect(Object.keys(requests)).toEqual(['cpu', 'memory']);
    }
    expect(find(podOf(workload), 'modelcar').resources.requests).toEqual({ cpu: '10m', memory: '16Mi' });
  });

  test('OCI-15 one image is spelled the same everywhere; of a tag the first asks the registry alone', () => {
    const policies = (ordering: ModelcarOrdering, reference: string) => {
      const made = ours(parts({ ...on('1.34'), ordering, image: image(reference) }));
      expect(new Set(made.map(container => container.image))).toEqual(new Set([reference]));
      return made.map(({ imagePullPolicy }) => imagePullPolicy);
    };
    expect(policies(BOTH, PINNED)).toEqual(['IfNotPresent', 'IfNotPresent', 'IfNotPresent']);
    expect(policies(BOTH, TAGGED)).toEqual(['Always', 'IfNotPresent', 'IfNotPresent']);
    expect(policies(NATIVE_SIDECAR, TAGGED)).toEqual(['Always', 'IfNotPresent']);
    expect(policies(PREFETCH_INIT, TAGGED)).toEqual(['Always', 'IfNotPresent']);
  });
});

describe('the link', () => {
  const [, , text, folder, target] = find(parts(on('1.34')), 'modelcar').command;

  test('OCI-01 leads through the process that sleeps: the manifest has its number escaped, and the shell gets it whole', () => {
    expect(text).toContain('/proc/$$$$/root');
    expect(expanded(text)).toBe('ln -sfn "/proc/$$/root$0" "$1" && exec sleep infinity');
  });

  test('OCI-02 takes the place of an earlier one, also of one that leads to a folder', () => {
    expect(text).toMatch(/^ln -sfn /);
  });

  test('goes from the folder of the image to the path of the application, which has it read-only', () => {
    expect([folder, target]).toEqual(['/models', '/model-link/models']);
    const made = parts(on('1.34'));
    expect(made.volumes).toEqual([{ name: 'model-llama', emptyDir: { sizeLimit: '1Mi' } }]);
    expect(made.volumeMounts).toEqual([{ name: 'model-llama', mountPath: '/mnt/llama', readOnly: true }]);
    expect(find(made, 'modelcar').volumeMounts).toEqual([{ name: 'model-llama', mountPath: '/model-link' }]);
    expect(find(made, 'verify').volumeMounts).toEqual([{ name: 'model-llama', mountPath: '/model-link', readOnly: true }]);
    expect(find(made, 'prefetch')).not.toHaveProperty('volumeMounts');
  });

  test('keeps names that a shell or Kubernetes would read as more', () => {
    const odd = car({ ...on('1.34'), image: image(PINNED, { folder: '/weights-1.0' }) }, shared, '/srv/app/model_1.0');
    expect(find(bind([odd], pod()), 'modelcar').command.slice(3)).toEqual(['/weights-1.0', '/model-link/model_1.0']);
    expect(bind([odd], pod()).volumeMounts).toMatchObject([{ mountPath: '/srv/app' }]);
  });

  test('what is looked at: the folder of the image, then the link, for the pinned manifest', () => {
    const made = parts(on('1.34'));
    for (const [verb, where] of [['prefetch', '/models'], ['verify', '/model-link/models']]) {
      expect(find(made, verb).args.slice(1)).toEqual(['check-image', 'llama@1', where, DIGEST]);
      expect(expanded(find(made, verb).args[0])).not.toContain('EXPANDED');
    }
  });
});

describe('the gate', () => {
  const gate = (kubernetesVersion?: string, nodeVersion?: string, spec?: any) => {
    const { startupProbe, lifecycle } = find(parts({ facts: { kubernetesVersion, nodeVersion } }, pod(spec)), 'modelcar');
    expect([startupProbe, lifecycle].filter(value => value !== undefined)).toHaveLength(1);
    return startupProbe ? 'probe' : 'hook';
  };

  test('OCI-12 is a probe, or a hook where a node may have Kubernetes 1.35', () => {
    expect([gate('1.29'), gate('1.34'), gate('1.36', '1.36'), gate('1.37', '1.36')]).toEqual(['probe', 'probe', 'probe', 'probe']);
    expect([gate('1.35'), gate(), gate('1.36'), gate('1.36', '1.34'), gate('1.36', '1.35')]).toEqual(['hook', 'hook', 'hook', 'hook', 'hook']);
  });

  test('OCI-13 is a hook in pods that are not restarted', () => {
    expect(['Never', 'OnFailure', 'Always'].map(restartPolicy => gate('1.34', undefined, { restartPolicy }))).toEqual(['hook', 'probe', 'probe']);
  });

  test('waits a minute for the manifest, seen through the link', () => {
    expect(find(parts(on('1.34')), 'modelcar').startupProbe).toEqual({
      exec: { command: ['/bin/sh', '-c', 'test -e "$0"', '/model-link/models/manifest.sha256'] }, periodSeconds: 1, failureThreshold: 60,
    });
    expect(find(parts(on('1.35')), 'modelcar').lifecycle.postStart.exec.command.slice(3)).toEqual(['/model-link/models/manifest.sha256', '60']);
  });

  const dash = findShell('dash');
  (dash ? test : test.skip)('as a hook ends for what is there, and fails for what never comes', () => {
    const { command } = find(parts(on('1.35')), 'modelcar').lifecycle.postStart.exec;
    const wait = (file: string) => spawnSync(dash!.sh, ['-c', command[2], file, '2'], { env: { PATH: dash!.path } }).status;
    expect([wait('/'), wait('/nothing/is/here')]).toEqual([0, 1]);
  });

  test('OCI-01 reads the same whether Kubernetes expands it, as of probes, or not, as of hooks', () => {
    for (const version of ['1.34', '1.35']) {
      const { startupProbe, lifecycle } = find(parts(on(version)), 'modelcar');
      const { command } = (startupProbe ?? lifecycle.postStart).exec;
      expect(command.map(expanded)).toEqual(command);
    }
  });
});

describe('who runs it', () => {
  test('OCI-05 the user and group of the application, also of its own container, as which all are, and none has a capability', () => {
    const containers = [{ name: 'server', securityContext: { runAsUser: 7, runAsGroup: 8 } }];
    for (const { securityContext } of ours(parts(on('1.34'), pod({ containers })))) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        runAsUser: 7,
        runAsGroup: 8,
        seccompProfile: { type: 'RuntimeDefault' },
      });
    }
  });

  test('OCI-05 the last look has the capabilities of the application, and the process that holds the model has none', () => {
    const look = (capabilities: any, user = 1000) => {
      const made = parts(on('1.34'), pod({ containers: [{ name: 'server', securityContext: { capabilities, runAsUser: user, runAsGroup: user } }] }));
      expect(['prefetch', 'modelcar'].map(verb => find(made, verb).securityContext.capabilities)).toEqual([{ drop: ['ALL'] }, { drop: ['ALL'] }]);
      return find(made, 'verify').securityContext;
    };
    expect(look({ drop: ['NET_RAW'], add: ['NET_BIND_SERVICE'] }).capabilities).toEqual({ drop: ['NET_RAW'], add: ['NET_BIND_SERVICE'] });
    expect(look(undefined).capabilities).toEqual({ drop: ['ALL'] });
    expect(look(undefined, 0)).not.toHaveProperty('capabilities'); // root has those that the runtime gives
    expect(look({ add: ['SYS_ADMIN', 'SYS_PTRACE'] }, 0)).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { add: ['SYS_PTRACE'] } }); // the API server would refuse both together
    expect(look({ add: ['CAP_SYS_ADMIN'] }, 0).capabilities).toEqual({});
  });

  test('root is said to be root, as the pod may say that nobody is', () => {
    for (const { securityContext } of ours(parts(on('1.34'), pod({ securityContext: { runAsUser: 0, runAsGroup: 0 } })))) {
      expect(securityContext).toMatchObject({ runAsUser: 0, runAsGroup: 0, runAsNonRoot: false });
    }
  });

  test('who is given is set on containers that read the model and do not say so, and on no other', () => {
    const object = deployment({ securityContext: undefined, containers: [{ name: 'vllm', image: 'a', securityContext: { runAsUser: 1000 } }, { name: 'plain', image: 'b' }, { name: 'other', image: 'c' }] });
    const { containers, securityContext, initContainers } = podOfObject(attach(object, [car({ ...on('1.34'), runAs: USER })], { containers: ['vllm', 'plain'] }));
    const same = { runAsUser: 1000, runAsGroup: 1000 };
    expect(containers.map((container: any) => container.securityContext)).toEqual([same, same, undefined]);
    expect(securityContext).toBeUndefined();
    expect(initContainers[1].securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000 });
  });

  test('an unknown one, and two, are refused where the workload is known', () => {
    const unknown = deployment({ securityContext: undefined });
    expect(() => attach(unknown, [car(on('1.34'))])).toThrow("container 'vllm' reads through the processes of its pod");
    const two = deployment({ containers: [{ name: 'vllm', image: 'a' }, { name: 'proxy', image: 'b', securityContext: { runAsGroup: 5 } }] });
    expect(() => attach(two, [car(on('1.34'))])).toThrow("containers 'vllm' and 'proxy' run as 1000:1000 and 1000:5");
    expect(() => attach(two, [car(on('1.34'))], { containers: ['vllm'] })).not.toThrow();
  });

  test.each([[UNKNOWN as any, 1000, 'user'], [1000, -1, 'group'], [1.5, 1000, 'user']])('runAs %p:%p is refused', (user, group, what) => {
    expect(() => car({ runAs: { user, group } })).toThrow(`${what} of runAs is `);
  });

  test('credentials are kept from the application and from the image, as elsewhere', () => {
    const made = (facts: any) => parts(on('1.34'), pod({}, facts)).annotations;
    expect(made({})).toEqual({});
    const all = { [SKIP_CONTAINERS]: 'server,prefetch-llama,modelcar-llama,verify-llama' };
    expect(made({ identity: IDENTITY })).toEqual(all);
    expect(made({ identity: IDENTITY, withholdCredentials: false })).toEqual({});
    const irsa = WorkloadIdentity.irsa({ namespace: 'serving', serviceAccount: 'llama', role: iam.Role.fromRoleArn(awsSide().stack, 'Role', 'arn:aws:iam::111122223333:role/irsa') });
    expect([made({ identity: irsa }), made({ identity: irsa, withholdCredentials: true })]).toEqual([{}, all]);
  });
});

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
