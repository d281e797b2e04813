import { Stage, Token } from 'aws-cdk-lib';
import { IClusterRef } from 'aws-cdk-lib/aws-eks';
import { Construct, IConstruct } from 'constructs';
import type { RenderedFile } from './rendered-manifests';

/**
 * Which set of manifests makes which object of a cluster. Two sets may share a cluster and not an object: the deployment of the second would find
 * it there and fail.
 * @internal
 */
export class ClusterObjects {
  /** Those of a cluster. In another stage the same name is another cluster. */
  public static of(cluster: IClusterRef, hook: Construct): ClusterObjects {
    const stage = Stage.of(hook) ?? hook.node.root;
    const { clusterName } = cluster.clusterRef;
    const name = Token.isUnresolved(clusterName) ? cluster.node.path : JSON.stringify([cluster.env.account, cluster.env.region, clusterName]);
    const known = clusters.get(stage) ?? new Map<string, ClusterObjects>();
    clusters.set(stage, known);
    const objects = known.get(name) ?? new ClusterObjects();
    known.set(name, objects);
    return objects;
  }

  private readonly owners = new Map<string, IConstruct>();

  private constructor() {}

  /** Takes the objects for a set, which gives up what it had before; returns what other sets have. */
  public claim(set: IConstruct, files: RenderedFile[]): string[] {
    for (const [object, owner] of this.owners) if (owner === set) this.owners.delete(object);
    const errors: string[] = [];
    for (const { kind, metadata } of files.flatMap(file => file.documents)) {
      const object = `${kind} ${[metadata?.namespace, metadata?.name].filter(Boolean).join('/')}`;
      const owner = this.owners.get(object);
      if (owner && owner !== set) errors.push(`${object} is in ${owner.node.path} too, for the same cluster: keep what shares it in one set of manifests`);
      else this.owners.set(object, set);
    }
    return errors;
  }
}

const clusters = new WeakMap<IConstruct, Map<string, ClusterObjects>>();
