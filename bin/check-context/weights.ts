/** What a name tells. A suffix that other files have as well, such as `.bin`, is left to the content and the size. */
const NAMES: Array<readonly [RegExp, string]> = [
  [/\.safetensors$/i, 'safetensors'],
  [/\.(gguf|ggml)$/i, 'GGUF'],
  [/\.(pt|pth|ckpt)$/i, 'PyTorch checkpoint'],
  [/(^|\/)(pytorch_model|diffusion_pytorch_model|adapter_model|consolidated)[^/]*\.bin$/i, 'PyTorch checkpoint'],
  [/\.(onnx|onnx_data)$/i, 'ONNX'],
  [/\.(keras|tflite)$/i, 'TensorFlow'],
  [/(^|\/)(tf_model\.h5|flax_model[^/]*\.msgpack)$/i, 'TensorFlow or Flax'],
  [/\.(engine|plan)$/i, 'TensorRT engine'],
  [/\.(nemo|llamafile|mlmodel|mar)$/i, 'model archive'],
  [/\.(pkl|pickle|joblib)$/i, 'pickle'],
];

/** How much of a file `weightsKind` looks at. */
export const HEAD_BYTES = 4_096;

/** What kind of weights a file holds by its name or its first bytes; undefined where it is none that is known. */
export function weightsKind(path: string, head: Buffer, size: number): string | undefined {
  return NAMES.find(([pattern]) => pattern.test(path))?.[1] ?? contentKind(head, size);
}

function contentKind(head: Buffer, size: number): string | undefined {
  if (isSafetensors(head, size)) return 'safetensors';
  if (head.subarray(0, 4).toString('latin1') === 'GGUF') return 'GGUF'; // https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
  if (isPickle(head)) return 'pickle';
  // What torch.save writes is a zip with the pickle first: https://docs.pytorch.org/docs/stable/notes/serialization.html
  if (head.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004' && /\/(data|constants)\.pkl/.test(head.toString('latin1'))) return 'PyTorch checkpoint';
  return undefined;
}

/** The length of a JSON header, and the header: https://github.com/huggingface/safetensors#format */
function isSafetensors(head: Buffer, size: number): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false;
  const header = head.readBigUInt64LE(0);
  return header >= 2n && header <= 100_000_000n && header + 8n <= BigInt(size);
}

/**
 * PROTO with 2 to 5, and then what a pickle of that protocol begins with: a frame from 4 on, before that the start of a value.
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
function isPickle(head: Buffer): boolean {
  const [opcode, protocol, next] = head;
  if (opcode !== 0x80) return false;
  if (protocol === 4 || protocol === 5) return next === 0x95;
  return (protocol === 2 || protocol === 3) && head.length > 3 && '}](cX\u008a'.includes(String.fromCharCode(next));
}
