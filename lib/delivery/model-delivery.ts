import { IConstruct } from 'constructs';
import { attachModel, AttachOptions } from './attachment';
import { Auto } from './auto';
import { AutoOptions } from './auto-options';
import { ImageVolume } from './image-volume';
import { ImageVolumeOptions } from './image-volume-options';
import { Modelcar } from './modelcar';
import { ModelcarOptions } from './modelcar-options';
import { OciCopy } from './oci-copy';
import { OciCopyOptions } from './oci-copy-options';
import { PodFacts, PodParts } from './pod-parts';
import { S3Download } from './s3-download';
import { S3DownloadOptions } from './s3-download-options';
import { ModelArtifact } from '../model';
import { literal } from '../private/literal';

/** How one model is delivered. */
export interface DeliverOptions {
  /**
   * Where the application reads the model: an absolute path.
   *
   * @default `/mnt/<name of the model>/models`
   */
  readonly path?: string;
}

/** A way to bring models to a pod. It keeps nothing: the same input gives the same parts. */
export interface IDeliveryStrategy {
  /** Deliveries with the same key are bound together, so that several models of a pod share a container. */
  readonly sharingKey: string;

  /**
   * What brings these models to a pod.
   *
   * @throws where the pod can't have the models so
   */
  bind(models: DeliveredModel[], pod: PodFacts): PodParts;

  /** Why this pod can't read a model; undefined where it can. Asked at synth, when every grant is known. */
  refusal(model: ModelArtifact, pod: PodFacts): string | undefined;
}

/** How models reach a pod. Another strategy is another factory; the path that the application reads stays. */
export class ModelDelivery {
  /** An init container downloads the model from S3 into a volume of the pod, checks every byte, and only then lets the application start. */
  public static s3Download(options: S3DownloadOptions): ModelDelivery {
    return new ModelDelivery(new S3Download(options));
  }

  /**
   * An init container copies the model out of an image that carries it into a volume of the pod, checks every byte, and only then lets the application
   * start. It needs nothing of AWS and nothing of the cluster's version. The node holds the model twice: in the image and in the volume.
   */
  public static ociCopy(options: OciCopyOptions): ModelDelivery {
    return new ModelDelivery(new OciCopy(options));
  }

  /**
   * The application reads the model out of another container of its pod, through a symbolic link: nothing is copied. Needs the same user and group in all
   * containers, and an application that follows links. See `ModelcarOrdering` for what makes it wait.
   *
   * @throws where the cluster has not what the ordering needs
   */
  public static modelcar(options: ModelcarOptions): ModelDelivery {
    return new ModelDelivery(new Modelcar(options));
  }

  /**
   * Kubernetes mounts the image that carries the model as a volume: nothing is copied, and nothing runs beside the application. Kubernetes 1.35 and later.
   *
   * @throws where the cluster has no image volumes
   */
  public static imageVolume(options: ImageVolumeOptions): ModelDelivery {
    return new ModelDelivery(new ImageVolume(options));
  }

  /**
   * An image volume, a modelcar, or a copy: the first that the cluster has and the application takes. What was chosen and why is in an annotation of the
   * pod.
   */
  public static auto(options: AutoOptions): ModelDelivery {
    return new ModelDelivery(new Auto(options));
  }

  /** A strategy of your own. */
  public static of(strategy: IDeliveryStrategy): ModelDelivery {
    return new ModelDelivery(strategy);
  }

  /** What it does to a pod. */
  public readonly strategy: IDeliveryStrategy;

  private constructor(strategy: IDeliveryStrategy) {
    this.strategy = strategy;
  }

  /** This delivery, of one model. */
  public deliver(model: ModelArtifact, options: DeliverOptions = {}): DeliveredModel {
    return new DeliveredModel(this, model, options.path ?? `/mnt/${model.name}/models`);
  }
}

/** A model and how it reaches the pods of a workload. */
export class DeliveredModel {
  /** How it is delivered. */
  public readonly delivery: ModelDelivery;

  /** The model. */
  public readonly model: ModelArtifact;

  /** Where the application reads the model: a directory with its files. */
  public readonly path: string;

  /** @internal */
  constructor(delivery: ModelDelivery, model: ModelArtifact, path: string) {
    this.delivery = delivery;
    this.model = model;
    this.path = checkPath(path, model);
  }

  /**
   * Delivers the model to a workload of your own: one of manifests that exist, `manifests.existing(path).workload(kind, name)`, or any construct whose
   * default child is a `Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `Job`, `CronJob` or `Pod`, as those of every version of cdk8s-plus are,
   * a `Rollout`, `LeaderWorkerSet`, `RayCluster`, `RayJob` or `RayService`, or such an `ApiObject` itself.
   *
   * The delivery's parts are added to what the workload renders to, last of all, and whatever that has stays, but for these: the first of the
   * containers that read models asks for the disk and the memory that models take, too, and a Deployment or Rollout has as much longer to progress as
   * the models may take to arrive. Several models of one workload share what they can. The service account of the identity is written, once, unless it
   * exists or files of yours have it. A Job's `activeDeadlineSeconds` is left alone: the download counts.
   *
   * @throws where the workload is no such object, or the model, or one at its path, is attached to it already
   */
  public attach(workload: IConstruct, options: AttachOptions = {}): void {
    attachModel(this, workload, options);
  }
}

function checkPath(path: string, model: ModelArtifact): string {
  literal(path, `path of model ${model.displayName}`, 'it is part of the manifests; pass a literal string');
  if (!/^(\/[-\w.]+)+$/.test(path) || path.split('/').some(segment => segment === '.' || segment === '..')) {
    throw new Error(`path '${path}' of model ${model.displayName} is not valid: give an absolute path of letters, digits and '-_.', without '.' or '..' segments`);
  }
  if (/^\/(proc|sys|dev)(\/|$)|^\/(bin|etc|home|lib|lib64|root|run|sbin|tmp|usr|var)$/.test(path)) {
    throw new Error(`path '${path}' of model ${model.displayName} belongs to the system: give a folder of its own, such as '/models/${model.name}'`);
  }
  return path;
}
