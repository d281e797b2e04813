import { KubernetesObject } from './manifest';

/** A pod of every pod template in an object, whatever the kind: Deployment, CronJob, LeaderWorkerSet, and kinds that nobody has heard of yet. */
export function podsOf(object: KubernetesObject): KubernetesObject[] {
  return object.kind === 'Pod' ? [object] : templates(object).map(({ path, template }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: [object.metadata.name, ...path].join('-').toLowerCase().slice(0, 63), namespace: object.metadata.namespace },
    spec: withClaims(template.spec, object),
  }));
}

interface Template {
  readonly metadata?: object;
  readonly spec: { readonly volumes?: object[] };
}

function templates(node: unknown, path: string[] = []): Array<{ path: string[]; template: Template }> {
  if (typeof node !== 'object' || node === null) return [];
  const inner = Object.entries(node).flatMap(([key, value]) => templates(value, [...path, key].filter(name => name !== 'spec')));
  return Array.isArray((node as any).spec?.containers) ? [{ path, template: node as Template }, ...inner] : inner;
}

/** With the volumes of the claims that a StatefulSet makes for each pod. */
function withClaims(spec: Template['spec'], { spec: { volumeClaimTemplates = [] } }: KubernetesObject): object {
  const volumes = volumeClaimTemplates.map(({ metadata: { name } }: KubernetesObject) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return volumes.length === 0 ? spec : { ...spec, volumes: [...spec.volumes ?? [], ...volumes] };
}

/** All containers of a pod. */
export function containersOf(pod: KubernetesObject): any[] {
  return [...pod.spec.initContainers ?? [], ...pod.spec.containers];
}

/** A pod whose containers of these names say all that Pod Security `restricted` asks for. */
export function restricted(pod: KubernetesObject, names: string[]): KubernetesObject {
  const copy = structuredClone(pod);
  for (const container of containersOf(copy).filter(({ name }) => names.includes(name))) {
    container.securityContext = {
      ...container.securityContext,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    };
  }
  return copy;
}
