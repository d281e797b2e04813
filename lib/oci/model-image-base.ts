import { isPinned } from '../delivery/images';
import { checkImage } from '../private/kubernetes-names';
import { literal } from '../private/literal';

/** What lies below the files of a model image. */
export class ModelImageBase {
  /**
   * A static busybox: the shell and the few programs that a copy and a modelcar run, 1 MB. It is pulled from Docker Hub without an account, which Docker
   * Hub limits for each address, and builds outside a VPC of yours share theirs with other customers: with `429 toomanyrequests` a build ends before it
   * fetches the model. A copy in a repository of yours, or in ECR's pull-through cache, is better: name it by `image`, with the same digest.
   * https://docs.docker.com/docker-hub/usage/pulls/, https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
   */
  public static busybox(): ModelImageBase {
    return new ModelImageBase(BUSYBOX);
  }

  /**
   * An image of yours with a shell: `sh`, `cp`, `ln`, `sleep`, `awk` and what else the program of a copy calls, at most some layers, and no `/models`.
   *
   * @param reference `repository@sha256:…`; what the build's role may pull, or everybody
   * @throws where no digest pins it, or it is an unresolved token
   */
  public static image(reference: string): ModelImageBase {
    literal(reference, 'base of model images', 'the tag of what is built follows from its digest; pass a literal string');
    checkImage('base of model images', reference);
    if (!isPinned(reference)) throw new Error(`base of model images '${reference}' names no digest: with a tag, two builds of one model differ; give repository@sha256:…`);
    return new ModelImageBase(reference);
  }

  /** Nothing, for images that are mounted as a volume alone: nothing runs in them, so no copy and no modelcar can use them. */
  public static none(): ModelImageBase {
    return new ModelImageBase('');
  }

  private constructor(
    /** The reference; empty for no base. */
    public readonly reference: string,
  ) {}
}

/** Pinned so by several public repositories, which run it on amd64 and arm64; looked up on 2026-11-22. */
const BUSYBOX = 'docker.io/library/busybox:1.37.0-musl@sha256:222ad6d973c0d198014546a65cd02c5fdedcc172123c5b4c2bf0af636550bd94';
