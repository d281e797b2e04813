/** An image as it was published, with where its digest was read. */
interface PublishedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly source: string;
  readonly date: string;
}

/**
 * Every image that the library itself brings into a cluster. To check one: `crane digest <repository>:<tag>`, or
 * `docker buildx imagetools inspect <repository>:<tag>`.
 */
const IMAGES = {
  s5cmd: {
    repository: 'docker.io/peakcom/s5cmd',
    tag: 'v2.3.0',
    digest: 'sha256:2ff939e2ee3c76adcadd78dbfc3e2569b18a3743ed9dcfccb1ec589af7fb9903',
    source: 'pinned so by several public repositories, which run it on amd64 and arm64; reports v2.3.0-991c9fb',
    date: '2026-11-21',
  },
  awsCli: {
    repository: 'public.ecr.aws/aws-cli/aws-cli',
    tag: '2.35.11',
    digest: 'sha256:749bfaf91d690b9a1768083822d620f96c19defdf9ca2dc227eb3695281fda5b',
    source: 'pinned so by two public repositories',
    date: '2026-11-21',
  },
} satisfies Record<string, PublishedImage>;

/**
 * A reference that names the tag for people and the digest for the container runtime.
 * @internal
 */
export function imageReference(name: keyof typeof IMAGES): string {
  const { repository, tag, digest } = IMAGES[name];
  return `${repository}:${tag}@${digest}`;
}

/** @internal */
export function isPinned(image: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(image);
}

/**
 * Every image that the objects name, wherever in them.
 *
 * @param addressed whether also those that KServe is told of by an address
 * @internal
 */
export function imagesIn(value: any, addressed = false): string[] {
  if (Array.isArray(value)) return value.flatMap(item => imagesIn(item, addressed));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries<any>(value).flatMap(([key, item]) => {
    const image = key === 'image' ? item?.reference ?? item : addressed && ['storageUri', 'uri'].includes(key) ? imageAddress(item)?.image : undefined;
    return typeof image === 'string' ? [image] : imagesIn(item, addressed);
  });
}

/**
 * The parts of an address by which KServe is told of an image; undefined for what is none.
 * @internal
 */
export function imageAddress(address: unknown): { scheme: string; image: string } | undefined {
  const [, scheme, image] = typeof address === 'string' && /^(oci(?:\+\w+)?:\/\/)(.+)$/.exec(address) || [];
  return scheme === undefined ? undefined : { scheme, image };
}
