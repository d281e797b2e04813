import { publishSmall } from './small-model';
import { downloaderOf, NAMESPACE, Stage } from './stage';
import { until } from '../../processes';
import { IMAGES } from '../node';
import { PARTS_OF_NODE } from '../titles';

/** How long the S3 server keeps the download waiting, after it was asked for the model. */
const SECONDS = 5;

/** As long as the model is not there, the application does not start. */
export async function heldDownload(stage: Stage): Promise<void> {
  const server = { name: 'held', image: IMAGES.application };
  const version = await publishSmall(stage, 'held', '1');
  await stage.associate({ namespace: NAMESPACE, serviceAccount: server.name });
  const [{ front }, path] = [stage.node.surroundings, `/${NAMESPACE}/held/1/`]; // the examples' downloads, which run meanwhile, do not wait
  await stage.run.checks(PARTS_OF_NODE, 'the application does not start before its model is verified').check('held', async () => {
    front.hold(path);
    try {
      await stage.apply([server], version);
      await until(() => front.asked.some(request => request.includes(path)), 60);
      await new Promise(resolve => setTimeout(resolve, SECONDS * 1000));
      const pod = (await stage.pod(server, version))!;
      const { state } = pod.status.containerStatuses[0];
      if (downloaderOf(pod).state.running === undefined) throw new Error(`the download does not wait: ${JSON.stringify(downloaderOf(pod).state)}`);
      if (state.waiting?.reason !== 'PodInitializing') throw new Error(`the application is ${JSON.stringify(state)}`);
    } finally {
      front.release();
    }
    await stage.ready(server, version);
  });
  await stage.remove(server);
}
