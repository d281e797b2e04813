import * as iam from 'aws-cdk-lib/aws-iam';
import type { PrunerReference } from '../storage';

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
  /** What else the owner must know. */
  readonly note?: string;
  /** The roles to name where no statements are needed. */
  readonly pruners?: PrunerReference[];
}
