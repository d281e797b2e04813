import { Run } from '../part';
import { ApiServer } from './api-server';
import { Defect, DEFECTS } from './defects';
import { Delivered, isFor } from './delivered';
import { Candidate, refusal } from './gates';
import { Document, titleOf } from './manifest';

/** Plants each defect in a good object, which passes all gates without it. */
export async function plantDefects({ checks }: Run, servers: ApiServer[], delivered: Delivered[]): Promise<void> {
  for (const defect of DEFECTS) {
    const server = servers.find(({ minor }) => minor === defect.minor) ?? servers[0];
    await checks(server.title, `planted defects: refused by the ${defect.refusedBy}, accepted without`).check(defect.name, () => plant(defect, server, servers[0], delivered));
  }
}

async function plant(defect: Defect, server: ApiServer, current: ApiServer, delivered: Delivered[]): Promise<void> {
  const [kind, name] = defect.in.split(' ');
  const matches = ({ object }: Document) => object.kind === kind && (name === undefined || object.metadata.name === name);
  const source = delivered.find(({ documents }) => documents.some(matches));
  if (source === undefined) throw new Error(`there is no ${defect.in} to plant it in: say another one in the defect`);
  const good = source.documents.find(matches)!.object;
  const bad = structuredClone(good);
  defect.edit(bad);

  const objects = source.documents.map(({ object }) => object);
  const { unrestricted } = source.example;
  const text = defect.rewrite?.(JSON.stringify(bad));
  const others = objects.filter(each => titleOf(each) !== titleOf(bad));
  await refusedAsPlanned(defect, { unrestricted, server, object: bad, text, objects: [...others, bad] });
  const twin = await refusal({ unrestricted, server: isFor(source, server) ? server : current, object: good, objects });
  if (twin) throw new Error(`the ${twin.gate} refuses the object without it too: ${twin.reason}`);
}

async function refusedAsPlanned({ refusedBy, reason }: Defect, candidate: Candidate): Promise<void> {
  const refused = await refusal(candidate);
  if (refused === undefined) throw new Error('nobody refuses it');
  const asPlanned = refused.gate === refusedBy && reason.test(refused.reason);
  if (!asPlanned) throw new Error(`the ${refused.gate} refuses it, for another reason: ${refused.reason}`);
}
