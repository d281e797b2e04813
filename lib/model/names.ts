import { MODEL_NAME, VERSION } from './layout';
import { literal } from '../private/literal';
import { checkName } from '../private/names';
import { sha256 } from '../private/sha256';
import { DNS_LABEL, MAX_LABEL } from '../private/spelling';

/** @internal */
export const checkModelName = (value: string) => checkName('model name', value, MODEL_NAME);

/** @internal */
export const checkVersion = (value: string) => checkName('model version', value, VERSION);

/** @internal */
export const checkTenant = (value: string) => checkName('tenant', value, DNS_LABEL);

/**
 * A DNS label made of a prefix and a value: the value itself where it fits, else shortened and told apart by a hash.
 * @internal
 */
export function dnsLabel(prefix: string, value: string, max = MAX_LABEL): string {
  const plain = prefix + value;
  if (DNS_LABEL.pattern.test(plain) && plain.length <= max) {
    return plain;
  }
  const readable = plain.toLowerCase().replace(/[^-a-z0-9]+/g, '-').replace(/^-+/, '').slice(0, max - 11).replace(/-+$/, '');
  return `${readable}-${sha256(plain).slice(0, 10)}`;
}

/** An object key has 1,024 bytes: these for the prefix, and 800 for the path of a file below it. */
const MAX_PREFIX = 220;

/**
 * Checks the prefix of a layout that exists already and returns it with its closing slash.
 * @internal
 */
export function checkPrefix(value: string): string {
  literal(value, 'prefix', 'it is part of every object key; pass a literal string');
  const path = value.replace(/\/$/, '');
  const fail = (reason: string): never => {
    throw new Error(`prefix '${value}' is not valid: ${reason}`);
  };
  if (!/^[-\w.=+@,:/() ]+$/.test(path)) fail("use letters, digits, spaces and any of '-_.=+@,:/()': wildcards, policy variables and control characters would change what is granted");
  if (/^ | $/.test(path)) fail('it starts or ends with a space: remove it');
  if (path.split('/').some(segment => segment === '' || segment === '.' || segment === '..')) fail("every segment needs a name, and none may be '.' or '..'");
  if (path === 'models' || path.startsWith('models/')) fail("'models/' is the layout of published models, give name, version and tenant instead");
  if (path.length > MAX_PREFIX) fail(`it has ${path.length} characters, and 1,024 bytes are all that a key has for it and the path of a file: shorten it to ${MAX_PREFIX}`);
  return `${path}/`;
}
