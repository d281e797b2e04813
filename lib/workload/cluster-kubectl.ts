import { Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as eksv2 from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';

/**
 * What applies manifests to one cluster.
 * @internal
 */
export interface Kubectl {
  readonly cluster: eks.IClusterRef;

  /** Makes the resource that applies these objects, in this order. */
  apply(id: string, objects: any[]): Construct;
}

/**
 * The kubectl provider is made here, where it has to be: one that were made while CDK visits the app would escape the Aspects of the stack.
 *
 * @throws where the cluster has none
 * @internal
 */
export function attachKubectl(scope: Construct, cluster: eks.ICluster): Kubectl {
  needStack(scope);
  if (!(cluster instanceof eks.Cluster || cluster.kubectlProvider || cluster.kubectlRole && cluster.kubectlLayer)) {
    throw noProvider(cluster, 'eks.KubectlProvider.fromKubectlProviderAttributes(…), or kubectlRoleArn and kubectlLayer');
  }
  eks.KubectlProvider.getOrCreate(scope, cluster);
  return { cluster, apply: (id, manifest) => new eks.KubernetesManifest(scope, id, { cluster, manifest }) };
}

/**
 * As `attachKubectl`; a cluster of this module has no provider unless it is asked for one.
 *
 * @throws where the cluster has none
 * @internal
 */
export function attachKubectlV2(scope: Construct, cluster: eksv2.ICluster): Kubectl {
  needStack(scope);
  if (!eksv2.KubectlProvider.getKubectlProvider(scope, cluster)) {
    throw noProvider(cluster, 'eksv2.KubectlProvider.fromKubectlProviderAttributes(…), or for a new cluster kubectlProviderOptions: { kubectlLayer }');
  }
  return { cluster, apply: (id, manifest) => new eksv2.KubernetesManifest(scope, id, { cluster, manifest }) };
}

function needStack(scope: Construct) {
  if (!scope.node.scopes.some(Stack.isStack)) {
    throw new Error(`manifests ${scope.node.path} are for a cluster, and so part of a template: pass a stack, or a construct in one, as scope`);
  }
}

function noProvider(cluster: eks.IClusterRef, fix: string): Error {
  return new Error(`cluster ${cluster.node.path} has no kubectl provider to apply manifests with: give it kubectlProvider: ${fix}; `
    + 'or write the manifests to a directory, ManifestTarget.directory(path)');
}
