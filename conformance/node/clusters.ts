import { KubernetesObject } from '../static/manifest';
import { Subject } from './surroundings/sessions';

/** What a cluster has before an example comes to it. */
export interface Before {
  readonly objects?: KubernetesObject[];
  /** Associations of EKS Pod Identity that the example's templates don't make. */
  readonly associations?: Subject[];
}

/** Of the examples that take something for granted. */
export const BEFORE: Record<string, Before> = {
  'existing-cluster': {
    objects: [
      serviceAccount('search', 'embedder'),
      serviceAccount('search', 'reranker', { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/search-reranker' }),
    ],
    associations: [{ namespace: 'search', serviceAccount: 'embedder' }],
  },
};

/** Examples whose applications keep credentials, and why: the rest of the examples' applications read none. */
export const OWN_ROLES: Record<string, string> = {
  'existing-cluster': 'a role that the service account had before is the application\'s too',
  'existing-manifests': 'containers that exist keep their credentials, unless the app says withholdCredentials',
};

function serviceAccount(namespace: string, name: string, annotations: Record<string, string> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name, annotations } };
}
