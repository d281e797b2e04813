import type { BucketServer } from '../s3-server';
import { published } from '../verify/model';

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

/** Puts a version with a signature, and with the claim that publishing leaves. */
export function putVersion(server: BucketServer, id: [string, string, string], lastModified: Date, content = `weights of ${id[2]}`): string {
  const { files, manifest, digest } = published({ 'a/weights.safetensors': content, 'config.json': '{}' });
  for (const [path, text] of Object.entries(files)) server.main.put(`models/${id.join('/')}/${path}`, text, { lastModified });
  server.main.put(`publishing/${id.join('/')}/manifest.sha256`, manifest, { lastModified });
  server.main.put(`signatures/${id.join('/')}/0123456789abcdef.sigstore.json`, '{}', { lastModified });
  return digest;
}
