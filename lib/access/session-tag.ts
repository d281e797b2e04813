import { literal } from '../private/literal';

/**
 * A session tag that EKS Pod Identity puts on the credentials of a pod.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
 */
export class SessionTag {
  /** ARN of the cluster that the pod runs in. */
  public static readonly EKS_CLUSTER_ARN = new SessionTag('eks-cluster-arn');

  /** Name of the cluster that the pod runs in. */
  public static readonly EKS_CLUSTER_NAME = new SessionTag('eks-cluster-name');

  /** Namespace of the pod. */
  public static readonly KUBERNETES_NAMESPACE = new SessionTag('kubernetes-namespace');

  /** Service account of the pod. */
  public static readonly KUBERNETES_SERVICE_ACCOUNT = new SessionTag('kubernetes-service-account');

  /** Name of the pod. */
  public static readonly KUBERNETES_POD_NAME = new SessionTag('kubernetes-pod-name');

  /** Unique id of the pod. */
  public static readonly KUBERNETES_POD_UID = new SessionTag('kubernetes-pod-uid');

  /**
   * A tag with another key.
   *
   * @throws where the key holds more than letters, digits and `-_.:/=+@`, or more than 128 characters, which STS refuses
   */
  public static of(key: string): SessionTag {
    literal(key, 'session tag', 'a policy names it; pass a literal string');
    if (!/^[-A-Za-z0-9_.:/=+@]{1,128}$/.test(key)) {
      throw new Error(`session tag '${key}' is not valid: use at most 128 letters, digits and any of '-_.:/=+@'`);
    }
    return new SessionTag(key);
  }

  private constructor(
    /** Key of the tag. */
    public readonly key: string,
  ) {}

  /** The condition key of the tag on the caller's session: `aws:PrincipalTag/<key>`. */
  public get principalTag(): string {
    return `aws:PrincipalTag/${this.key}`;
  }

  /** The condition key of the tag while the role is assumed, for trust policies: `aws:RequestTag/<key>`. */
  public get requestTag(): string {
    return `aws:RequestTag/${this.key}`;
  }

  /** The policy variable of the tag, for ARNs: `${aws:PrincipalTag/<key>}`. */
  public get policyVariable(): string {
    return `\${${this.principalTag}}`;
  }
}
