import type { ModelReaderRole } from './model-reader-role';
import type { ModelArtifact } from '../model';
import { checkNamespace, checkServiceAccount } from '../model/names';
import type { IModelBucket } from '../storage';

/** A service account. */
export interface ServiceAccountProps {
  /**
   * Namespace of the service account.
   * @jsii suppress JSII5018
   */
  readonly namespace: string;

  /** Name of the service account: a DNS subdomain name. */
  readonly serviceAccount: string;
}

/**
 * Who a workload is: a namespace and a service account that may read models. It comes from `ModelReaderRole.associate`, so that both names
 * are typed once.
 */
export class WorkloadIdentity {
  /**
   * A service account that exists already, and that another app or team gave access to the models. What it may read is not checked, and it is
   * not written to the manifests.
   */
  public static existing(props: ServiceAccountProps): WorkloadIdentity {
    return new WorkloadIdentity(props.namespace, props.serviceAccount);
  }

  /** @internal */
  public static _associated(role: ModelReaderRole, props: ServiceAccountProps): WorkloadIdentity {
    return new WorkloadIdentity(props.namespace, props.serviceAccount, role);
  }

  /**
   * Namespace of the workload.
   * @jsii suppress JSII5018
   */
  public readonly namespace: string;

  /** Name of the service account. */
  public readonly serviceAccount: string;

  private constructor(namespace: string, serviceAccount: string, private readonly role?: ModelReaderRole) {
    this.namespace = checkNamespace(namespace);
    this.serviceAccount = checkServiceAccount(serviceAccount);
  }

  /** Whether the service account exists already, and so is not written to the manifests. */
  public get exists(): boolean {
    return this.role === undefined;
  }

  /**
   * Why pods of this identity can't read a model; undefined where they can, or where nobody here knows.
   * @internal
   */
  public _refusal(model: ModelArtifact, bucket: IModelBucket): string | undefined {
    return this.role?._refusal(this.namespace, model, bucket);
  }
}
