import { createHash } from 'node:crypto';
import { literal } from '../private/literal';

/** The longest value of a Kubernetes label, and the longest DNS label (RFC 1123). */
const MAX_LABEL = 63;

/**
 * Hexadecimal SHA-256 of a text.
 * @internal
 */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface NameRule {
  readonly pattern: RegExp;
  readonly rule: string;
}

const MODEL_NAME: NameRule = { pattern: /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, rule: "lowercase letters, digits, '-' and '.', starting and ending with a letter or digit" };
const VERSION: NameRule = { pattern: /^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$/, rule: "letters, digits, '-', '_' and '.', starting and ending with a letter or digit" };
const DNS_LABEL: NameRule = { pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, rule: "lowercase letters, digits and '-', starting and ending with a letter or digit" };
const DNS_SUBDOMAIN: NameRule = { pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, rule: "lowercase letters, digits, '-' and '.', starting and ending with a letter or digit, as does each part between dots" };
const SERVICE_NAME: NameRule = { pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/, rule: "lowercase letters, digits and '-', starting with a letter and ending with a letter or digit" };

function checkName(what: string, value: string, { pattern, rule }: NameRule, max = MAX_LABEL): string {
  literal(value, what, 'it becomes part of object keys and Kubernetes names; pass a literal string');
  if (!pattern.test(value) || value.includes('..')) {
    const better = value.toLowerCase().replace(/[^-.a-z0-9]+/g, '-').replace(/\.{2,}/g, '.').replace(/^[-.]+/, '').slice(0, max).replace(/[-.]+$/, '');
    const hint = pattern.test(better) && better !== value ? `; try '${better}'` : '';
    throw new Error(`${what} '${value}' is not valid: use ${rule}${hint}`);
  }
  if (value.length > max) {
    throw new Error(`${what} '${value}' has ${value.length} characters, at most ${max} fit a Kubernetes ${max === MAX_LABEL ? 'label' : 'name'}: shorten it`);
  }
  return value;
}

/** @internal */
export const checkModelName = (value: string) => checkName('model name', value, MODEL_NAME);

/** @internal */
export const checkVersion = (value: string) => checkName('model version', value, VERSION);

/** @internal */
export const checkTenant = (value: string) => checkName('tenant', value, DNS_LABEL);

/** @internal */
export const checkNamespace = (value: string) => checkName('namespace', value, DNS_LABEL);

/**
 * A Service takes the name too, and its names may not start with a digit (RFC 1035).
 * @internal
 */
export const checkWorkloadName = (value: string) => checkName('workload name', value, SERVICE_NAME);

/**
 * Service accounts are DNS subdomains: dots allowed, up to 253 characters.
 * @internal
 */
export const checkServiceAccount = (value: string) => checkName('service account', value, DNS_SUBDOMAIN, 253);

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
