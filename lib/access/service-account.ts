/** Who pods are: a service account with access to a bucket, such as a `WorkloadIdentity` that reads or a `ServiceAccountRole` that publishes. */
export interface IServiceAccount {
  /**
   * Namespace of the service account.
   * @jsii suppress JSII5018
   */
  readonly namespace: string;

  /** Name of the service account. */
  readonly serviceAccount: string;

  /** Whether the service account exists already, and so is not written to the manifests. */
  readonly serviceAccountExists: boolean;
}
