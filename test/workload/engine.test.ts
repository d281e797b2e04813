import { containerOf, Environment, podOf, server } from './fixture';
import { Engine } from '../../lib/workload';
import { model } from '../delivery/fixture';

interface Started {
  readonly engine: Engine;
  readonly command: string[];
  readonly args: string[];
  readonly port: number;
  readonly ready: string;
  readonly live: string;
}

const PORT = 9000;
const ENGINES: Record<string, Started> = {
  vLLM: { engine: Engine.VLLM, command: ['vllm', 'serve'], args: ['/mnt/llama/models', '--served-model-name=llama', '--port=9000'], port: 8000, ready: '/health', live: '/health' },
  TGI: { engine: Engine.TGI, command: ['text-generation-launcher'], args: ['--model-id=/mnt/llama/models', '--port=9000'], port: 8080, ready: '/health', live: '/health' },
  Triton: { engine: Engine.TRITON, command: ['tritonserver'], args: ['--model-repository=/mnt/llama/models', '--http-port=9000'], port: 8000, ready: '/v2/health/ready', live: '/v2/health/live' },
};

test.each(Object.keys(ENGINES))('%s is handed the path and the port, and asked for its health', name => {
  const { engine, command, args, ready, live } = ENGINES[name];
  const container = containerOf(server({ engine, port: PORT }));
  expect(container).toMatchObject({
    command,
    args,
    ports: [{ name: 'http', containerPort: PORT }],
    startupProbe: { httpGet: { path: ready, port: 'http' } },
    readinessProbe: { httpGet: { path: ready, port: 'http' } },
    livenessProbe: { httpGet: { path: live, port: 'http' } },
  });
});

test.each([
  ['vLLM', Engine.VLLM, '--tensor-parallel-size=4'],
  ['TGI', Engine.TGI, '--num-shard=4'],
])('%s is told of more than one GPU, and of one it is not', (_, engine, argument) => {
  expect(containerOf(server({ engine, gpus: 4 })).args).toContain(argument);
  expect(containerOf(server({ engine, gpus: 1 })).args).not.toContain(argument.replace('4', '1'));
});

test.each(Object.keys(ENGINES))('%s has a port of its own, in the container, in its arguments and in the Service', name => {
  const { engine, port } = ENGINES[name];
  const made = server({ engine });
  expect(containerOf(made).ports[0].containerPort).toBe(port);
  expect(containerOf(made).args.join(' ')).toContain(`port=${port}`);
  expect(made.service.toJson().spec.ports).toEqual([{ name: 'http', port, targetPort: 'http' }]);
});

test('arguments of your own follow those of the engine', () => {
  expect(containerOf(server({ args: ['--max-model-len=8192', '{path}'] })).args).toEqual(['/mnt/llama/models', '--served-model-name=llama', '--port=8000', '--max-model-len=8192', '{path}']);
});

test('a command of your own replaces that of the engine', () => {
  expect(containerOf(server({ command: ['/wrapper', 'serve'] }))).toMatchObject({ command: ['/wrapper', 'serve'], args: ['/mnt/llama/models', '--served-model-name=llama', '--port=8000'] });
});

test('placeholders are filled in everywhere, and a model is never taken for one', () => {
  const environment = new Environment();
  const engine = Engine.of({ args: ['--a={path}:{path}', '{name}', '{other}', '{port}'], port: 80 });
  const models = [environment.deliver(model('port'), { path: '/mnt/path' })];
  expect(containerOf(environment.server({ engine, models })).args).toEqual(['--a=/mnt/path:/mnt/path', 'port', '{other}', '80']);
});

test('the engine is started on the first of several models', () => {
  const environment = new Environment();
  const models = [environment.deliver(), environment.deliver(model('draft'))];
  expect(containerOf(environment.server({ models, args: ['--speculative-model=/mnt/draft/models'] })).args[0]).toBe('/mnt/llama/models');
});

test('an engine without a health path is asked whether its port takes connections', () => {
  const container = containerOf(server({ engine: Engine.of({ args: ['{path}'], port: 9001 }) }));
  expect(container.command).toBeUndefined();
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    expect(container[probe].tcpSocket).toEqual({ port: 'http' });
    expect(container[probe].httpGet).toBeUndefined();
  }
});

test('a live path of its own is asked for liveness alone', () => {
  const container = containerOf(server({ engine: Engine.of({ args: ['{path}'], port: 80, readyPath: '/ready?full=1', livePath: '/live' }) }));
  expect([container.startupProbe, container.readinessProbe, container.livenessProbe].map(probe => probe.httpGet.path)).toEqual(['/ready?full=1', '/ready?full=1', '/live']);
});

test('without an engine, the environment or the command may mention the path', () => {
  const bare = { engine: undefined, port: 8080 };
  expect(podOf(server({ ...bare, env: { MODEL_DIR: '/mnt/llama/models' } })).spec.containers[0].args).toBeUndefined();
  expect(containerOf(server({ ...bare, command: ['serve', '/mnt/llama/models'] })).command).toEqual(['serve', '/mnt/llama/models']);
  expect(containerOf(server({ ...bare, args: ['--model=/mnt/llama/models'] })).args).toEqual(['--model=/mnt/llama/models']);
});

test.each([0, -1, 65536, 1.5, NaN])('port %p of an engine is refused', port => {
  expect(() => Engine.of({ port })).toThrow(`port of the engine is ${port}: give a whole number from 1 to 65535`);
});

test.each([{ readyPath: 'health' }, { livePath: 'health' }, { readyPath: '' }])('a health path that does not start with a slash is refused: %p', paths => {
  expect(() => Engine.of({ port: 80, ...paths })).toThrow(`'${Object.values(paths)[0]}' is not a path that an engine answers on: start it with '/'`);
});
