import { Call, required, text, UsageError } from './command';
import { checkModelId, ModelId } from '../../lib/model/layout';

/** The options that name a version. */
export const MODEL_OPTIONS = { name: { type: 'string' }, version: { type: 'string' }, tenant: { type: 'string' } } as const;

/** The version that a command line names. */
export function modelIdFrom(call: Call): ModelId {
  const id = { tenant: text(call, 'tenant'), name: required(call, 'name'), version: required(call, 'version') };
  try {
    return checkModelId(id);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
