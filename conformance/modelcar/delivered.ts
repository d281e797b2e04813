import { Site } from './site';
import { ModelcarOrdering, ModelDelivery, PodParts } from '../../lib/delivery';
import { mergePodParts } from '../../lib/delivery/pod-template';
import { ModelImage } from '../../lib/oci';

/** Where the library has the link: in the modelcar, and in the application. */
const [LINKED, MOUNTED] = ['/model-link', '/mnt/llama'];

/** What the application is of these pods: it fails where its model is not. */
const APPLICATION = { name: 'application', image: 'application', command: ['/bin/sh', '-c', 'exec cat "$0/config.json"', `${MOUNTED}/models`] };

export interface How {
  /** Version of Kubernetes. @default '1.34' */
  readonly version?: string;
  readonly ordering?: ModelcarOrdering;
  readonly user?: number;
  readonly group?: number;
}

/** The spec of a pod with a modelcar, as the library makes it, with its volume at a path that no other pod has. */
export function podWithModelcar(site: Site, { version = '1.34', ordering, user = 1000, group = 1000 }: How = {}): any {
  const image = ModelImage.of(`registry.example/models/llama@${site.model.digest}`);
  const delivered = ModelDelivery.modelcar({ image, facts: { kubernetesVersion: version }, ordering }).deliver(site.model);
  const spec = { securityContext: { runAsUser: user, runAsGroup: group }, containers: [{ ...APPLICATION, securityContext: { runAsUser: user, runAsGroup: group, capabilities: { drop: ['ALL'] } } }] };
  const parts: PodParts = delivered.delivery.strategy.bind([delivered], { containers: [APPLICATION.name], spec });
  const merged = mergePodParts({ spec }, parts, [APPLICATION.name]).spec;
  const volume = site.volume();
  return JSON.parse(JSON.stringify(merged), (_, value) => typeof value === 'string' ? movedTo(volume, value) : value);
}

/** Only whole paths: programs know none. */
function movedTo(volume: string, text: string): string {
  const from = [LINKED, MOUNTED].find(folder => text === folder || text.startsWith(`${folder}/`));
  return from === undefined ? text : volume + text.slice(from.length);
}

/** Its containers by what their names begin with. */
export function find(spec: any, verb: string): any {
  const found = [...spec.initContainers ?? [], ...spec.containers].find(({ name }: any) => name.startsWith(verb));
  if (!found) throw new Error(`the pod has no container ${verb}`);
  return found;
}

export const commandOf = ({ command, args = [] }: any): string[] => [...command, ...args];
