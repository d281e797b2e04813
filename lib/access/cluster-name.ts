import { Stack, Token } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import { IConstruct } from 'constructs';

/**
 * The name of a cluster where synth knows it: that of the reference, or of its definition.
 * @internal
 */
export function clusterNameOf(cluster: eks.IClusterRef): string | undefined {
  const candidates: IConstruct[] = [cluster, ...cluster.node.defaultChild ? [cluster.node.defaultChild] : []];
  const defined = candidates.find((candidate): candidate is eks.CfnCluster => eks.CfnCluster.isCfnCluster(candidate))?.name;
  return [cluster.clusterRef.clusterName, defined].find(each => each !== undefined && !Token.isUnresolved(each));
}

/**
 * The ARN of a cluster, by its literal name where that is in another stack, which then need not come first.
 * @internal
 */
export function clusterArnIn(scope: IConstruct, cluster: eks.IClusterRef): string {
  const name = clusterNameOf(cluster);
  const stack = Stack.of(cluster);
  return name === undefined || stack === Stack.of(scope) || !Token.isUnresolved(cluster.clusterRef.clusterArn) ? cluster.clusterRef.clusterArn
    : stack.formatArn({ service: 'eks', resource: 'cluster', resourceName: name });
}

/**
 * What stands for a cluster in the id of a construct, and for people.
 * @internal
 */
export function clusterId(cluster: eks.IClusterRef): string {
  const { clusterName } = cluster.clusterRef;
  return Token.isUnresolved(clusterName) ? cluster.node.path : clusterName;
}
