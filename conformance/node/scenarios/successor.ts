import { publishSmall } from './small-model';
import { NAMESPACE, Stage } from './stage';
import { IMAGES } from '../node';
import { PARTS_OF_NODE } from '../titles';

/** A pod that is deleted has a successor, which downloads anew. */
export async function successor(stage: Stage): Promise<void> {
  const server = { name: 'successor', image: IMAGES.application };
  const version = await publishSmall(stage, 'successor', '1');
  await stage.associate({ namespace: NAMESPACE, serviceAccount: server.name });
  await stage.run.checks(PARTS_OF_NODE, "a deleted pod's successor gets Ready").check('successor', async () => {
    await stage.apply([server], version);
    const { metadata } = await stage.ready(server, version);
    await stage.node.plane.kubectlOk(['delete', 'pod', metadata.name, '-n', NAMESPACE, '--grace-period=1']);
    const next = await stage.ready(server, version);
    if (next.metadata.uid === metadata.uid) throw new Error(`${metadata.name} is still there`);
  });
  await stage.remove(server);
}
