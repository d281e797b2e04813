import { Annotations, Stack, Stage, Token } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { clusterNameOf } from './cluster-name';
import { checkNamespace, checkServiceAccount } from '../private/kubernetes-names';

/** Properties of a Pod Identity association. */
export interface PodIdentityAssociationProps {
  /** The cluster; one that is imported by its name will do. */
  readonly cluster: eks.IClusterRef;

  /**
   * Namespace of the service account.
   * @jsii suppress JSII5018
   */
  readonly namespace: string;

  /** Name of the service account. It need not exist yet, and gets no annotation. */
  readonly serviceAccount: string;

  /** The role that pods get. It is in the account of the cluster, and trusts `pods.eks.amazonaws.com`. */
  readonly role: iam.IRoleRef;

  /**
   * A role, of another account as a rule, that EKS assumes with the credentials of `role`; pods then get this one.
   * Its credentials last 59 minutes instead of 6 hours.
   *
   * @default - pods get `role`
   */
  readonly targetRole?: iam.IRoleRef;

  /**
   * Whether the session carries the tags with the cluster, the namespace and the service account.
   *
   * @default true
   */
  readonly sessionTags?: boolean;

  /**
   * A policy that narrows what the role allows, for this association alone; EKS takes one only where `sessionTags` is false. With a
   * target role it narrows that role.
   *
   * @default - no session policy
   */
  readonly sessionPolicy?: iam.PolicyDocument;
}

/** https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html: not adjustable. */
const MAX_ASSOCIATIONS_PER_CLUSTER = 1000;
const ASSOCIATIONS_WARNING = 900;

/** STS's limit of an inline session policy: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const MAX_SESSION_POLICY = 2048;

/**
 * Lets the pods of a service account assume a role. It is the association and nothing else: no service account, no annotation, no add-on.
 */
export class PodIdentityAssociation extends Construct {
  /** @internal */
  public static _associatedAlready(who: string, first: string): Error {
    return new Error(`service account ${who} has a Pod Identity association already, at ${first}: EKS takes one for each service account; use the identity that it returned, or grant to its role`);
  }

  /** ARN of the association. */
  public readonly associationArn: string;

  /** Id of the association. */
  public readonly associationId: string;

  /**
   * @throws where the service account is associated already, or where session tags, session policy and the role's trust contradict each other
   */
  constructor(scope: Construct, id: string, props: PodIdentityAssociationProps) {
    super(scope, id);
    const sessionTags = props.sessionTags ?? true;
    const namespace = checkNamespace(props.namespace);
    const serviceAccount = checkServiceAccount(props.serviceAccount);
    if (props.sessionPolicy && sessionTags) {
      throw new Error(`the association of ${namespace}/${serviceAccount} has a session policy and session tags, EKS takes one of both: set sessionTags to false, or leave out sessionPolicy`);
    }
    this.refuseForeignCluster(props.cluster);
    if (!sessionTags) this.refuseTrustByTags(props.role, `${namespace}/${serviceAccount}`);
    this.register(props.cluster, namespace, serviceAccount);

    const resource = new eks.CfnPodIdentityAssociation(this, 'Resource', {
      clusterName: props.cluster.clusterRef.clusterName,
      namespace,
      serviceAccount,
      roleArn: props.role.roleRef.roleArn,
      targetRoleArn: props.targetRole?.roleRef.roleArn,
      disableSessionTags: sessionTags ? undefined : true,
      policy: props.sessionPolicy && this.policyText(props.sessionPolicy),
    });
    this.associationArn = resource.attrAssociationArn;
    this.associationId = resource.attrAssociationId;
  }

  /** CloudFormation makes the association where the stack is, and finds no such cluster there. */
  private refuseForeignCluster(cluster: eks.IClusterRef) {
    const { account, region } = Stack.of(this);
    for (const [what, here, there] of [['account', account, cluster.env.account], ['region', region, cluster.env.region]]) {
      if (!Token.isUnresolved(here) && !Token.isUnresolved(there) && here !== there) {
        throw new Error(`cluster ${cluster.node.path} is in ${what} ${there}, and its association would be made in ${here}: make the association, or the reader role, in a stack of the cluster's ${what}`);
      }
    }
  }

  /** A trust policy that asks for session tags can never be met without them. */
  private refuseTrustByTags(role: iam.IRoleRef, who: string) {
    this.node.addValidation({
      validate: () => {
        const trust = (role as Partial<iam.Role>).assumeRolePolicy ?? (role as Partial<iam.CfnRole>).assumeRolePolicyDocument;
        return trust && JSON.stringify(Stack.of(this).resolve(trust)).includes('aws:RequestTag/')
          ? [`the association of ${who} has no session tags, and the trust policy of its role asks for some: no pod could assume it; use another role, or leave session tags on`]
          : [];
      },
    });
  }

  private policyText(policy: iam.PolicyDocument): string {
    const text = Stack.of(this).toJsonString(policy.toJSON());
    const known = Stack.of(this).resolve(text);
    if (typeof known === 'string' && known.length > MAX_SESSION_POLICY) {
      throw new Error(`the session policy has ${known.length} characters, at most ${MAX_SESSION_POLICY} are taken: name fewer resources, or use session tags`);
    }
    return text;
  }

  /** EKS takes one association for each service account of a cluster; the second fails at deploy, so it fails here. */
  private register(cluster: eks.IClusterRef, namespace: string, serviceAccount: string) {
    const associations = associationsOf(this.node.root, clusterKey(cluster));
    const who = `${namespace}/${serviceAccount}`;
    const first = associations.get(who);
    if (first !== undefined) {
      throw PodIdentityAssociation._associatedAlready(who, first);
    }
    associations.set(who, this.node.path);
    if (associations.size === ASSOCIATIONS_WARNING) {
      Annotations.of(this).addWarningV2('cdk-eks-model-artifacts:associationQuota',
        `this app makes ${associations.size} Pod Identity associations or more for one cluster, and EKS takes ${MAX_ASSOCIATIONS_PER_CLUSTER}, which can't be raised: share service accounts`);
    }
  }
}

const registry = new WeakMap<IConstruct, Map<string, Map<string, string>>>();

function associationsOf(root: IConstruct, cluster: string): Map<string, string> {
  const clusters = registry.get(root) ?? new Map<string, Map<string, string>>();
  registry.set(root, clusters);
  const associations = clusters.get(cluster) ?? new Map<string, string>();
  clusters.set(cluster, associations);
  return associations;
}

/**
 * A cluster is told by its name within an account and a region, or by its place in the tree where the name comes at deploy time. Where the
 * account or the region does, the same name in another stage is another cluster.
 */
function clusterKey(cluster: eks.IClusterRef): string {
  const { account, region } = cluster.env;
  const name = clusterNameOf(cluster);
  const stage = Token.isUnresolved(account) || Token.isUnresolved(region) ? Stage.of(cluster)?.node.path : undefined;
  return name === undefined ? cluster.node.path : JSON.stringify([account, region, stage, name]);
}
