import * as fs from 'node:fs';
import * as path from 'node:path';
import { App as CdkApp, Stack as CdkStack } from 'aws-cdk-lib';
import { App } from 'cdk8s';
import { containerOf, Environment, IMAGE, messages, podOf, server, temporaryFolder } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { Downloader } from '../../lib/delivery';
import { Engine, ModelServer, ModelServerProps } from '../../lib/workload';
import { bucketIn, delivered, model } from '../delivery/fixture';

interface Refused {
  readonly props?: Partial<ModelServerProps>;
  readonly id?: string;
  readonly message: RegExp;
}

const REFUSED: Record<string, Refused> = {
  'an id with capitals': { id: 'Llama', message: /^workload name 'Llama' is not valid: use lowercase letters, digits and '-', starting with a letter.*; try 'llama'$/ },
  'an id with a dot': { id: 'llama.3', message: /^workload name 'llama\.3' is not valid: use lowercase/ },
  'an id that starts with a digit': { id: '3-llama', message: /^workload name '3-llama' is not valid: use .* starting with a letter/ },
  'an id of 64 characters': { id: 'a'.repeat(64), message: /^workload name 'a+' has 64 characters, at most 63 fit a Kubernetes label: shorten it$/ },
  'no model': { props: { models: [] }, message: /^server 'llama' has no model: pass models, such as \[delivery\.deliver\(model\)\]$/ },
  'no port': { props: { engine: undefined, args: ['/mnt/llama/models'] }, message: /^server 'llama' has no port: pass port, or an engine, which knows its own$/ },
  'port 0': { props: { port: 0 }, message: /^port of server 'llama' is 0: give a whole number from 1 to 65535/ },
  'port 65536': { props: { port: 65536 }, message: /^port of server 'llama' is 65536/ },
  'port 80.5': { props: { port: 80.5 }, message: /^port of server 'llama' is 80\.5/ },
  'gpus -1': { props: { gpus: -1 }, message: /^gpus of server 'llama' is -1: give a whole number of at least 0, known at synth$/ },
  'gpus 0.5': { props: { gpus: 0.5 }, message: /^gpus of server 'llama' is 0\.5/ },
  'gpus beside their limit': { props: { gpus: 1, resources: { limits: { 'nvidia.com/gpu': '2' } } }, message: /^server 'llama' has gpus 1 and limits of nvidia\.com\/gpu '2': give one of both$/ },
  'root': { props: { runAsUser: 0 }, message: /^runAsUser 0 of server 'llama' is not valid: give a number above 0, as Pod Security 'restricted' refuses root$/ },
  'user -1': { props: { runAsUser: -1 }, message: /^runAsUser -1 of server/ },
  'user 1.5': { props: { runAsUser: 1.5 }, message: /^runAsUser 1\.5 of server/ },
  'a GPU asked for without a limit': { props: { resources: { requests: { 'nvidia.com/gpu': '1' } } }, message: /^requests of nvidia\.com\/gpu of server 'llama' are '1' and limits left out: give limits alone/ },
  'another number of GPUs asked for': { props: { resources: { requests: { 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '2' } } }, message: /are '1' and limits '2': give limits alone/ },
  'half a GPU': { props: { resources: { limits: { 'nvidia.com/gpu': '500m' } } }, message: /^quantity of nvidia\.com\/gpu '500m' is not valid: an extended resource comes whole/ },
  'replicas -1': { props: { replicas: -1 }, message: /replicas.*-1/ },
  'replicas 1.5': { props: { replicas: 1.5 }, message: /replicas.*1\.5/ },
  'a request that is no quantity, beside a limit that is': { props: { resources: { requests: { memory: '32GiB' }, limits: { memory: '32Gi' } } }, message: /quantity of memory '32GiB'/ },
  'a path that nothing mentions': {
    props: { engine: undefined, port: 80, args: ['--model=/models'] },
    message: /^server 'llama' never mentions '\/mnt\/llama\/models', where model serving\/llama@1 is: pass engine, or put the path into args or env/,
  },
  'a path that only a longer one mentions': { props: { engine: undefined, port: 80, args: ['/mnt/llama/models-old'] }, message: /never mentions '\/mnt\/llama\/models'/ },
  'a second model that nothing mentions': { props: { models: [delivered(), delivered({}, model('draft'))] }, message: /^server 'llama' never mentions '\/mnt\/draft\/models'/ },
  'a model at the place of the shared memory': { props: { models: [delivered({}, model(), { path: '/mnt/llama/models' })], engine: undefined, port: 80, args: ['x'] }, message: /never mentions/ },
};

test.each(Object.keys(REFUSED))('%s is refused with the value, the reason and the fix', name => {
  const { props, id, message } = REFUSED[name];
  expect(() => server(props, id)).toThrow(message);
});

test('a name of 63 characters and the largest port are taken', () => {
  const made = server({ port: 65535 }, 'a'.repeat(63));
  expect(made.deployment.name).toHaveLength(63);
  expect(containerOf(made).ports[0].containerPort).toBe(65535);
});

test('a model of a foreign tenant is an error at synth that says whose it is and what to do', () => {
  const environment = new Environment();
  environment.server({ models: [environment.deliver(model('llama', { tenant: 'research' }))] });
  expect(environment.refusal()).toContain("[Serving/Manifests] llama: model research/llama@1 belongs to tenant 'research', and a pod of namespace 'serving' can't read it: use an identity of that namespace");
  expect(environment.names()).toEqual([]);
});

