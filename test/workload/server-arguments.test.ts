import { Size } from 'aws-cdk-lib';
import { containerOf, Environment, messages, podOf } from './fixture';
import { DeliveredModel } from '../../lib/delivery';
import { Engine, ModelServer, ModelServerProps } from '../../lib/workload';
import { model } from '../delivery/fixture';

type Adapt = (environment: Environment) => DeliveredModel[];
const adapter = (name: string, gibibytes = 1) => model(name, { size: Size.gibibytes(gibibytes) });
const TWO: Adapt = environment => [environment.deliver(adapter('sql')), environment.deliver(adapter('chat.v2'), { path: '/adapters/chat' })];

function withAdapters(engine: Engine | undefined, props: Partial<ModelServerProps> = {}, adapt: Adapt = TWO): ModelServer {
  const environment = new Environment();
  return environment.server({ engine, adapters: adapt(environment), ...props });
}

test('vLLM is handed each adapter as an argument, in a list that an option ends', () => {
  expect(containerOf(withAdapters(Engine.VLLM, { gpus: 2, args: ['serve-this', '--max-lora-rank=64'] })).args).toEqual([
    '/mnt/llama/models', '--served-model-name=llama', '--port=8000',
    '--lora-modules', 'sql=/mnt/sql/models', 'chat.v2=/adapters/chat', '--enable-lora',
    '--tensor-parallel-size=2', 'serve-this', '--max-lora-rank=64',
  ]);
});

test('TGI is handed all adapters in one argument', () => {
  expect(containerOf(withAdapters(Engine.TGI)).args).toEqual(['--model-id=/mnt/llama/models', '--port=8080', '--lora-adapters=sql=/mnt/sql/models,chat.v2=/adapters/chat']);
});

test('an engine of your own spells them as it likes', () => {
  const engine = Engine.of({ args: ['{path}'], adapterArgs: ['--port={port}', '--adapters={adapters};{name}'], port: 80 });
  expect(containerOf(withAdapters(engine)).args).toEqual(['/mnt/llama/models', '--port=80', '--adapters=sql=/mnt/sql/models,chat.v2=/adapters/chat;llama']);
});

test('without adapters an engine hears nothing of them', () => {
  for (const adapters of [undefined, []]) {
    expect(containerOf(withAdapters(Engine.VLLM, { adapters })).args).toEqual(['/mnt/llama/models', '--served-model-name=llama', '--port=8000']);
  }
});

test('without an engine, the paths of adapters are mentioned like those of models', () => {
  const bare = { port: 80, args: ['/mnt/llama/models', '--adapter=/mnt/sql/models'] };
  expect(containerOf(withAdapters(undefined, { ...bare, env: { CHAT: '/adapters/chat' } })).args).toEqual(bare.args);
  expect(() => withAdapters(undefined, bare)).toThrow("server 'llama' never mentions '/adapters/chat', where model serving/chat.v2@1 is: pass engine");
});

test.each([['Triton', Engine.TRITON], ['an engine without adapterArgs', Engine.of({ args: ['{path}'], port: 80 })]])('%s has no way to be told of adapters, which is said at synth', (_, engine) => {
  expect(() => withAdapters(engine)).toThrow("server 'llama' has adapters, and its engine has no adapterArgs to be told of them: use Engine.VLLM or Engine.TGI, or give adapterArgs to Engine.of");
  expect(() => withAdapters(engine, { adapters: [] })).not.toThrow();
});

test('an engine that drops the adapters is found out', () => {
  expect(() => withAdapters(Engine.of({ args: ['{path}'], adapterArgs: ['--enable-lora'], port: 80 }))).toThrow("server 'llama' never mentions '/mnt/sql/models'");
});

test('adapters have names that requests tell apart', () => {
  expect(() => withAdapters(Engine.VLLM, {}, environment => [environment.deliver(adapter('sql')), environment.deliver(model('sql', { version: '2' }), { path: '/b' })]))
    .toThrow("adapter serving/sql@2 of server 'llama' has the name of serving/sql@1, and requests tell them apart by name: give it another name");
  expect(() => withAdapters(Engine.VLLM, {}, environment => [environment.deliver(model('llama', { version: '2' }), { path: '/b' })]))
    .toThrow("adapter serving/llama@2 of server 'llama' has the name of serving/llama@1");
});

test('an adapter counts: its volume, its disk, its windows, the annotation', () => {
  const plain = withAdapters(Engine.VLLM, { adapters: [] });
  const made = withAdapters(Engine.VLLM, {}, environment => [environment.deliver(adapter('sql', 20))]);
  const { metadata, spec } = podOf(made);
  expect(spec.initContainers.map((container: any) => container.name)).toEqual(['download-llama']);
  expect(spec.volumes.map((volume: any) => volume.name)).toEqual(['scratch', 'shm', 'model-llama', 'model-sql', 'model-download-work', 'model-download-token']);
  expect(spec.containers[0].volumeMounts.at(-1)).toEqual({ name: 'model-sql', mountPath: '/mnt/sql/models', subPath: 'models', readOnly: true });
  expect(metadata.annotations['cdk-eks-model-artifacts/models']).toMatch(/^serving\/llama@1 sha256:\w+, serving\/sql@1 sha256:\w+$/);
  // 16 and 20 GiB, each with a fifth more, and 10 GiB of scratch
  expect(spec.containers[0].resources.requests['ephemeral-storage']).toBe(`${Math.ceil((16 * 1.2 + 20 * 1.2 + 10) * 1024)}Mi`);
  const deadline = (server: ModelServer) => server.deployment.toJson().spec.progressDeadlineSeconds;
  const seconds = 20 * 1024 / 20; // 20 GiB at 20 MiB/s
  expect(deadline(made) - deadline(plain)).toBe(300 + 2 * seconds);
  expect(spec.containers[0].startupProbe.failureThreshold - containerOf(plain).startupProbe.failureThreshold).toBeGreaterThanOrEqual(seconds / 10);
});

test('an adapter without a digest is warned about, and one that may not be read is an error', () => {
  const pinned = new Environment();
  pinned.server({ adapters: [pinned.deliver(model('sql', { digest: undefined }))] });
  expect(messages(pinned.synth()).join()).toContain('model serving/sql@1 has no digest');
  const foreign = new Environment();
  foreign.server({ adapters: [foreign.deliver(model('sql', { tenant: 'research' }))] });
  expect(foreign.refusal()).toContain("model research/sql@1 belongs to tenant 'research'");
});

test('several models and adapters come by one container, each with its volume', () => {
  const environment = new Environment();
  const models = [environment.deliver(), environment.deliver(model('draft')), environment.deliver(model('rerank'))];
  const { spec } = podOf(environment.server({ models, adapters: TWO(environment), args: ['/mnt/draft/models', '/mnt/rerank/models'] }));
  expect(spec.initContainers).toHaveLength(1);
  expect(spec.initContainers[0].args.filter((argument: string) => argument.startsWith('--model='))).toEqual(['--model=llama', '--model=draft', '--model=rerank', '--model=sql', '--model=chat.v2']);
  expect(spec.volumes.filter(({ name }: any) => /^model-(?!download)/.test(name))).toHaveLength(5);
  expect(spec.containers[0].volumeMounts.map(({ mountPath }: any) => mountPath)).toEqual(['/tmp', '/dev/shm', '/mnt/llama/models', '/mnt/draft/models', '/mnt/rerank/models', '/mnt/sql/models', '/adapters/chat']);
});
