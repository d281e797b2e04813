import { SessionTag } from './session-tag';
import { MODELS, SHARED } from '../model/layout';
import { checkTenant } from '../model/names';
import { checkNamespace } from '../private/kubernetes-names';

/**
 * Who reads what lies below a prefix. Statements, guard, refusals and the access table all come from these rules.
 * @internal
 */
export interface ReadRule {
  /** Prefix of keys with its closing slash: without it, a rule for `team` would reach `team-a`. It may hold the policy variable of a session tag. */
  readonly prefix: string;
  /** The values of the session tag that it is for; all where it is undefined. */
  readonly namespaces?: string[];
  /** The values that it is not for. */
  readonly except?: string[];
}

/**
 * What sessions read by the value of a tag: models of that value, those for everybody, and those of the sets that the value is in. A value that
 * is spelt like a set it is not in reads nothing of that set.
 * @internal
 */
export function tenantRules(tag: SessionTag, tenants: { [name: string]: string[] }): ReadRule[] {
  const sets = Object.entries(tenants);
  const except = sets.filter(([name, members]) => !members.includes(name)).map(([name]) => name);
  return [
    { prefix: `${MODELS}${tag.policyVariable}/`, ...except.length > 0 ? { except } : {} },
    { prefix: `${MODELS}${SHARED}/` },
    ...sets.map(([name, namespaces]) => ({ prefix: `${MODELS}${name}/`, namespaces })),
  ];
}

/** @internal */
export function checkTenants(tenants: { [name: string]: string[] }): { [name: string]: string[] } {
  return Object.fromEntries(Object.entries(tenants).map(([name, namespaces]) => {
    checkTenant(name);
    if (namespaces.length === 0) {
      throw new Error(`tenant '${name}' has no namespaces: name them, or leave it out`);
    }
    return [name, [...new Set(namespaces.map(checkNamespace))].sort()];
  }));
}

/**
 * Whether a rule lets pods of a namespace read what lies below a prefix.
 * @internal
 */
export function permits(rule: ReadRule, namespace: string, prefix: string): boolean {
  return (rule.namespaces?.includes(namespace) ?? true) && !rule.except?.includes(namespace) && prefix.startsWith(prefixFor(rule, namespace));
}

/**
 * The prefix of a rule for one value of the session tag.
 * @internal
 */
export function prefixFor({ prefix }: ReadRule, value: string): string {
  return prefix.replace(/\$\{[^}]*\}/, () => value);
}
