import { KubernetesObject } from './manifest';
import { fieldsOf } from './schema';
import { ControlPlane } from '../cluster/control-plane';

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Which version of Kubernetes an API server is, and what it makes of objects, none of which it keeps. */
export class ApiServer {
  private readonly resources = new Map<string, Promise<Resource[]>>();

  /** @param minor whose feature gates it has */
  constructor(private readonly plane: ControlPlane, readonly title: string, readonly minor: string) {}

  /**
   * What it would store. Throws with the reason if it refuses, and with the warning if it only warns.
   * @param text which it is sent. @default - the object's JSON
   */
  async admit(object: KubernetesObject, text?: string): Promise<KubernetesObject> {
    const url = `${await this.collection(object)}/${object.metadata.name}?dryRun=All&fieldValidation=Strict&force=true&fieldManager=conformance`;
    const { status, body, warnings } = await this.plane.request('PATCH', url, text ?? JSON.stringify(object), 'application/apply-patch+yaml');
    if (status >= 300) throw new Error(body.message ?? `the server answers with status ${status}: ${body}`);
    if (warnings.length > 0) throw new Error(`the server warns: ${warnings.join('; ')}`);
    return body;
  }

  /** Names of all fields that objects of the kinds have which an admission policy matches. */
  async policyFields({ spec }: KubernetesObject): Promise<Set<string>> {
    const rules: Array<{ apiGroups: string[]; apiVersions: string[]; resources: string[] }> = spec.matchConstraints?.resourceRules ?? [];
    const names = await Promise.all(rules.flatMap(rule => rule.apiGroups.flatMap(group => rule.apiVersions.map(async version => {
      const apiVersion = group === '' ? version : `${group}/${version}`;
      const matched = (await this.resourcesOf(apiVersion)).filter(({ name }) => rule.resources.includes(name));
      const { body } = await this.plane.request('GET', `/openapi/v3${groupPath(apiVersion)}`);
      return matched.flatMap(({ kind }) => [...fieldsOf(body, { group, version, kind })]);
    }))));
    return new Set(names.flat());
  }

  private async collection({ apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
    const resource = (await this.resourcesOf(apiVersion)).find(each => each.kind === kind && !each.name.includes('/'));
    if (resource === undefined) throw new Error(`the server knows no kind ${kind} in ${apiVersion}`);
    return [groupPath(apiVersion), ...resource.namespaced ? ['namespaces', metadata.namespace ?? 'default'] : [], resource.name].join('/');
  }

  private resourcesOf(apiVersion: string): Promise<Resource[]> {
    const known = this.resources.get(apiVersion) ?? this.plane.request('GET', groupPath(apiVersion)).then(({ body }) => body.resources ?? []);
    this.resources.set(apiVersion, known);
    return known;
  }
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
