import { IConstruct } from 'constructs';

/**
 * A service account in a file of the user's.
 * @internal
 */
export interface HeldServiceAccount {
  /** File and line. */
  readonly place: string;
  /** The object. */
  readonly value: any;
}

/**
 * A construct with files that may hold service accounts.
 * @internal
 */
export interface HoldsServiceAccounts {
  _serviceAccount(namespace: string, name: string): HeldServiceAccount | undefined;
}

/**
 * The service account of a name in the user's files, among all manifests of an app; undefined where none holds it.
 * @internal
 */
export function heldServiceAccount({ root }: IConstruct['node'], namespace: string, name: string): HeldServiceAccount | undefined {
  for (const node of root.node.findAll() as Array<IConstruct & Partial<HoldsServiceAccounts>>) {
    const held = node._serviceAccount?.(namespace, name);
    if (held) return held;
  }
  return undefined;
}
