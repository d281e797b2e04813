import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { WorkloadIdentity } from '../access';
import { heldServiceAccount } from '../workload/held-service-account';

/** By IAM roles for service accounts: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html */
const ROLE_ARN = 'eks.amazonaws.com/role-arn';

/**
 * The user's files may give the service account of an identity another role: a warning where that of the identity comes by EKS Pod Identity.
 *
 * @throws where both roles come by an annotation
 * @internal
 */
export function refuseOtherRole(scope: IConstruct, identity: WorkloadIdentity, warn: (id: string, text: string) => void): void {
  const { namespace, serviceAccount, irsaRoleArn } = identity;
  const held = heldServiceAccount(scope.node, namespace, serviceAccount);
  const role: string | undefined = held?.value.metadata.annotations?.[ROLE_ARN] || undefined;
  if (held === undefined || role === undefined || role === irsaRoleArn) return;
  const what = `service account '${namespace}/${serviceAccount}' has role ${role} by annotation '${ROLE_ARN}' (${held.place})`;
  if (irsaRoleArn === undefined) {
    warn('serviceAccountHasRole', `${what}, and the identity of the models reads with EKS Pod Identity: pods of a service account that has an association get its role, and not the annotation's any more; `
      + 'keep the role with WorkloadIdentity.irsa({ role }), or remove the annotation');
  } else if (!Token.isUnresolved(irsaRoleArn)) {
    throw new Error(`${what}, and the identity of the models has ${irsaRoleArn}: pass the identity of the annotation's role, or change the annotation`);
  }
}
