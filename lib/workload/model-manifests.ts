import { Annotations, attachCustomSynthesis, Stack } from 'aws-cdk-lib';
import { ArtifactMetadataEntryType } from 'aws-cdk-lib/cloud-assembly-schema';
import { App } from 'cdk8s';
import { Construct, IConstruct } from 'constructs';
import { ManifestTarget } from './manifest-target';
import { imagesIn, renderManifests } from './rendered-manifests';
import { TokenRefusal } from '../private/tokens';
import { markReportsWarnings } from '../private/warn';

/** Properties of a set of manifests. */
export interface ModelManifestsProps {
  /** Where the manifests go. */
  readonly target: ManifestTarget;
}

/**
 * The root of Kubernetes objects: a cdk8s app that the synth of the CDK app writes, so that templates and manifests come from one run.
 * Charts take it as their scope. Errors and warnings of charts are reported as the CDK app's own.
 */
export class ModelManifests extends App {
  /**
   * @param scope in the CDK app, such as a stack
   * @param id of the construct that stands for the manifests there; no Kubernetes object depends on it
   * @param props where the manifests go
   * @throws where another set of manifests of the app has the same target
   */
  constructor(scope: Construct, id: string, props: ModelManifestsProps) {
    super({ resolvers: [new TokenRefusal()] });
    markReportsWarnings(this);
    new ManifestsSynthesis(scope, id, this, props.target);
  }

  /**
   * Refused: the synth of the CDK app writes the manifests, once it found everything valid.
   *
   * @throws always
   */
  public synth(): void {
    throw new Error('manifests are written by the synth of the CDK app: call synth() of that app, or run cdk synth');
  }

  /**
   * Refused, as `synth`.
   *
   * @throws always
   */
  public synthYaml(): string {
    return this.synth() as never;
  }

  /** Every image that the objects name, in alphabetical order: what the cluster must be able to pull. */
  public get images(): string[] {
    return [...new Set(renderManifests(this).flatMap(file => imagesIn(file.documents)))].sort();
  }
}

/** What stands for a set of manifests in the tree of the CDK app: CDK's own validation, warnings and synthesis reach no cdk8s object. */
class ManifestsSynthesis extends Construct {
  constructor(scope: Construct, id: string, private readonly manifests: App, private readonly target: ManifestTarget) {
    super(scope, id);
    claim(this, target._writer.destination);
    this.node.addValidation({ validate: () => this.errors() });
    // It runs once the whole app is found valid. What it throws is a bare stack trace, so everything that can be wrong is found before.
    attachCustomSynthesis(this, { onSynthesize: () => this.write() });
  }

  private errors(): string[] {
    if (lacksContext(this)) return []; // the CDK looks the values up and synthesises again
    this.reportWarnings();
    try {
      const files = renderManifests(this.manifests);
      return [...chartErrors(this.manifests), ...this.target._writer.errors(files)];
    } catch (error) {
      return [...chartErrors(this.manifests), error instanceof Error ? error.message : String(error)];
    }
  }

  private write() {
    if (lacksContext(this)) return;
    const files = renderManifests(this.manifests);
    const errors = this.target._writer.errors(files); // a synth may skip validation, a token in a file stays a token
    if (errors.length > 0) throw new Error(errors.join('\n'));
    this.target._writer.write(files);
  }

  private reportWarnings() {
    for (const node of this.manifests.node.findAll()) {
      for (const entry of node.node.metadata) {
        const text = `${node.node.path}: ${entry.data}`;
        if (entry.type === ArtifactMetadataEntryType.WARN) this.warn(text);
        if (entry.type === ArtifactMetadataEntryType.INFO) Annotations.of(this).addInfo(text);
      }
    }
  }

  /** CDK keeps the id of a warning in its text; taken out again, it can be acknowledged anywhere above the manifests. */
  private warn(text: string) {
    const [, message, id] = /^(.*) \[ack: (.+)\]$/s.exec(text) ?? [];
    if (!this.node.scopes.some(scope => Stack.isStack(scope))) process.emitWarning(text);
    if (id === undefined) Annotations.of(this).addWarning(text);
    else Annotations.of(this).addWarningV2(id, message);
  }
}

function chartErrors(manifests: App): string[] {
  return manifests.node.findAll().flatMap(node => [
    ...node.node.validate(),
    ...node.node.metadata.filter(entry => entry.type === ArtifactMetadataEntryType.ERROR).map(entry => String(entry.data)),
  ].map(message => `${node.node.path}: ${message}`));
}

/** While a value is to be looked up in an account, the CDK goes on with a dummy, which is no token and would pass for a name. */
function lacksContext(hook: IConstruct): boolean {
  return hook.node.root.node.findAll().some(node => Stack.isStack(node) && ((node as any)._missingContext as unknown[] | undefined ?? []).length > 0);
}

const destinations = new WeakMap<IConstruct, Map<string, string>>();

/** Two sets of manifests in one directory would remove each other's files. */
function claim(hook: IConstruct, destination: string) {
  const claims = destinations.get(hook.node.root) ?? new Map<string, string>();
  destinations.set(hook.node.root, claims);
  const other = claims.get(destination);
  if (other !== undefined) {
    throw new Error(`manifests ${other} and ${hook.node.path} would both be written to ${destination}: give each a directory of its own`);
  }
  claims.set(destination, hook.node.path);
}
