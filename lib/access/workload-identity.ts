import type { ModelReaderRole } from './model-reader-role';
import type { ModelArtifact } from '../model';
import { checkNamespace, checkServiceAccount } from '../private/kubernetes-names';
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

/** A service account that gets an association. */
export interface AssociateProps extends ServiceAccountProps {
  /**
   * Whether the service account exists already, as one that a Helm chart writes: then it is not in the manifests.
   *
   * @default false
   */
  readonly serviceAccountExists?: boolean;
}

/**
 * Who a workload is: a namespace and a service account that may read models. It comes from `ModelReaderRole.associate`, so that both names
 * are typed once.
 */
export class WorkloadIdentity {
  /**
   * A service account that exists already, and that another app or team gave access to the models. Of what it may read only the tenant is
   * checked, and it is not written to the manifests.
   *
   * @throws where a name is not valid
   */
  public static existing(props: ServiceAccountProps): WorkloadIdentity {
    return new WorkloadIdentity(props.namespace, props.serviceAccount, true);
  }

  /** @internal */
  public static _associated(role: ModelReaderRole, props: AssociateProps): WorkloadIdentity {
    return new WorkloadIdentity(props.namespace, props.serviceAccount, props.serviceAccountExists ?? false, role);
  }

  /**
   * Namespace of the workload.
   * @jsii suppress JSII5018
   */
  public readonly namespace: string;

  /** Name of the service account. */
  public readonly serviceAccount: string;

  /** Whether the service account exists already, and so is not written to the manifests. */
  public readonly exists: boolean;

  /** ARN of the role that the service account has by IRSA (IAM roles for service accounts); undefined where it has EKS Pod Identity. */
  public readonly irsaRoleArn?: string;

  private constructor(namespace: string, serviceAccount: string, exists: boolean, private readonly role?: ModelReaderRole) {
    this.exists = exists;
    this.namespace = checkNamespace(namespace);
    this.serviceAccount = checkServiceAccount(serviceAccount);
  }

  /**
   * Why pods of this identity can't read a model; undefined where they can, or where nobody here knows.
   * @internal
   */
  public _refusal(model: ModelArtifact, bucket: IModelBucket): string | undefined {
    if (model.tenant !== undefined && model.tenant !== this.namespace) {
      return `model ${model.displayName} belongs to tenant '${model.tenant}', and a pod of namespace '${this.namespace}' can't read it: `
        + 'use an identity of that namespace, or publish the model without a tenant, for everybody';
    }
    return this.role?._refusal(this.namespace, model, bucket);
  }
}
