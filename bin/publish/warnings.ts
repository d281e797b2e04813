import type { SourceFile } from './source';
import { PICKLE } from '../cli/formats';
import type { Output } from '../cli/output';

/** Names what runs code where the model is loaded. */
export function warnOfCode(files: readonly SourceFile[], output: Output): void {
  const pickles = files.filter(({ path }) => PICKLE.test(path));
  const programs = files.filter(({ path }) => path.endsWith('.py'));
  if (pickles.length > 0) {
    output.warn('pickleFormat', `${named(pickles)} may be a pickle, which runs code when it is loaded: publish safetensors, or load with weights_only`);
  }
  if (programs.length > 0) {
    output.warn('pythonCode', `${named(programs)} is code that a server runs when it trusts remote code: read it before you publish it`);
  }
}

function named(files: readonly SourceFile[]): string {
  const [first, ...others] = files;
  return others.length === 0 ? `'${first.path}'` : `'${first.path}' (and ${others.length} more)`;
}
