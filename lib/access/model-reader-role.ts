import { Token } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { PodIdentityAssociation } from './pod-identity-association';
import { SessionTag } from './session-tag';
import { AssociateProps, WorkloadIdentity } from './workload-identity';
import { ModelArtifact } from '../model';
import { IModelBucket } from '../storage';
import { lifecycleErrors } from '../storage/lifecycle';
import { bucketDefinition } from '../storage/names';

/** Properties of a reader role. */
export interface ModelReaderRoleProps {
  /** The cluster whose pods read models. */
  readonly cluster: eks.IClusterRef;

  /** The buckets that hold the models. */
  readonly buckets: IModelBucket[];

  /**
   * More clusters with the same namespaces, as for a blue/green upgrade: every association is made in each.
   *
   * @default - none
   */
  readonly additionalClusters?: eks.IClusterRef[];

  /**
   * Whether to install the add-on `eks-pod-identity-agent`. EKS Auto Mode has the agent built in, and installing it twice fails.
   *
   * @default false
   */
  readonly installAgent?: boolean;
}

/**
 * The role that pods of a cluster read models with: one for any number of models, namespaces and service accounts. A pod reads the models of
 * its own namespace and those for everybody; which namespace that is, the session tags of EKS Pod Identity say.
 */
export class ModelReaderRole extends Construct implements iam.IGrantable {
  /** The role. */
  public readonly role: iam.IRole;

  /** The principal to grant to. */
  public readonly grantPrincipal: iam.IPrincipal;

  private readonly buckets: IModelBucket[];
  private readonly clusters: eks.IClusterRef[];
  private readonly explicitGrants = new Set<string>();

  /** @throws where `buckets` is empty */
  constructor(scope: Construct, id: string, props: ModelReaderRoleProps) {
    super(scope, id);
    this.clusters = [props.cluster, ...props.additionalClusters ?? []];
    this.buckets = [...props.buckets];
    if (this.buckets.length === 0) {
      throw new Error('buckets is empty: a reader role needs a bucket to read from');
    }
    const clusterArns = this.clusterArns();
    this.role = new iam.Role(this, 'Role', {
      description: 'Reads models below the namespace of the pod',
      assumedBy: new iam.ServicePrincipal('pods.eks.amazonaws.com', {
        conditions: { StringEquals: { [SessionTag.EKS_CLUSTER_ARN.requestTag]: clusterArns } },
      }).withSessionTags(),
    });
    this.grantPrincipal = this.role.grantPrincipal;
    for (const bucket of this.buckets) {
      bucket.grants.readBySessionTag(this, SessionTag.KUBERNETES_NAMESPACE, { clusterArns });
    }
    if (props.installAgent) {
      for (const cluster of this.clusters) {
        new eks.CfnAddon(this, `Agent@${clusterId(cluster)}`, { addonName: 'eks-pod-identity-agent', clusterName: cluster.clusterRef.clusterName });
      }
    }
  }

  /**
   * Lets the pods of a service account read: makes the association in every cluster.
   *
   * @returns the identity that workloads take
   * @throws where the service account has an association already
   */
  public associate(props: AssociateProps): WorkloadIdentity {
    const identity = WorkloadIdentity._associated(this, props);
    for (const cluster of this.clusters) {
      // Every id names its cluster: when one of two clusters goes, the associations of the other stay as they are.
      const id = `${identity.namespace}.${identity.serviceAccount}@${clusterId(cluster)}`;
      const first = this.node.tryFindChild(id);
      if (first) throw PodIdentityAssociation._associatedAlready(`${identity.namespace}/${identity.serviceAccount}`, first.node.path);
      const association = new PodIdentityAssociation(this, id, {
        cluster,
        namespace: identity.namespace,
        serviceAccount: identity.serviceAccount,
        role: this.role,
      });
      association.node.addDependency(this.role); // its policy too: a pod that starts at once is allowed to read
    }
    return identity;
  }

  /**
   * Lets pods read a model whose prefix was given, which session tags don't reach: those of the model's tenant, or all that this role serves
   * where it has none.
   *
   * @throws where the model has the published layout, which needs no grant of its own
   */
  public grantRead(bucket: IModelBucket, model: ModelArtifact): iam.Grant {
    if (!model.hasExplicitPrefix) {
      throw new Error(`model ${model.displayName} needs no grant of its own: it is below models/, where session tags decide; remove this grant`);
    }
    this.explicitGrants.add(grantKey(bucket, model, model.tenant));
    const definition = bucketDefinition(bucket.bucket);
    if (definition) this.node.addValidation({ validate: () => lifecycleErrors(definition, model.prefix) });
    return bucket.grants._read(this, model.prefix, {
      StringEquals: {
        [SessionTag.EKS_CLUSTER_ARN.principalTag]: this.clusterArns(),
        ...(model.tenant === undefined ? {} : { [SessionTag.KUBERNETES_NAMESPACE.principalTag]: model.tenant }),
      },
    });
  }

  /**
   * Why pods of a namespace can't read a model.
   * @internal
   */
  public _refusal(namespace: string, model: ModelArtifact, bucket: IModelBucket): string | undefined {
    if (model.hasExplicitPrefix) {
      return [undefined, namespace].some(tenant => this.explicitGrants.has(grantKey(bucket, model, tenant))) ? undefined
        : `model ${model.displayName} has a prefix of its own, '${model.prefix}', which ${this.node.path} was not granted: call grantRead(bucket, model) on that reader role`;
    }
    return this.buckets.some(known => sameBucket(known, bucket)) ? undefined
      : `model ${model.displayName} is in bucket '${describe(bucket)}', which ${this.node.path} does not read: add it to the role's buckets`;
  }

  private clusterArns(): string[] {
    return this.clusters.map(cluster => cluster.clusterRef.clusterArn);
  }
}

function sameBucket(a: IModelBucket, b: IModelBucket): boolean {
  return a === b || a.bucket === b.bucket || (a.bucketName === b.bucketName && !Token.isUnresolved(a.bucketName));
}

/** A grant reaches the namespace of its tenant, or all of them where it has none. */
function grantKey(bucket: IModelBucket, model: ModelArtifact, tenant: string | undefined): string {
  return JSON.stringify([describe(bucket), model.prefix, tenant ?? null]);
}

function describe(bucket: IModelBucket): string {
  return Token.isUnresolved(bucket.bucketName) ? bucket.bucket.node.path : bucket.bucketName;
}

function clusterId(cluster: eks.IClusterRef): string {
  const { clusterName } = cluster.clusterRef;
  return Token.isUnresolved(clusterName) ? cluster.node.path : clusterName;
}
