import { Token } from 'aws-cdk-lib';
import { checkName } from './names';
import { QUANTITY } from './quantity';
import { DNS_LABEL, MAX_LABEL, NameRule } from './spelling';

const DNS_SUBDOMAIN: NameRule = { pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, rule: "lowercase letters, digits, '-' and '.', starting and ending with a letter or digit, as does each part between dots" };
const SERVICE_NAME: NameRule = { pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/, rule: "lowercase letters, digits and '-', starting with a letter and ending with a letter or digit" };
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** https://github.com/distribution/reference/blob/main/reference.go: a host, of which capitals are taken, a path of lowercase letters, a tag, a digest. */
const IMAGE = /^([A-Za-z0-9][-A-Za-z0-9.]*(:\d+)?\/)?[a-z0-9][-a-z0-9._]*(\/[a-z0-9][-a-z0-9._]*)*(:\w[-\w.]{0,127})?(@sha256:[0-9a-f]{64})?$/;
const VARIABLE = /^(?!\.{1,2}$)[-._A-Za-z][-._A-Za-z0-9]*$/;
const URL_PATH = /^\/([-\w./~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/;

/** Tokens pass: who writes the manifest refuses them, and says where they are. */
function check(what: string, value: string, valid: (value: string) => boolean, rule: string) {
  if (!Token.isUnresolved(value) && !valid(value)) throw new Error(`${what} '${value}' is not valid: use ${rule}`);
}

/** @internal */
export function isQualifiedName(value: string): boolean {
  const [name, ...prefix] = value.split('/').reverse();
  return prefix.length <= 1 && NAME.test(name) && prefix.every(isSubdomain);
}

function isSubdomain(value: string): boolean {
  return value.length <= 253 && DNS_SUBDOMAIN.pattern.test(value);
}

/** @internal */
export const checkLabelKey = (what: string, value: string) => check(what, value, isQualifiedName, "a name such as 'team' or 'karpenter.sh/nodepool'");

/** @internal */
export const checkLabelValue = (what: string, value: string) =>
  check(what, value, text => text === '' || NAME.test(text), "at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit");

/** @internal */
export function checkNodeSelector(nodeSelector: { [label: string]: string } = {}): void {
  for (const [key, value] of Object.entries(nodeSelector)) {
    checkLabelKey('label of a node', key);
    checkLabelValue(`value of the label '${key}' of a node`, value);
  }
}

/** @internal */
export const checkSubdomain = (what: string, value: string) => check(what, value, isSubdomain, "lowercase letters, digits, '-' and '.', such as 'inference'");

/** @internal */
export const checkLabel = (what: string, value: string) =>
  check(what, value, text => text.length <= MAX_LABEL && DNS_LABEL.pattern.test(text), DNS_LABEL.rule);

/**
 * Annotations are labels' kin, but their prefix may have capitals.
 * @internal
 */
export const checkAnnotationKey = (what: string, value: string) => check(what, value, key => isQualifiedName(key.toLowerCase()), "a name such as 'alb.ingress.kubernetes.io/scheme'");

/**
 * A host that requests name; `*` stands for its first label.
 * @internal
 */
export const checkHost = (what: string, value: string) =>
  check(what, value, host => isSubdomain(host.replace(/^\*\./, '')) && !/^[\d.]+$/.test(host), "a DNS name such as 'llama.example.com' or '*.example.com', which is no address");

/**
 * What both Ingress and Gateway API take.
 * @internal
 */
export const checkUrlPath = (what: string, value: string) =>
  check(what, value, path => URL_PATH.test(path) && path.length <= 1024 && !/\/\/|\/\.{1,2}(\/|$)|%2f/i.test(path), "an absolute path such as '/llama', without empty, '.' or '..' segments");

/**
 * A metrics adapter serves it as part of a path.
 * @internal
 */
export const checkMetricName = (value: string) => check('name of a metric', value, name => /^(?!\.{1,2}$)[^\s/%\x00-\x1f\x7f]+$/.test(name), "a name without spaces, '/' and '%', such as 'vllm:num_requests_waiting'");

/** @internal */
export const checkVariable = (value: string) => check('name of an environment variable', value, text => VARIABLE.test(text), "letters, digits, '-', '_' and '.', not starting with a digit");

/** @internal */
export const checkQuantity = (what: string, value: string) => check(what, value, text => QUANTITY.test(text), "a quantity such as '500m', '2' or '32Gi'");

/** @internal */
export const checkImage = (what: string, value: string) =>
  check(what, value, text => IMAGE.test(text), 'repository:tag@sha256:digest, the repository in lowercase and without a scheme');

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
