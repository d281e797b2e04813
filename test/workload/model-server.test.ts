import { Size } from 'aws-cdk-lib';
import { JsonPatch } from 'cdk8s';
import { containerOf, Environment, IMAGE, podOf, server } from './fixture';
import { TaintEffect, Toleration } from '../../lib/workload';
import { DIGEST, model } from '../delivery/fixture';

const SELECTOR = { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': 'llama' };

/** Every object of an environment as text, with the program left out. */
function textOf(environment: Environment): string {
  environment.synth();
  return JSON.stringify(environment.documents(), (key, value) => key === 'args' ? value.filter((argument: string) => !argument.includes('\n')) : value);
}

test('the Deployment is this one, and none of its fields is a default that nobody asked for', () => {
  const { metadata, spec, ...rest } = server({ gpus: 1 }).deployment.toJson();
  const { initContainers, ...pod } = spec.template.spec;
  expect({ metadata, ...rest }).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'llama', namespace: 'serving', labels: SELECTOR } });
  expect({ ...spec, template: { ...spec.template, spec: pod } }).toEqual({
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    progressDeadlineSeconds: 2540,
    selector: { matchLabels: SELECTOR },
    template: {
      metadata: {
        labels: SELECTOR,
        annotations: { 'cdk-eks-model-artifacts/models': `serving/llama@1 ${DIGEST}`, 'eks.amazonaws.com/skip-containers': 'server' },
      },
      spec: {
        serviceAccountName: 'llama',
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{
          name: 'server',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['vllm', 'serve'],
          args: ['/mnt/llama/models', '--served-model-name=llama', '--port=8000'],
          env: [
            { name: 'HOME', value: '/tmp' },
            { name: 'USER', value: 'model-server' },
            { name: 'XDG_CACHE_HOME', value: '/tmp/.cache' },
            { name: 'HF_HUB_OFFLINE', value: '1' },
            { name: 'TRANSFORMERS_OFFLINE', value: '1' },
          ],
          ports: [{ name: 'http', containerPort: 8000 }],
          resources: { requests: { 'ephemeral-storage': '29901Mi' }, limits: { 'nvidia.com/gpu': '1' } },
          startupProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 142 },
          readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, timeoutSeconds: 10 },
          livenessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
          volumeMounts: [
            { name: 'scratch', mountPath: '/tmp' },
            { name: 'shm', mountPath: '/dev/shm' },
            { name: 'model-llama', mountPath: '/mnt/llama/models', subPath: 'models', readOnly: true },
          ],
        }],
        volumes: [
          { name: 'scratch', emptyDir: { sizeLimit: '10240Mi' } },
          { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '2048Mi' } },
          { name: 'model-llama', emptyDir: { sizeLimit: '19661Mi' } },
          { name: 'model-download-work', emptyDir: { sizeLimit: '64Mi' } },
          { name: 'model-download-token', projected: { sources: [{ serviceAccountToken: { audience: 'pods.eks.amazonaws.com', expirationSeconds: 86400, path: 'pod-identity-token' } }] } },
        ],
      },
    },
  });
  expect(initContainers.map((container: any) => container.name)).toEqual(['download-llama']);
});

test('the Service is this one', () => {
  expect(server().service.toJson()).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'llama', namespace: 'serving', labels: SELECTOR },
    spec: { selector: SELECTOR, ports: [{ name: 'http', port: 8000, targetPort: 'http' }] },
  });
});

test('without resources nothing is asked for but the disk that models and scratch take, and nothing is limited', () => {
  expect(containerOf(server()).resources).toEqual({ requests: { 'ephemeral-storage': '29901Mi' } });
});

test('resources are taken as they are, GPUs and other extended resources among them', () => {
  const resources = {
    requests: { 'cpu': '4', 'memory': '32Gi', 'ephemeral-storage': '20Gi' },
    limits: { 'memory': '32Gi', 'vpc.amazonaws.com/efa': '4', 'aws.amazon.com/neuron': '2', 'hugepages-2Mi': '5Gi' },
  };
  expect(containerOf(server({ resources })).resources).toEqual(resources);
  expect(containerOf(server({ resources, gpus: 8 })).resources).toEqual({ ...resources, limits: { ...resources.limits, 'nvidia.com/gpu': '8' } });
  expect(containerOf(server({ resources: { limits: { 'nvidia.com/gpu': '2' } } })).resources.limits).toEqual({ 'nvidia.com/gpu': '2' });
});

