import { Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { WorkloadIdentity } from '../access';
import { warn } from '../private/warn';
import { ExistingManifests } from '../workload/existing-manifests';
import { ServiceAccount } from '../workload/service-account';

/** By IAM roles for service accounts: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html */
const ROLE_ARN = 'eks.amazonaws.com/role-arn';

/**
 * The service account of a workload: that of the user's own files where they hold it, or else one of ours.
 *
 * @throws where the files give it another role
 * @internal
 */
export function ensureServiceAccount(workload: IConstruct, identity: WorkloadIdentity): void {
  const manifests = workload.node.root.node.findAll().filter((node): node is ExistingManifests => node instanceof ExistingManifests);
  const held = manifests.flatMap(each => each._serviceAccount(identity.namespace, identity.serviceAccount) ?? [])[0];
  if (held === undefined) {
    ServiceAccount.ensure(workload, identity);
    return;
  }
  const role: string | undefined = held.value.metadata.annotations?.[ROLE_ARN];
  if (role === undefined || role === identity.irsaRoleArn) return;
  const what = `${held.place}: service account '${identity.namespace}/${identity.serviceAccount}' has role ${role} by annotation '${ROLE_ARN}'`;
  if (identity.irsaRoleArn === undefined) {
    warn(workload, 'serviceAccountHasRole', `${what}, and the identity of the models reads with EKS Pod Identity: where the service account has an association, its pods get that role and no longer the annotation's; `
      + 'keep the role with WorkloadIdentity.irsa({ role }), or remove the annotation');
  } else if (!Token.isUnresolved(identity.irsaRoleArn)) {
    throw new Error(`${what}, and the identity of the models has ${identity.irsaRoleArn}: pass the identity of the annotation's role, or change the annotation`);
  }
}
