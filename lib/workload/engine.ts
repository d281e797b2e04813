import { checkWhole, MAX_PORT } from '../private/numbers';

/** What an engine needs to serve a model from a path. */
export interface EngineOptions {
  /**
   * The command; replaces the entry point of the image.
   *
   * @default - the entry point of the image
   */
  readonly command?: string[];

  /**
   * Arguments that hand over the model; `{path}` stands for the path of the first model, `{name}` for its name, `{port}` for the port.
   *
   * @default - none: the server's own arguments or environment mention the path
   */
  readonly args?: string[];

  /**
   * Arguments that follow where a pod has more than one GPU; `{gpus}` stands for their number.
   *
   * @default - none: the engine finds out by itself
   */
  readonly multiGpuArgs?: string[];

  /**
   * Arguments that hand over adapters, where a server has any. `{adapters}` stands for all of them, each spelled `name=path`: arguments of their own
   * where it is a whole argument, separated by commas where it is a part of one.
   *
   * @default - none: a server with adapters is refused
   */
  readonly adapterArgs?: string[];

  /** Port that the engine serves on. */
  readonly port: number;

  /**
   * Path that answers HTTP requests with success once the model is loaded.
   *
   * @default - the port accepts connections
   */
  readonly readyPath?: string;

  /**
   * Path that answers while the server lives.
   *
   * @default - as `readyPath`
   */
  readonly livePath?: string;
}

/** An inference engine: how it is started on a model that is already there. */
export class Engine {
  /**
   * vLLM: `vllm serve <path>`, which `vllm/vllm-openai` images carry. https://docs.vllm.ai/en/stable/cli/serve.html
   *
   * Adapters of a rank above 16 need `--max-lora-rank` among the server's own arguments, and more than one in a batch `--max-loras`.
   * https://docs.vllm.ai/en/stable/features/lora.html
   */
  public static readonly VLLM = Engine.of({
    command: ['vllm', 'serve'],
    args: ['{path}', '--served-model-name={name}', '--port={port}'],
    multiGpuArgs: ['--tensor-parallel-size={gpus}'],
    adapterArgs: ['--lora-modules', '{adapters}', '--enable-lora'], // in this order: what follows a list would be taken for a part of it
    port: 8000,
    readyPath: '/health',
  });

  /**
   * Text Generation Inference: `text-generation-launcher`. Images after 3.0.1 keep Python below `/root` and don't start as another user
   * (https://github.com/huggingface/text-generation-inference/issues/3082): take 3.0.1, or an image of your own that makes it readable.
   * https://huggingface.co/docs/text-generation-inference/reference/launcher, for adapters
   * https://huggingface.co/docs/text-generation-inference/conceptual/lora
   */
  public static readonly TGI = Engine.of({
    command: ['text-generation-launcher'],
    args: ['--model-id={path}', '--port={port}'],
    multiGpuArgs: ['--num-shard={gpus}'],
    adapterArgs: ['--lora-adapters={adapters}'],
    port: 8080,
    readyPath: '/health',
  });

  /**
   * NVIDIA Triton Inference Server; the model is a model repository, and adapters are part of it.
   * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_model_repository.html
   */
  public static readonly TRITON = Engine.of({
    command: ['tritonserver'],
    args: ['--model-repository={path}', '--http-port={port}'],
    port: 8000,
    readyPath: '/v2/health/ready',
    livePath: '/v2/health/live',
  });

  /** An engine of your own. */
  public static of(options: EngineOptions): Engine {
    return new Engine(options);
  }

  /** How it is started. */
  public readonly options: EngineOptions;

  private constructor(options: EngineOptions) {
    const { port } = options;
    checkWhole('port of the engine', port, 1, MAX_PORT);
    for (const path of [options.readyPath, options.livePath]) {
      if (path !== undefined && !path.startsWith('/')) throw new Error(`'${path}' is not a path that an engine answers on: start it with '/'`);
    }
    this.options = options;
  }
}
