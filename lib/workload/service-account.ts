import { ApiObject, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { heldServiceAccount } from './held-service-account';
import type { ChartWithFile } from './rendered-manifests';
import { IServiceAccount } from '../access';
import { sha256 } from '../private/sha256';

/** File names have room for 255 characters. */
function dnsName(serviceAccount: string): string {
  return serviceAccount.length <= 150 ? serviceAccount : `${serviceAccount.slice(0, 139)}-${sha256(serviceAccount).slice(0, 10)}`;
}

/**
 * It has no annotation, as Pod Identity needs none, and one for IRSA would win over it in some drivers.
 * @internal
 */
export function serviceAccountObject({ namespace, serviceAccount }: IServiceAccount) {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace }, automountServiceAccountToken: false };
}

/**
 * A service account: written once, however many workloads have it, in a file of its own.
 * @internal
 */
export class ServiceAccount extends Chart implements ChartWithFile {
  /** The service account of an identity, made where the app has none yet; nothing for one that exists in the cluster. */
  public static ensure(scope: IConstruct, identity: IServiceAccount) {
    if (identity.serviceAccountExists) return;
    const { root } = scope.node;
    const id = `serviceaccount-${sha256(`${identity.namespace}/${identity.serviceAccount}`).slice(0, 10)}`;
    if (!root.node.tryFindChild(id)) new ServiceAccount(root, id, identity);
  }

  /** @internal */
  public readonly _manifestFile: string;

  private constructor(scope: IConstruct, id: string, private readonly identity: IServiceAccount) {
    super(scope as Chart, id);
    this._manifestFile = `${identity.namespace}.${dnsName(identity.serviceAccount)}.serviceaccount.yaml`;
    new ApiObject(this, 'Resource', serviceAccountObject(identity));
  }

  /**
   * Files of the user's may hold it, and be named after it is made.
   * @internal
   */
  public _isElsewhere(): boolean {
    return heldServiceAccount(this.node, this.identity.namespace, this.identity.serviceAccount) !== undefined;
  }
}