test('scheduling is taken as it is', () => {
  const placement = { priorityClassName: 'inference', nodeSelector: { 'karpenter.sh/nodepool': 'gpu', 'node.kubernetes.io/instance-type': 'g6.2xlarge' } };
  const made = server({ ...placement, replicas: 3, tolerations: [Toleration.exists('nvidia.com/gpu', TaintEffect.NO_SCHEDULE), Toleration.equal('team', 'ml')] });
  expect(made.deployment.toJson().spec.replicas).toBe(3);
  expect(podOf(made).spec).toMatchObject({
    ...placement,
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }, { key: 'team', operator: 'Equal', value: 'ml' }],
  });
});

test('no replicas are a server that is off', () => {
  expect(server({ replicas: 0 }).deployment.toJson().spec.replicas).toBe(0);
});

test('two models are both mounted, and the annotation says both', () => {
  const environment = new Environment();
  const models = [environment.deliver(), environment.deliver(model('adapter', { tenant: undefined, version: '7', digest: undefined, size: Size.gibibytes(1) }))];
  const template = podOf(environment.server({ models, args: ['--lora-modules=sql=/mnt/adapter/models'] }));
  expect(template.metadata.annotations['cdk-eks-model-artifacts/models']).toBe(`serving/llama@1 ${DIGEST}, adapter@7`);
  expect(template.spec.containers[0].volumeMounts.map((mount: any) => mount.mountPath)).toEqual(['/tmp', '/dev/shm', '/mnt/llama/models', '/mnt/adapter/models']);
});

test('fields that are newer than any library come in by patches and survive to the file', () => {
  const environment = new Environment();
  const claims = [{ name: 'gpu', request: 'one' }];
  environment.server({
    patches: [
      JsonPatch.add('/spec/template/spec/volumes/-', { name: 'data', image: { reference: 'registry.example/data:1', pullPolicy: 'IfNotPresent' } }),
      JsonPatch.add('/spec/template/spec/initContainers/-', { name: 'proxy', image: 'registry.example/proxy:1', restartPolicy: 'Always' }),
      JsonPatch.add('/spec/template/spec/containers/0/resources', { claims }),
      JsonPatch.add('/spec/template/spec/resourceClaims', [{ name: 'gpu', resourceClaimTemplateName: 'h100' }]),
      JsonPatch.add('/spec/template/spec/fieldOfTomorrow', { deep: [{ kept: true }] }),
    ],
  });
  environment.synth();
  const { spec } = environment.documents().find(({ kind }) => kind === 'Deployment').spec.template;
  expect(spec.volumes.at(-1)).toEqual({ name: 'data', image: { reference: 'registry.example/data:1', pullPolicy: 'IfNotPresent' } });
  expect(spec.initContainers.at(-1)).toEqual({ name: 'proxy', image: 'registry.example/proxy:1', restartPolicy: 'Always' });
  expect(spec.containers[0].resources).toEqual({ claims });
  expect(spec.fieldOfTomorrow).toEqual({ deep: [{ kept: true }] });
});

test('patches run last, after everything that the delivery brought', () => {
  const patches = [JsonPatch.replace('/spec/progressDeadlineSeconds', 7200), JsonPatch.test('/spec/template/spec/initContainers/0/name', 'download-llama'), JsonPatch.remove('/spec/replicas')];
  const { spec } = server({ patches }).deployment.toJson();
  expect(spec.progressDeadlineSeconds).toBe(7200);
  expect(spec).not.toHaveProperty('replicas');
});

test('a patch that does not fit is reported with the server', () => {
  const environment = new Environment();
  environment.server({ patches: [JsonPatch.add('/spec/notThere/field', 1)] });
  expect(environment.refusal()).toMatch(/Validation failed[\s\S]*\[Serving\/Manifests\][\s\S]*'llama\/Deployment'/);
});

test('labels are those that Kubernetes recommends, selectors are name and instance', () => {
  const environment = new Environment();
  environment.server();
  const text = textOf(environment);
  const labels = environment.documents().flatMap(({ metadata, spec }) => [
    metadata.labels, spec?.template?.metadata.labels, spec?.selector?.matchLabels ?? spec?.selector,
  ]);
  expect(labels.filter(Boolean)).toEqual(Array(5).fill(SELECTOR));
  expect(text).not.toContain('cdk8s.io/metadata.addr');
});

test('the version and the digest are part of no name, label or selector', () => {
  const [first, second] = ['2026-11-01', '2027-01-01'].map((version, index) => {
    const environment = new Environment();
    environment.server({ models: [environment.deliver(model('llama', { version, digest: `sha256:${String(index).repeat(64)}` }))] });
    return textOf(environment);
  });
  expect(first).toContain('2026-11-01');
  // What changes is where the model comes from, its digest, and the annotation that says so.
  const neutral = (text: string) => text.replace(/serving\/llama(@|\/)\d{4}-\d\d-\d\d/g, 'MODEL').replace(/sha256:[01]{64}/g, 'DIGEST');
  expect(neutral(second)).toBe(neutral(first));
});
