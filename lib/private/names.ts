import { literal } from './literal';
import { checkSpelling, MAX_LABEL, NameRule } from './spelling';

/**
 * The name, where it is known at synth and follows the rule.
 * @internal
 */
export function checkName(what: string, value: string, rule: NameRule, max = MAX_LABEL): string {
  return checkSpelling(what, literal(value, what, 'it becomes part of object keys and Kubernetes names; pass a literal string'), rule, max);
}
