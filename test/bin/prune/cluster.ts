/** What `kubectl` prints of a small cluster: its own pods, and whatever else is given. */
export function cluster(name: string, items: object[] = [], renewTime = new Date().toISOString()) {
  return {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: [
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'ip-10-0-0-1', namespace: 'kube-node-lease', uid: `${name}-lease` }, spec: { renewTime } },
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'kube-proxy-1', namespace: 'kube-system', ownerReferences: [{ kind: 'Node', name: 'ip-10-0-0-1', controller: true }] } },
      ...items,
    ],
  };
}

/** A Deployment that serves a version, without pods. */
export function deployment(models: string) {
  const template = { metadata: { annotations: { 'cdk-eks-model-artifacts/models': models } } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'server', namespace: 'serving' }, spec: { replicas: 0, template } };
}
