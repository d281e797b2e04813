import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ModelReaderRole } from './model-reader-role';
import { permits, ReadRule } from './read-rules';
import { IServiceAccount } from './service-account';
import { SessionTag } from './session-tag';
import type { ModelArtifact } from '../model';
import { checkTenant } from '../model/names';
import { checkNamespace, checkServiceAccount } from '../private/kubernetes-names';
import type { IModelBucket } from '../storage';
import { describeBucket, sameBucket } from '../storage/same-bucket';

/** A service account. */
export interface ServiceAccountReference {
  /**
   * Namespace of the service account.
   * @jsii suppress JSII5018
   */
  readonly namespace: string;

  /** Name of the service account: a DNS subdomain name. */
  readonly serviceAccount: string;
}

/** A service account that exists already. */
export interface ExistingIdentityProps extends ServiceAccountReference {
  /**
   * Names of the sets of namespaces that share models, and that this namespace is in.
   *
   * @default - none: models of the namespace itself, and those for everybody
   */
  readonly tenants?: string[];
}

/** A service account with a role by IRSA. */
export interface IrsaIdentityProps extends ServiceAccountReference {
  /** The role that the annotation `eks.amazonaws.com/role-arn` of the service account names. */
  readonly role: iam.IRole;
}

/** A service account with a role of its own by EKS Pod Identity. */
export interface PodIdentityRoleProps extends IrsaIdentityProps {
  /** The cluster of the service account. */
  readonly cluster: eks.IClusterRef;

  /**
   * More clusters with the same service account and role.
   *
   * @default - none
   */
  readonly additionalClusters?: eks.IClusterRef[];
}

/** A service account that gets an association. */
export interface AssociateProps extends ServiceAccountReference {
  /**
   * Whether the service account exists already, as one that a Helm chart writes: then it is not in the manifests.
   *
   * @default false
   */
  readonly serviceAccountExists?: boolean;
}

/** How an identity comes to its access: by a reader role, by a role of its own, or by what somebody else did. */
interface Source {
  readonly readers?: ModelReaderRole;
  readonly tenants?: string[];
  readonly role?: iam.IRole;
  readonly irsa?: boolean;
  readonly session?: Record<string, string | string[]>;
  readonly none?: boolean;
}

/**
 * Who a workload is: a namespace and a service account that may read models. It comes from `ModelReaderRole.associate`, so that both names
 * are typed once.
 */
export class WorkloadIdentity implements iam.IGrantable, IServiceAccount {
  /**
   * A service account that exists already, and that another app or team gave access to the models. Of what it may read only the tenant is
   * checked, and it is not written to the manifests.
   *
   * @throws where a name is not valid
   */
  public static existing(props: ExistingIdentityProps): WorkloadIdentity {
    return new WorkloadIdentity(props, true, { tenants: [props.namespace, ...(props.tenants ?? []).map(checkTenant)] });
  }

  /**
   * A service account that has a role by IRSA (IAM roles for service accounts) and keeps it. Grant to the identity what its pods read:
   * `models.grants.readTenants(identity, { tenants: ['nlp'], shared: true })`. Its sessions have no tags, so each prefix is granted by name.
   *
   * @throws where a name is not valid
   */
  public static irsa(props: IrsaIdentityProps): WorkloadIdentity {
    return new WorkloadIdentity(props, true, { role: props.role, irsa: true });
  }

  /**
   * A service account that has a role by EKS Pod Identity and keeps it, association and all. Grant to the identity what its pods read:
   * `models.grants.readTenants(identity, { tenants: ['nlp'], shared: true })`. The grants hold for this service account of these clusters
   * alone, whoever else has the role; so its association must not have session tags disabled.
   *
   * @throws where a name is not valid
   */
  public static podIdentity(props: PodIdentityRoleProps): WorkloadIdentity {
    const clusters = [props.cluster, ...props.additionalClusters ?? []];
    return new WorkloadIdentity(props, true, {
      role: props.role,
      session: {
        [SessionTag.EKS_CLUSTER_ARN.principalTag]: clusters.map(cluster => cluster.clusterRef.clusterArn),
        [SessionTag.KUBERNETES_NAMESPACE.principalTag]: props.namespace,
        [SessionTag.KUBERNETES_SERVICE_ACCOUNT.principalTag]: props.serviceAccount,
      },
    });
  }

  /**
   * A service account that is nobody in AWS. It is written to the manifests. For models that come without credentials of the pod, as in an image;
   * a download from S3 is refused.
   *
   * @throws where a name is not valid
   */
  public static withoutRole(props: ServiceAccountReference): WorkloadIdentity {
    return new WorkloadIdentity(props, false, { none: true });
  }

