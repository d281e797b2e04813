import { Construct } from 'constructs';
import type { Kubectl } from './cluster-kubectl';
import { sizeErrors } from './cluster-limits';
import { ClusterObjects } from './cluster-objects';
import { startOrder } from './cluster-order';
import { lostTokens } from './cluster-tokens';
import type { ManifestWriter } from './manifest-target';
import type { RenderedFile } from './rendered-manifests';

/**
 * Makes a resource for each file, by which the deployment applies it. Charts are complete only when the user's program has run, so the resources
 * are made while CDK visits the app, and made anew at each synth. Their logical ids come from the path of the set and the name of the file.
 * @internal
 */
export class ClusterWriter implements ManifestWriter {
  private resources = new Map<string, Construct>();

  constructor(private readonly hook: Construct, private readonly kubectl: Kubectl) {}

  public prepare(files: RenderedFile[]): void {
    for (const { node } of this.resources.values()) this.hook.node.tryRemoveChild(node.id);
    this.resources = new Map();
    if (tokenErrors(files).length > 0) return; // CDK would stop at them before it validates the app
    // CDK labels the objects that it is given, for pruning: they are its own.
    for (const file of files) this.resources.set(file.name, this.kubectl.apply(file.name, structuredClone(file.documents)));
    for (const { from, to } of startOrder(this.hook, this.kubectl.cluster, files, this.resources)) from.node.addDependency(to);
  }

  public errors(files: RenderedFile[]): string[] {
    const errors = tokenErrors(files);
    return errors.length > 0 ? errors
      : [...sizeErrors(this.hook, files), ...ClusterObjects.of(this.kubectl.cluster, this.hook).claim(this.hook, files)];
  }

  /** The template holds them. */
  public write(): void {}
}

function tokenErrors(files: RenderedFile[]): string[] {
  return files.flatMap(file => file.documents.flatMap(document => lostTokens(document).map(error => `${document.kind} ${document.metadata?.name}: ${error}`)));
}
