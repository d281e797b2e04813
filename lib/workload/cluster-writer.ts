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
    if (valueErrors(files).length > 0) return; // CDK would stop at them before it validates the app
    const applied = files.filter(file => file.directoryOnly === undefined && file.documents.length > 0);
    // CDK labels the objects that it is given, for pruning: they are its own.
    for (const file of applied) this.resources.set(file.name, this.kubectl.apply(file.name, structuredClone(file.documents)));
    for (const { from, to } of startOrder(this.hook, this.kubectl.cluster, applied, this.resources)) from.node.addDependency(to);
  }

  public errors(files: RenderedFile[]): string[] {
    const errors = [...directoryErrors(files), ...valueErrors(files)];
    return errors.length > 0 ? errors
      : [...sizeErrors(this.hook, files), ...ClusterObjects.of(this.kubectl.cluster, this.hook).claim(this.hook, files)];
  }

  /** The template holds them. */
  public write(): void {}
}

function directoryErrors(files: RenderedFile[]): string[] {
  return files.filter(file => file.directoryOnly !== undefined)
    .map(file => `${file.name} is ${file.directoryOnly}, and a deployment can't apply it: write the manifests to a directory, ManifestTarget.directory(path)`);
}

/** Values that a template could not hold. */
function valueErrors(files: RenderedFile[]): string[] {
  return files.flatMap(file => file.documents.flatMap(document => [...lostTokens(document), ...largeIntegers(document)]
    .map(error => `${document.kind} ${document.metadata?.name}: ${error}`)));
}

/** Integers of existing manifests that a number, as which they would come into a template, can't hold. */
function largeIntegers(value: unknown, path = ''): string[] {
  if (typeof value === 'bigint') {
    return [`${path} is ${value}, an integer beyond 2^53 that a template can't hold: write the manifests to a directory, ManifestTarget.directory(path)`];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => largeIntegers(item, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`));
}
