import * as fs from 'node:fs';
import { parse } from 'yaml';
import { ControlPlane } from '../cluster/control-plane';
import { until } from '../processes';
import { TRIDENT_CRDS } from './trident';
import { KARPENTER_CRDS, KSERVE_CRDS, WORKLOAD_CRDS } from '../tools/catalogue';

/** The real ones, as their projects publish them. */
export const PUBLISHED_CRDS = [KARPENTER_CRDS, KSERVE_CRDS, ...WORKLOAD_CRDS];

/** Teaches a server the kinds that are not Kubernetes' own, and waits until it serves them. */
export async function applyCrds(plane: ControlPlane): Promise<void> {
  const published = PUBLISHED_CRDS.flatMap(tool => fs.readdirSync(tool.folder).map(file => fs.readFileSync(tool.file(file), 'utf8')));
  const crds = [...published.map(text => ({ text, crd: parse(text) })), ...TRIDENT_CRDS.map(crd => ({ text: JSON.stringify(crd), crd }))];
  await Promise.all(crds.map(async ({ text, crd: { metadata: { name } } }) => {
    const { status, body } = await plane.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict', text, 'application/yaml');
    if (status !== 201) throw new Error(`the server refuses the CRD ${name}: ${body.message ?? body}`);
  }));
  await until(async () => (await Promise.all(crds.map(({ crd }) => served(plane, crd)))).every(Boolean), 60);
}

async function served(plane: ControlPlane, { spec: { group, names, versions } }: any): Promise<boolean> {
  const version = versions.find((each: any) => each.served).name;
  const { body } = await plane.request('GET', `/apis/${group}/${version}`);
  return body.resources?.some(({ kind }: { kind: string }) => kind === names.kind) ?? false;
}
