import { CfnResource, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import { Construct } from 'constructs';
import { podSpecsIn } from './pod-specs';
import type { RenderedFile } from './rendered-manifests';

/** That a resource waits for another. */
interface Wait {
  readonly from: Construct;
  readonly to: Construct;
}

/**
 * What has to be there before a file is applied: the files that its chart depends on; the namespaces and service accounts that it names, where a
 * file holds nothing else; and the Pod Identity associations of its pods in the same stack, so that a pod that starts at once has access.
 * @internal
 */
export function startOrder(hook: Construct, cluster: eks.IClusterRef, files: RenderedFile[], resources: Map<string, Construct>): Wait[] {
  const namespaces = filesOfOnly('Namespace', files);
  const serviceAccounts = filesOfOnly('ServiceAccount', files);
  const associations = associationsOf(hook, cluster);
  return files.flatMap(file => {
    const from = resources.get(file.name)!;
    const names = new Set(file.dependencies);
    const wanted = new Set<Construct>();
    for (const document of file.documents) {
      const { namespace } = document.metadata ?? {};
      names.add(namespaces.get(`/${namespace}`) ?? file.name);
      for (const { serviceAccountName } of podSpecsIn(document)) {
        const who = `${namespace}/${serviceAccountName}`;
        names.add(serviceAccounts.get(who) ?? file.name);
        for (const association of associations.get(who) ?? []) wanted.add(association);
      }
    }
    names.delete(file.name);
    return [...wanted, ...[...names].flatMap(name => resources.get(name) ?? [])].map(to => ({ from, to }));
  });
}

/** Which file makes an object of a kind; a file of other objects too might itself have to wait. */
function filesOfOnly(kind: string, files: RenderedFile[]): Map<string, string> {
  return new Map(files.filter(file => file.documents.every(document => document.kind === kind))
    .flatMap(file => file.documents.map(({ metadata }) => [`${metadata?.namespace ?? ''}/${metadata?.name}`, file.name] as const)));
}

/** The associations of a cluster in the stack, whoever made them. One in another stack may itself depend on this stack. */
function associationsOf(hook: Construct, cluster: eks.IClusterRef): Map<string, Construct[]> {
  const stack = Stack.of(hook);
  const nameOf = (name: string) => JSON.stringify(stack.resolve(name));
  const clusterName = nameOf(cluster.clusterRef.clusterName);
  const associations = new Map<string, Construct[]>();
  for (const node of stack.node.findAll()) {
    if (!CfnResource.isCfnResource(node) || node.stack !== stack || !eks.CfnPodIdentityAssociation.isCfnPodIdentityAssociation(node)) continue;
    if (nameOf(node.clusterName) !== clusterName) continue;
    const who = `${node.namespace}/${node.serviceAccount}`;
    associations.set(who, [...associations.get(who) ?? [], node]);
  }
  return associations;
}
