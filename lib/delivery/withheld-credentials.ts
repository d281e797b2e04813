import { PodFacts } from './pod-parts';
import { SKIP_CONTAINERS } from './pod-template';

/**
 * The annotation that keeps the credentials of the pod from its containers, as `PodFacts.withholdCredentials` says, and from those of a delivery that
 * needs none.
 * @internal
 */
export function withheldCredentials({ identity, containers, withholdCredentials }: PodFacts, ours: any[] = []): { [key: string]: string } {
  if (identity === undefined) return {};
  // A role that the service account had before is the application's too.
  const hasOwnRole = identity.irsaRoleArn !== undefined || identity._session !== undefined;
  return withholdCredentials ?? !hasOwnRole ? { [SKIP_CONTAINERS]: [...containers, ...ours.map(({ name }) => name)].join(',') } : {};
}
