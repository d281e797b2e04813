import { Annotations, AspectPriority, Aspects, Stack } from 'aws-cdk-lib';
import { ArtifactMetadataEntryType } from 'aws-cdk-lib/cloud-assembly-schema';
import { App } from 'cdk8s';
import { Construct } from 'constructs';
import { TokenKeeper } from './cluster-tokens';
import { ExistingManifests } from './existing-manifests';
import { ImageMirror } from './image-mirror';
import { PodImages } from './image-mirror-pods';
import { ManifestTarget, ManifestWriter } from './manifest-target';
import { RenderedFile, renderManifests } from './rendered-manifests';
import { imagesIn } from '../delivery/images';
import { lacksContext, onSynthesis } from '../private/synthesis';
import { TokenRefusal } from '../private/tokens';
import { markReportsWarnings } from '../private/warn';

/** Properties of a set of manifests. */
export interface ModelManifestsProps {
  /** Where the manifests go. */
  readonly target: ManifestTarget;

  /**
   * Where the cluster finds images instead of in the registries of their names: of every container and volume of every pod and pod template below,
   * whatever its kind, the user's own charts included. Other objects keep the names that they have.
   *
   * @default - images are pulled from the registries of their names
   */
  readonly imageMirror?: ImageMirror;

  /**
   * Names of secrets of type `kubernetes.io/dockerconfigjson`, in the namespace of each pod, that images are pulled with. Every pod and pod template
   * below gets them beside its own.
   *
   * @default - none; a node of Amazon EKS needs none for Amazon ECR
   */
  readonly imagePullSecrets?: string[];
}

/**
 * The root of Kubernetes objects: a cdk8s app that the synth of the CDK app writes, so that templates and manifests come from one run.
 * Charts take it as their scope. Errors and warnings of charts are reported as the CDK app's own.
 */
export class ModelManifests extends App {
  private readonly podImages: PodImages;

  /**
   * @param scope in the CDK app, such as a stack
   * @param id of the construct that stands for the manifests there; no Kubernetes object depends on it
   * @param props where the manifests go
   * @throws where another set of manifests of the app has the same directory, or the cluster has no kubectl provider
   */
  constructor(scope: Construct, id: string, props: ModelManifestsProps) {
    super({ resolvers: [props.target._takesTokens ? new TokenKeeper() : new TokenRefusal()] });
    this.podImages = new PodImages(props.imageMirror, props.imagePullSecrets);
    markReportsWarnings(this);
    new ManifestsSynthesis(scope, id, this, props.target, this.podImages);
  }

  /**
   * Manifests that exist already: they are written with the rest, and models can be attached to the workloads in them. What Helm or Kustomize makes is
   * rendered to a file first. The files are read at once, and as kubectl reads them; comments, order and all else that no model needs changed stay.
   *
   * @param path of a file, or of a folder: then of the `.yaml`, `.yml` and `.json` files directly in it, as `kubectl apply -f` takes them; seen from
   * the working directory
   * @throws with file and line where one is not valid
   */
  public existing(path: string): ExistingManifests {
    if (path === '') throw new Error("path of existing manifests is '': give the path of a file or a folder, such as 'k8s'");
    const id = path.replace(/(?<=.)\/+$/, '');
    const present = this.node.tryFindChild(id);
    return present instanceof ExistingManifests ? present : ExistingManifests._of(this, id);
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

  /** Every image that the objects name, in alphabetical order, by its name below the mirror: what the cluster must be able to pull. */
  public get images(): string[] {
    return [...new Set(renderManifests(this, this.podImages).flatMap(file => imagesIn(file.documents, true)))].sort();
  }
}

/** What stands for a set of manifests in the tree of the CDK app: CDK's own validation, warnings and synthesis reach no cdk8s object. */
class ManifestsSynthesis extends Construct {
  private readonly writer: ManifestWriter;
  /** What was rendered for the synth that is under way. */
  private rendered?: RenderedFile[];
  /** The same, once it is found valid. */
  private valid?: RenderedFile[];

  constructor(scope: Construct, id: string, private readonly manifests: App, target: ManifestTarget, private readonly images: PodImages) {
    super(scope, id);
    this.writer = target._writerFor(this);
    // CDK visits the app at the beginning of each synth, when the user's program has run.
    Aspects.of(this).add({ visit: node => { if (node === this) this.prepare(); } }, { priority: AspectPriority.READONLY });
    this.node.addValidation({ validate: () => this.errors() });
    onSynthesis(this, () => this.write());
  }

  private prepare() {
    this.rendered = this.valid = undefined;
    try {
      this.writer.prepare?.(this.render());
    } catch {
      // it throws again while the app is validated, where it is reported
    }
  }

  private errors(): string[] {
    if (lacksContext(this)) return []; // the CDK looks the values up and synthesises again
    try {
      const errors = [...chartErrors(this.manifests), ...this.writer.errors(this.render())];
      if (errors.length === 0) this.valid = this.rendered;
      return errors;
    } catch (error) {
      return [...chartErrors(this.manifests), error instanceof Error ? error.message : String(error)];
    } finally {
      this.reportWarnings(); // some are found when objects are rendered
    }
  }

  private write() {
    const files = this.render();
    const errors = this.valid === files ? [] : this.writer.errors(files); // a synth may skip validation, a token in a file stays a token
    if (errors.length > 0) throw new Error(errors.join('\n'));
    this.writer.write(files);
    this.rendered = this.valid = undefined;
  }

  /** Rendering is most of a synth's work, so each renders once. */
  private render(): RenderedFile[] {
    this.rendered ??= renderManifests(this.manifests, this.images);
    return this.rendered;
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
