import * as iam from 'aws-cdk-lib/aws-iam';

/**
 * What the owner of a resource that is not ours must add for access to work.
 * @internal
 */
export interface OwnerPolicy {
  /** What is to be changed, as people call it: `policy of bucket team-weights`. */
  readonly what: string;
  /** ARN of the resource. */
  readonly resourceArn: string;
  /** The statements to add. */
  readonly statements: iam.PolicyStatement[];
}