  /** @internal */
  public static _associated(readers: ModelReaderRole, props: AssociateProps): WorkloadIdentity {
    return new WorkloadIdentity(props, props.serviceAccountExists ?? false, { readers });
  }

  /**
   * Namespace of the workload.
   * @jsii suppress JSII5018
   */
  public readonly namespace: string;

  /** Name of the service account. */
  public readonly serviceAccount: string;

  /** Whether the service account exists already, and so is not written to the manifests. */
  public readonly serviceAccountExists: boolean;

  /** ARN of the role that the service account has by IRSA (IAM roles for service accounts); undefined where it has EKS Pod Identity. */
  public readonly irsaRoleArn?: string;

  private readonly granted: Array<{ bucket: IModelBucket; rule: ReadRule }> = [];

  private constructor(props: ServiceAccountReference, serviceAccountExists: boolean, private readonly source: Source) {
    this.serviceAccountExists = serviceAccountExists;
    this.namespace = checkNamespace(props.namespace);
    this.serviceAccount = checkServiceAccount(props.serviceAccount);
    this.irsaRoleArn = source.irsa ? source.role?.roleArn : undefined;
  }

  /**
   * The role of the service account, for `irsa` and `podIdentity`.
   *
   * @throws for other identities: theirs is not known, or is shared by all pods of a reader role
   */
  public get grantPrincipal(): iam.IPrincipal {
    if (this.source.role) return this.source.role.grantPrincipal;
    throw new Error(`identity ${this.name} has no role of its own to grant to: `
      + (this.source.readers ? 'it shares that of its reader role with other pods: name its namespace in the tenants of that role, or make it with WorkloadIdentity.podIdentity and a ServiceAccountRole' : 'make it with WorkloadIdentity.irsa or podIdentity'));
  }

  /**
   * The role of its pods, that of other pods too where they share a reader role; undefined where nobody here knows it.
   * @internal
   */
  public get _role(): iam.IRole | undefined {
    return this.source.role ?? this.source.readers?.role;
  }

  /** @internal */
  public get _label(): string {
    return `pods of service account ${this.name}`;
  }

  /**
   * What the tags of its sessions are equal to, by condition key.
   * @internal
   */
  public get _session(): Record<string, string | string[]> | undefined {
    return this.source.session;
  }

  /** @internal */
  public _granted(bucket: IModelBucket, rules: ReadRule[]): void {
    this.granted.push(...rules.map(rule => ({ bucket, rule })));
  }

  /**
   * Why pods of this identity can't read a model; undefined where they can, or where nobody here knows.
   * @internal
   */
  public _refusal(model: ModelArtifact, bucket: IModelBucket): string | undefined {
    const { readers, tenants, role, none } = this.source;
    if (none) return `model ${model.displayName} in bucket '${describeBucket(bucket)}' is read with a role, and ${this.name} has none: use an identity that readers.associate({ namespace, serviceAccount }) returns`;
    if (role) {
      return this.granted.some(each => sameBucket(each.bucket, bucket) && permits(each.rule, this.namespace, model.prefix)) ? undefined
        : `model ${model.displayName} in bucket '${describeBucket(bucket)}' is not granted to ${this.name}: call ${remedy(model)} on that bucket`;
    }
    if (readers) return readers._refusal(this.namespace, model, bucket);
    return model.tenant === undefined || tenants?.includes(model.tenant) ? undefined : notOfTenant(model, this.namespace);
  }

  private get name(): string {
    return `${this.namespace}/${this.serviceAccount}`;
  }
}

function remedy({ hasExplicitPrefix, tenant }: ModelArtifact): string {
  if (hasExplicitPrefix) return 'grants.read(identity, model)';
  return `grants.readTenants(identity, { ${tenant === undefined ? 'tenants: [], shared: true' : `tenants: ['${tenant}']`} })`;
}

/**
 * Says why pods of a namespace can't read the model of another tenant.
 * @internal
 */
export function notOfTenant({ displayName, tenant }: ModelArtifact, namespace: string, members?: string[], sets: string[] = []): string {
  const [set, fix] = members
    ? [`, the namespaces ${members.join(', ')}`, `use an identity of one of those, add '${namespace}' to that tenant`]
    : [sets.length > 0 ? `, none of the tenants ${sets.join(', ')} of its reader role and so a namespace` : '', 'use an identity of that namespace'];
  return `model ${displayName} belongs to tenant '${tenant}'${set}, and a pod of namespace '${namespace}' can't read it: `
    + `${fix}, or publish the model without a tenant, for everybody`;
}
