import { spawnSync } from 'node:child_process';
import * as iam from 'aws-cdk-lib/aws-iam';
import { attached as attachedTo, deployment as plusDeployment, podOf } from './attachment-fixture';
import { awsSide, bind, DIGEST, UNKNOWN } from './fixture';
import { car, find, on, ours, parts } from './modelcar-fixture';
import { attach, deployment, expanded, IDENTITY, image, named, PINNED, pod, podOfObject, shared, TAGGED, USER } from './oci-fixture';
import { findShell } from './program/bench';
import { WorkloadIdentity } from '../../lib/access';
import { ModelcarOrdering } from '../../lib/delivery';
import { SKIP_CONTAINERS } from '../../lib/delivery/pod-template';

const { BOTH, NATIVE_SIDECAR, PREFETCH_INIT } = ModelcarOrdering;

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
  test('OCI-28 is for applications that follow one', () => {
    expect(() => car({ facts: { followsSymlinks: false } })).toThrow('followsSymlinks is false, and a modelcar is read through a symbolic link: use ModelDelivery.imageVolume or ociCopy');
  });

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
  (dash ? test : test.skip)(`as a hook ends for what is there, and fails for what never comes${dash ? '' : ' (skipped: no dash on this machine)'}`, () => {
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
