import { ModelChecksums } from './model-checksums';
import { checkSpelling, DNS_LABEL, NameRule } from '../private/spelling';

/** @internal */
export const MODEL_NAME: NameRule = { pattern: /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, rule: "lowercase letters, digits, '-' and '.', starting and ending with a letter or digit" };

/** @internal */
export const VERSION: NameRule = { pattern: /^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$/, rule: "letters, digits, '-', '_' and '.', starting and ending with a letter or digit" };

/**
 * Where models are published.
 * @internal
 */
export const MODELS = 'models/';

/**
 * Where a version says, before its first object is written, what it is going to hold: the first to say so is the one that publishes it.
 * @internal
 */
export const PUBLISHING = 'publishing/';

/**
 * Where detached signatures of published versions are.
 * @internal
 */
export const SIGNATURES = 'signatures/';

/**
 * No namespace can be called so: models of this owner are for everybody.
 * @internal
 */
export const SHARED = '_shared';

/**
 * Which model, and which version of it.
 * @internal
 */
export interface ModelId {
  readonly tenant?: string;
  readonly name: string;
  readonly version: string;
}

/**
 * The id, where its names are valid.
 *
 * @throws where one is not
 * @internal
 */
export function checkModelId({ tenant, name, version }: ModelId): ModelId {
  checkSpelling('model name', name, MODEL_NAME);
  checkSpelling('model version', version, VERSION);
  if (tenant !== undefined) checkSpelling('tenant', tenant, DNS_LABEL);
  return { tenant, name, version };
}

/**
 * The prefix of a version below one of the roots, with its closing slash.
 * @internal
 */
export function versionPrefix(root: string, { tenant, name, version }: ModelId): string {
  return `${root}${tenant ?? SHARED}/${name}/${version}/`;
}

/**
 * The key of a version's manifest, or below `PUBLISHING` that of its claim.
 * @internal
 */
export function manifestKey(root: string, id: ModelId): string {
  return `${versionPrefix(root, id)}${ModelChecksums.OBJECT_NAME}`;
}

/**
 * The version whose prefix, or an object below it, has this key; undefined for other keys.
 * @internal
 */
export function modelIdOf(root: string, key: string): ModelId | undefined {
  if (!key.startsWith(root)) return undefined;
  const [owner, name, version] = key.slice(root.length).split('/');
  return version ? { tenant: owner === SHARED ? undefined : owner, name, version } : undefined;
}

/**
 * `tenant/name@version`, as messages and annotations spell it; a model for everybody has no tenant in front.
 * @internal
 */
export function displayName({ tenant, name, version }: ModelId): string {
  return `${tenant === undefined ? '' : `${tenant}/`}${name}@${version}`;
}
