import { succeed } from '../processes';
import { KubernetesObject } from '../static/manifest';
import { KSERVE_CONFIGURATION, KSERVE_MUTATOR } from '../tools/catalogue';

/** What KServe is asked for. */
export interface Asked {
  readonly service: KubernetesObject;
  /** What its configuration says `oci://` means. @default - as it is shipped */
  readonly ociModelMode?: string;
}

/** The pod that KServe makes, or why it makes none. */
export type Made = { readonly pod: KubernetesObject } | { readonly error: string };

/** Lets KServe's own controller and webhook make the pods of services. */
export async function madeByKserve(asked: Asked[]): Promise<Made[]> {
  const answers: Made[] = JSON.parse(await succeed(KSERVE_MUTATOR.file('kserve-mutator'), [KSERVE_CONFIGURATION.folder], { input: JSON.stringify(asked) }));
  return answers.map(answer => 'pod' in answer ? { pod: withoutStatus(answer.pod) } : answer);
}

/** The pod, or an error that says why there is none. */
export function podOf(made: Made): KubernetesObject {
  if ('error' in made) throw new Error(`KServe makes no pod: ${made.error}`);
  return made.pod;
}

function withoutStatus({ status, ...pod }: KubernetesObject): KubernetesObject {
  return pod as KubernetesObject;
}
