import type { PrunerReference } from './model-bucket-props';
import { permits, prefixFor, ReadRule } from '../access/read-rules';

/** Who has access to what lies below a prefix, in words for people. */
export interface AccessRow {
  /** Prefix of keys. `models/<namespace>/` stands for every namespace that has no row of its own. */
  readonly prefix: string;

  /** Who can read. */
  readonly readers: string[];

  /** Who can publish: put new objects, and overwrite none. Claims and signatures of the same tenant, below `publishing/` and `signatures/`, too. */
  readonly publishers: string[];

  /** Who can delete: pruners alone. Claims and signatures too. */
  readonly deleters: string[];
}

/**
 * What was granted, and to whom.
 * @internal
 */
export interface AccessRecord {
  readonly rule: ReadRule;
  readonly publish?: boolean;
  /** The role that was let publish, where it is one. */
  readonly publisherArn?: string;
  readonly pruner?: PrunerReference;
  /** Says who it is, given the namespaces that the rule is for. */
  readonly who: (namespaces: string) => string;
  /** The role that was granted to, where pods have it by EKS Pod Identity. */
  readonly podRole?: PodRole;
}

/** @internal */
export interface PodRole {
  readonly roleArn: string;
  /** The namespace of the pods where it is known. */
  readonly namespace?: string;
}

const VARIABLE = /\$\{[^}]*\}/;
const OWN = /^models\/([^/_<]+)\/$/;

/** @internal */
export function accessTable(records: AccessRecord[]): AccessRow[] {
  const prefixes = [...new Set(records.map(({ rule }) => shown(rule.prefix)))].sort();
  return prefixes.map(prefix => {
    const covering = records.flatMap(record => coverage(record, prefix, records));
    const names = (those: AccessRecord[]) => [...new Set(those.map(({ rule, who }) => who(namespacesOf(rule, prefix))))].sort();
    return {
      prefix,
      readers: names(covering.filter(({ pruner }) => !pruner)),
      publishers: names(covering.filter(({ publish }) => publish)),
      deleters: names(covering.filter(({ pruner }) => pruner)),
    };
  });
}

/** What of a record reaches a whole row: a rule for each namespace's own prefix is one for the namespace of the row. */
function coverage(record: AccessRecord, prefix: string, all: AccessRecord[]): AccessRecord[] {
  const { rule } = record;
  if (!VARIABLE.test(rule.prefix)) return prefix.startsWith(rule.prefix) ? [record] : [];
  if (shown(rule.prefix) === prefix) return [record];
  const namespace = OWN.exec(prefix)?.[1];
  if (namespace === undefined || !permits(rule, namespace, prefix)) return [];
  if (all.some(other => other.who === record.who && other.rule.prefix === prefix && permits(other.rule, namespace, prefix))) return []; // said by that one
  return [{ ...record, rule: { prefix: prefixFor(rule, namespace), namespaces: [namespace] } }];
}

function shown(prefix: string): string {
  return prefix.replace(/\$\{aws:PrincipalTag\/(?:kubernetes-)?([^}]+)\}/, '<$1>');
}

function namespacesOf({ prefix, namespaces }: ReadRule, row: string): string {
  if (namespaces === undefined) return VARIABLE.test(prefix) ? `namespace ${/<[^>]+>/.exec(row)?.[0] ?? '<namespace>'}` : 'every namespace';
  return namespaces.length === 1 ? `namespace ${namespaces[0]}` : namespaces.join(', ');
}
