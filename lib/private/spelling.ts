/**
 * The longest value of a Kubernetes label, and the longest DNS label (RFC 1123).
 * @internal
 */
export const MAX_LABEL = 63;

/** @internal */
export interface NameRule {
  readonly pattern: RegExp;
  readonly rule: string;
}

/** @internal */
export const DNS_LABEL: NameRule = { pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, rule: "lowercase letters, digits and '-', starting and ending with a letter or digit" };

/**
 * The name, where it follows the rule.
 * @internal
 */
export function checkSpelling(what: string, value: string, { pattern, rule }: NameRule, max = MAX_LABEL): string {
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
