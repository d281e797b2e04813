import type { ModelServerProps } from './model-server-props';
import { DeliveredModel } from '../delivery/model-delivery';

/**
 * The command of a server, and its arguments: the engine's, filled in, and then its own.
 *
 * @throws where the engine can't be handed what the pod has, or a model is mentioned nowhere
 * @internal
 */
export function serverArguments(props: ModelServerProps, server: string, port: number): { command?: string[]; args: string[] } {
  const { engine, models, adapters = [], gpus = 0, env = {} } = props;
  if (engine) checkAdapters(props, server);
  const [{ path, model }] = models;
  const values: Record<string, string> = { '{path}': path, '{name}': model.name, '{port}': String(port), '{gpus}': String(gpus) };
  const { args = [], multiGpuArgs = [], adapterArgs = [] } = engine?.options ?? {};
  const own = [
    ...args,
    ...adapters.length > 0 ? adapterArgs.flatMap(argument => withAdapters(argument, adapters)) : [],
    ...gpus > 1 ? multiGpuArgs : [],
  ].map(argument => argument.replace(/\{(path|name|port|gpus)\}/g, placeholder => values[placeholder]));
  const started = { command: props.command ?? engine?.options.command, args: [...own, ...props.args ?? []] };
  refuseUnmentioned(server, [...models, ...adapters], [...started.command ?? [], ...started.args, ...Object.values(env)]);
  return started;
}

/** As arguments of their own where the placeholder is the whole argument, with commas in between where it is a part. */
function withAdapters(argument: string, adapters: DeliveredModel[]): string[] {
  const spelled = adapters.map(({ model, path }) => `${model.name}=${path}`);
  return argument === '{adapters}' ? spelled : [argument.replace('{adapters}', () => spelled.join(','))];
}

function checkAdapters({ engine, models, adapters = [] }: ModelServerProps, server: string) {
  if (adapters.length > 0 && engine?.options.adapterArgs === undefined) {
    throw new Error(`server '${server}' has adapters, and its engine has no adapterArgs to be told of them: use Engine.VLLM or Engine.TGI, or give adapterArgs to Engine.of`);
  }
  const taken = new Map([[models[0].model.name, models[0].model]]);
  for (const { model } of adapters) {
    const other = taken.get(model.name);
    if (other) {
      throw new Error(`adapter ${model.displayName} of server '${server}' has the name of ${other.displayName}, and requests tell them apart by name: give it another name`);
    }
    taken.set(model.name, model);
  }
}

/** An engine that is never told of a model starts on another, or downloads one. */
function refuseUnmentioned(server: string, models: DeliveredModel[], texts: string[]) {
  for (const { model, path } of models) {
    const mention = new RegExp(`${path.replace(/\./g, '\\.')}(?![-\\w.])`);
    if (!texts.some(text => mention.test(text))) {
      throw new Error(`server '${server}' never mentions '${path}', where model ${model.displayName} is: pass engine, or put the path into args or env (it is \`path\` of the delivered model)`);
    }
  }
}
