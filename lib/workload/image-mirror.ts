import { Token } from 'aws-cdk-lib';

/** A registry's host, with a path or without; neither scheme nor tag. */
const MIRROR = /^(localhost|(?=[^/]*[.:])[a-z0-9]([-a-z0-9.]*[a-z0-9])?)(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const REGISTRY = /^(localhost|(?=.*[.:])[a-z0-9]([-a-z0-9.]*[a-z0-9])?)(:\d{1,5})?$/;

/**
 * Where a cluster finds images instead of in the registries of their names: a mirror, or the pull-through caches of Amazon ECR. Path, tag and digest
 * of an image stay, so a pinned one is the same wherever it comes from.
 */
export class ImageMirror {
  /**
   * One mirror that has every image under its path: `docker.io/vllm/vllm-openai` becomes `<name>/vllm/vllm-openai`. Its registry is no part of the
   * path, so two images of the same path in two registries are the same below the mirror; where they may differ, use `prefixes`.
   *
   * @param name host of the registry and a path in it, such as `registry.acme.internal/mirror`
   * @throws where the name is not valid
   */
  public static registry(name: string): ImageMirror {
    return new ImageMirror({}, checkMirror(name));
  }

  /**
   * A prefix for each registry, as the rules of a pull-through cache have them; an image of a registry that is not named stays. Docker Hub is
   * `docker.io`, and its official images are in `library/`, as Amazon ECR demands:
   * https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-working-pulling.html
   *
   * @param prefixes by registry, such as `{ 'docker.io': '123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub' }`
   * @throws where a registry or a prefix is not valid
   */
  public static prefixes(prefixes: { [registry: string]: string }): ImageMirror {
    const known: Record<string, string> = {};
    for (const [registry, prefix] of Object.entries(prefixes)) {
      if (!REGISTRY.test(registry)) throw new Error(`registry '${registry}' is not valid: use its host, such as 'docker.io' or 'registry.acme.internal:5000'`);
      known[canonical(registry)] = checkMirror(prefix);
    }
    return new ImageMirror(known);
  }

  private constructor(private readonly known: Record<string, string>, private readonly all?: string) {}

  /** What an image is called here. One that is below the mirror already stays, and so does one that CDK knows only at deploy time. */
  public nameOf(image: string): string {
    if (Token.isUnresolved(image) || [...Object.values(this.known), this.all].some(prefix => prefix !== undefined && image.startsWith(`${prefix}/`))) return image;
    const { registry, path } = parse(image);
    const prefix = this.all ?? this.known[registry];
    return prefix === undefined ? image : `${prefix}/${path}`;
  }
}

/** The first part of a name is a registry where it looks like a host: https://pkg.go.dev/github.com/distribution/reference */
function parse(image: string): { registry: string; path: string } {
  const [first, ...rest] = image.split('/');
  if (rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')) {
    const registry = canonical(first);
    return { registry, path: registry === 'docker.io' ? onDockerHub(rest) : rest.join('/') };
  }
  return { registry: 'docker.io', path: onDockerHub([first, ...rest]) };
}

function onDockerHub(path: string[]): string {
  return path.length === 1 ? `library/${path[0]}` : path.join('/');
}

/** Docker Hub has three names. */
function canonical(registry: string): string {
  return ['index.docker.io', 'registry-1.docker.io'].includes(registry) ? 'docker.io' : registry;
}

/** A token passes: the template resolves it, and a directory refuses it where it is used. */
function checkMirror(name: string): string {
  if (!Token.isUnresolved(name) && !MIRROR.test(name)) {
    throw new Error(`mirror '${name}' is not valid: use the host of a registry and a path in it, without scheme, tag and closing slash, such as 'registry.acme.internal/mirror'`);
  }
  return name;
}
