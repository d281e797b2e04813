import * as eks from 'aws-cdk-lib/aws-eks';
import * as eksv2 from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { attachKubectl, attachKubectlV2 } from './cluster-kubectl';
import { ClusterWriter } from './cluster-writer';
import { DirectoryWriter } from './directory-writer';
import type { RenderedFile } from './rendered-manifests';
import { literal } from '../private/literal';

/**
 * Puts one set of manifests where it belongs.
 * @internal
 */
export interface ManifestWriter {
  /** Makes the constructs that the files need in the CDK app: early in each synth, before anything is found valid. */
  prepare?(files: RenderedFile[]): void;

  /** Why these files can't be written. */
  errors(files: RenderedFile[]): string[];

  /** At the end of a synth. */
  write(files: RenderedFile[]): void;
}

/** Where manifests go. */
export class ManifestTarget {
  /**
   * Files in a directory, for Argo CD, Flux or `kubectl apply -f`, written by the same synth as the templates. The directory belongs to one set of
   * manifests: files that it wrote and no longer holds are removed; what others put there is never touched.
   *
   * @param path of the directory, seen from the working directory; it is made where there is none
   */
  public static directory(path: string): ManifestTarget {
    literal(path, 'directory of manifests', 'it is written at synth; pass a literal string');
    if (path.trim() === '' || path.includes('\0')) {
      throw new Error(`directory '${path}' is not valid: give a path such as 'manifests'`);
    }
    const writer = new DirectoryWriter(path);
    return new ManifestTarget(hook => writer.claimedBy(hook), false);
  }

  /**
   * A cluster, to which `cdk deploy` applies the manifests by way of the kubectl provider of the cluster: one `KubernetesManifest` for each file,
   * in the stack of the manifests. Values that CDK knows only at deploy time may stand in them. The in-pod program is part of each workload, and
   * a template takes 1 MB, so some 15 workloads fit in a stack.
   *
   * Objects carry the label by which CDK prunes, where the cluster has `prune` (the default): an object that leaves its file is deleted. One that
   * is there already and was not made by this stack is not taken over: the deployment fails.
   *
   * @param cluster with a kubectl provider; an imported one is given `kubectlProvider`, or `kubectlRoleArn` and `kubectlLayer`
   */
  public static cluster(cluster: eks.ICluster): ManifestTarget {
    return new ManifestTarget(hook => new ClusterWriter(hook, attachKubectl(hook, cluster)), true);
  }

  /**
   * As `cluster`, for a cluster of the module `aws-eks-v2`.
   *
   * @param cluster with a kubectl provider: `kubectlProviderOptions`, or `kubectlProvider` where it is imported
   */
  public static clusterV2(cluster: eksv2.ICluster): ManifestTarget {
    return new ManifestTarget(hook => new ClusterWriter(hook, attachKubectlV2(hook, cluster)), true);
  }

  private constructor(
    /** @internal */
    public readonly _writerFor: (hook: Construct) => ManifestWriter,
    /**
     * Whether values that CDK knows only at deploy time may stand in the manifests.
     * @internal
     */
    public readonly _takesTokens: boolean,
  ) {}
}
