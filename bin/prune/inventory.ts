import * as fs from 'node:fs';
import { namesModels, References } from './references';
import { CommandError } from '../cli/command';

/**
 * What makes the inventory of a cluster. Pods alone would not do: a server that is scaled to nothing has none, and the version before, to which
 * `kubectl rollout undo` goes back, is known to its ReplicaSet alone. The leases of the nodes say when it was taken, and of which cluster.
 */
export const INVENTORY_COMMAND = 'kubectl get pods,replicasets,deployments,statefulsets,daemonsets,jobs,cronjobs,leases --all-namespaces -o json';

/** Kinds of `INVENTORY_COMMAND` that own pods. */
const OWNERS: { [kind: string]: string } = {
  ReplicaSet: 'replicasets', Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets', Job: 'jobs', CronJob: 'cronjobs',
};

/** How far the clocks of a cluster and of this machine may differ. */
const CLOCK_SKEW_MS = 5 * 60_000;

export interface InventoryRules {
  readonly now: Date;
  readonly maximumAgeMs: number;
}

/** What runs in a cluster, as `kubectl` printed it. */
export class Inventory {
  /** @throws where the file is not there, or can't be read */
  public static read(file: string, servesModels: boolean): Inventory {
    let content: string;
    try {
      content = fs.readFileSync(file, 'utf8');
    } catch (error) {
      throw new CommandError(`inventory ${file} can't be read (${(error as Error).message}): make it with '${INVENTORY_COMMAND}'`);
    }
    return new Inventory(file, content.replace(/^\uFEFF/, ''), servesModels);
  }

  private readonly items: any[];
  private readonly broken: string[] = [];

  constructor(public readonly file: string, private readonly text: string, private readonly servesModels: boolean) {
    this.items = this.parse();
  }

  /** Adds what the cluster references: each object, and then the text as a whole, for what no object was seen to hold. */
  public reference(references: References) {
    for (const item of this.items) {
      const { namespace, name } = item?.metadata ?? {};
      references.scan(strings(item).join('\n'), `${this.file}, ${[item?.kind, [namespace, name].filter(Boolean).join('/')].filter(Boolean).join(' ')}`);
    }
    references.scan(this.text, this.file);
  }

  /** Which cluster it is of: the ids of its leases, which no two clusters share. */
  public get leaseIds(): string[] {
    return this.items.filter(({ kind }) => kind === 'Lease').map(({ metadata }) => metadata?.uid).filter(Boolean);
  }

  /** Why it does not prove that a version is unused. */
  public problems(rules: InventoryRules): string[] {
    const found = this.broken.length > 0 ? this.broken : [...this.missing(), ...this.aged(rules)];
    return found.map(problem => `inventory ${this.file} ${problem}`);
  }

  private parse(): any[] {
    let value: any;
    try {
      value = JSON.parse(this.text);
    } catch (error) {
      this.broken.push(`is not one JSON document (${(error as Error).message}): write '${INVENTORY_COMMAND}' to a file of its own for each cluster`);
      return [];
    }
    if (!/List$/.test(value?.kind ?? '') || !Array.isArray(value.items)) {
      this.broken.push(`is no list of Kubernetes: make it with '${INVENTORY_COMMAND}'`);
      return [];
    }
    if (value.metadata?.continue) this.broken.push('is cut: it is a page of a list, ask for the whole of it');
    if (value.items.length === 0) this.broken.push(`is empty: make it with '${INVENTORY_COMMAND}', as somebody who may list these kinds in all namespaces`);
    if (!value.items.every((item: any) => typeof item?.kind === 'string')) this.broken.push('has items without a kind: print it with -o json');
    return value.items;
  }

  private missing(): string[] {
    const kinds = new Set(this.items.map(({ kind }) => kind));
    const problems: string[] = [];
    if (!kinds.has('Pod')) problems.push('has no Pod: add pods to the kinds, and --all-namespaces');
    if (!this.items.some(({ kind, metadata }) => kind === 'Lease' && /^kube-(node-lease|system)$/.test(metadata?.namespace))) {
      problems.push('has no Lease of the namespaces kube-node-lease and kube-system: add leases to the kinds, and --all-namespaces');
    }
    const absent = new Map<string, string>();
    for (const item of this.items) {
      for (const { kind, controller } of item.metadata?.ownerReferences ?? []) {
        if (!controller || kinds.has(kind) || kind === 'Node') continue;
        if (Object.hasOwn(OWNERS, kind) || namesModels(JSON.stringify(item))) absent.set(kind, item.kind);
      }
    }
    for (const [owner, owned] of absent) {
      problems.push(`has a ${owned} of a ${owner}, but no ${owner}, which knows what runs after a rollback or a scale-up: add ${OWNERS[owner] ?? `${owner.toLowerCase()}s`} to the kinds`);
    }
    if (this.servesModels && !namesModels(this.text)) {
      problems.push('names no model, as if it were of another cluster or made by somebody who sees little: where the cluster serves none, give it as --inventory-without-models');
    }
    return problems;
  }

  /** Nodes renew their lease every ten seconds, so the newest one is as old as the inventory; the time of a file says when it was copied. */
  private aged({ now, maximumAgeMs }: InventoryRules): string[] {
    const renewed = this.items.filter(({ kind }) => kind === 'Lease').map(({ spec }) => Date.parse(spec?.renewTime)).filter(time => !Number.isNaN(time));
    if (renewed.length === 0) return ['does not say when it was taken, for no lease has a renewTime: add leases to the kinds'];
    const taken = renewed.reduce((newest, time) => Math.max(newest, time));
    const age = now.getTime() - taken;
    const when = new Date(taken).toISOString();
    if (age > maximumAgeMs) return [`was taken at ${when}, ${Math.floor(age / 60_000)} minutes ago, and may be ${Math.floor(maximumAgeMs / 60_000)} minutes old: take it again, or set --max-inventory-age`];
    return age < -CLOCK_SKEW_MS ? [`was taken at ${when}, which is not yet: set the clock of this machine, or of the cluster's nodes`] : [];
  }
}

/** Which inventories are of one cluster: the other cluster, whose inventory one of them was meant to be, would lose what it serves. */
export function sameClusters(inventories: Array<{ readonly file: string; readonly leaseIds: string[] }>): string[] {
  const seen = new Map<string, string>();
  const problems = new Set<string>();
  for (const { file, leaseIds } of inventories) {
    for (const id of leaseIds) {
      const other = seen.get(id);
      if (other !== undefined && other !== file) problems.add(`inventories ${other} and ${file} are of the same cluster: give kubectl the --context of each`);
      seen.set(id, other ?? file);
    }
  }
  return [...problems];
}

/** Every string of a value, the names of its fields too. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, item]) => [...Array.isArray(value) ? [] : [name], ...strings(item)]);
}
