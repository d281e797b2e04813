import * as fs from 'node:fs';
import { ControlPlane } from '../cluster/control-plane';
import { until } from '../processes';
import { TRIDENT_CRDS } from './trident';
import { KARPENTER_CRDS, KSERVE_CRDS, WORKLOAD_CRDS } from '../tools/catalogue';

/** The real ones, as their projects publish them. */
export const PUBLISHED_CRDS = [KARPENTER_CRDS, KSERVE_CRDS, ...WORKLOAD_CRDS];

/** Teaches a server the kinds that are not Kubernetes' own, and waits until it serves them. */
export async function applyCrds(plane: ControlPlane): Promise<void> {
  const published = PUBLISHED_CRDS.flatMap(tool => fs.readdirSync(tool.folder).map(file => fs.readFileSync(tool.file(file), 'utf8')));
  const crds: any[] = [];
  // One by one: the largest takes a busy machine so long that those beside it would run out of time.
  for (const crd of [...published, ...TRIDENT_CRDS.map(each => JSON.stringify(each))]) crds.push(await create(plane, crd));
  await until(async () => (await Promise.all(crds.map(crd => isServed(plane, crd)))).every(Boolean), 180);
}

async function create(plane: ControlPlane, crd: string): Promise<any> {
  const { status, body } = await plane.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict', crd, 'application/yaml');
  if (status !== 201) throw new Error(`the server refuses a CRD: ${body.message ?? body}`);
  return body;
}

async function isServed(plane: ControlPlane, { spec: { group, names, versions } }: any): Promise<boolean> {
  const version = versions.find((each: any) => each.served).name;
  const { body } = await plane.request('GET', `/apis/${group}/${version}`);
  return body.resources?.some(({ kind }: { kind: string }) => kind === names.kind) ?? false;
}