test('an explicit prefix that was not granted is an error at synth, and none once it is', () => {
  const environment = new Environment();
  const legacy = model('llama', { prefix: 'legacy/llama' });
  environment.server({ models: [environment.deliver(legacy)] });
  expect(environment.refusal()).toContain("has a prefix of its own, 'legacy/llama/', which Serving/Readers was not granted: call grantRead(bucket, model) on that reader role");
  environment.readers.grantRead(environment.bucket, legacy);
  environment.synth();
  expect(environment.names()).toContain('serving.llama.yaml');
});

test('a bucket that the role does not read is an error at synth', () => {
  const environment = new Environment();
  environment.server({ models: [delivered({ bucket: bucketIn('eu-west-1', 'unread-models') })] });
  expect(environment.refusal()).toContain("model serving/llama@1 is in bucket 'unread-models', which Serving/Readers does not read: add it to the role's buckets");
});

test('of an identity that exists only the tenant is known, so nothing else is refused', () => {
  const environment = new Environment();
  const identity = WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'theirs' });
  environment.server({ identity, models: [delivered({ bucket: bucketIn('eu-west-1', 'unread-models') })] });
  environment.synth();
  expect(environment.names()).toEqual(['serving.llama.yaml']);
});

test('a model without a digest and an image without one are warned about, by ids that stay', () => {
  const environment = new Environment();
  environment.server({ image: 'vllm/vllm-openai:latest', models: [environment.deliver(model('llama', { digest: undefined }))] });
  const said = messages(environment.synth()).join('\n');
  expect(said).toContain("image 'vllm/vllm-openai:latest' is not pinned by digest: what it stands for can change under running pods; use repository:tag@sha256:…");
  expect(said).toContain('model serving/llama@1 has no digest: pods check the files against the manifest in the bucket, and nothing checks that manifest; pin the digest that publishing printed');
  expect(said).toContain('[ack: cdk-eks-model-artifacts:imageNotPinned]');
  expect(said).toContain('[ack: cdk-eks-model-artifacts:digestMissing]');
});

test('nothing is said about what is pinned', () => {
  const environment = new Environment();
  environment.server();
  expect(messages(environment.synth())).toEqual([]);
});

describe('in a cdk8s app of its own', () => {
  const plain = () => new App({ outdir: path.join(temporaryFolder(), 'dist') });
  const props: ModelServerProps = { identity: WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'llama' }), image: IMAGE, engine: Engine.VLLM, models: [delivered()] };

  test('a server is written by its synth', () => {
    const app = plain();
    new Environment().server(props, 'llama', app);
    app.synth();
    const [file, ...others] = fs.readdirSync(app.outdir);
    expect(others).toEqual([]);
    const text = fs.readFileSync(path.join(app.outdir, file), 'utf8');
    expect(text).toContain('kind: Deployment');
    expect(text).toContain('kind: Service');
  });

  test('warnings go to standard error, with their ids', () => {
    const emitted = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const environment = new Environment();
    environment.server({ image: 'latest' });
    expect(emitted).not.toHaveBeenCalled();
    environment.server({ ...props, image: 'latest' }, 'llama', plain());
    expect(emitted.mock.calls).toEqual([[expect.stringMatching(/^llama: image 'latest' is not pinned/), { code: 'cdk-eks-model-artifacts:imageNotPinned' }]]);
    emitted.mockRestore();
  });

  test('what the pod can not read is an error of its synth', () => {
    const app = plain();
    const environment = new Environment();
    environment.server({ ...props, identity: environment.identity, models: [environment.deliver(model('llama', { tenant: 'research' }))] }, 'llama', app);
    expect(() => app.synth()).toThrow("[llama] model research/llama@1 belongs to tenant 'research'");
  });

  test('a service account is written there too', () => {
    const app = plain();
    new Environment().server({}, 'llama', app);
    const { bucket, identity } = new Environment();
    new Environment().server({ identity, models: [delivered({ bucket })] }, 'other', app);
    app.synth();
    const documents = fs.readdirSync(app.outdir).map(name => fs.readFileSync(path.join(app.outdir, name), 'utf8'));
    expect(documents.filter(text => text.includes('kind: ServiceAccount'))).toHaveLength(1);
  });
});

test('a server below a stack is refused, as nothing would write it', () => {
  const identity = WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'llama' });
  const props = { identity, models: [delivered()], image: IMAGE, engine: Engine.VLLM };
  expect(() => new ModelServer(new CdkStack(new CdkApp(), 'Stack'), 'llama', props)).toThrow(
    "server 'llama' is in the tree of the CDK app, which writes no Kubernetes objects: pass a ModelManifests as its scope",
  );
  expect(() => new ModelServer(new App(), 'llama', props)).not.toThrow();
});

test('servers of one name in several namespaces have ids of their own and a name', () => {
  const made = server({ name: 'llama' }, 'llama-of-serving');
  expect([made.deployment.name, made.service.name]).toEqual(['llama', 'llama']);
  expect(made._manifestFile).toBe('serving.llama.yaml');
  expect(() => server({ name: 'Llama' }, 'x')).toThrow("workload name 'Llama' is not valid");
});

test('S3-11 an image of the downloader that is not pinned is warned about, as it holds the credentials', () => {
  const { app, manifests } = new Environment();
  const mirror = delivered({ downloader: Downloader.s5cmd({ image: 'mirror.example/s5cmd:latest' }) });
  new ModelServer(manifests, 'mirrored', { identity: WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'llama' }), models: [mirror], image: IMAGE, engine: Engine.VLLM });
  expect(messages(app.synth()).filter(message => message.includes("image 'mirror.example/s5cmd:latest' is not pinned by digest"))).toHaveLength(1);
});

test('the server gets the credentials of its pod on request', () => {
  expect(podOf(server()).metadata.annotations['eks.amazonaws.com/skip-containers']).toBe('server');
  expect(podOf(server({ withholdCredentials: false })).metadata.annotations).not.toHaveProperty('eks.amazonaws.com/skip-containers');
});
