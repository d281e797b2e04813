import { publishSmall } from './small-model';
import { Stage } from './stage';
import { until } from '../../processes';
import { IMAGES } from '../node';
import { PARTS_OF_NODE } from '../titles';

const [NAMESPACE, SERVER] = ['pruned', { name: 'server', image: IMAGES.application }];

/**
 * New manifests were applied, and what they no longer name was pruned: a pod of the revision of before that is deleted then, as by a drain in the midst of
 * a rollout, has a successor of its own revision, which must not miss anything.
 */
export async function previousRevision(stage: Stage): Promise<void> {
  const { plane } = stage.node;
  await plane.namespaces([NAMESPACE], { 'pod-security.kubernetes.io/enforce': 'restricted' });
  await stage.associate({ namespace: NAMESPACE, serviceAccount: SERVER.name });
  const [old, next] = [await publishSmall(stage, 'model', '1', NAMESPACE), await publishSmall(stage, 'model', '2', NAMESPACE)];
  await stage.run.checks(PARTS_OF_NODE, 'a pod of the previous revision starts after new manifests were applied with pruning').check('previous revision', async () => {
    await plane.kubectlOk(['apply', '-f', '-'], JSON.stringify(NO_LONGER_NAMED));
    await stage.apply([SERVER], old);
    const { metadata } = await stage.ready(SERVER, old);
    await plane.kubectlOk(['rollout', 'pause', `deployment/${SERVER.name}`, '-n', NAMESPACE]); // the pods of before stay
    await stage.apply([SERVER], next, PRUNING);
    await until(async () => (await plane.request('GET', `/api/v1/namespaces/${NAMESPACE}/configmaps/no-longer-named`)).status === 404, 30); // it did prune
    await plane.kubectlOk(['delete', 'pod', metadata.name, '-n', NAMESPACE, '--grace-period=1']);
    const successor = await stage.ready(SERVER, old);
    if (successor.metadata.uid === metadata.uid) throw new Error(`${metadata.name} is still there`);
    await plane.kubectlOk(['rollout', 'resume', `deployment/${SERVER.name}`, '-n', NAMESPACE]);
    await stage.ready(SERVER, next);
  });
  await stage.remove(SERVER, NAMESPACE);
}

/** Shows that there was pruning. */
const NO_LONGER_NAMED = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'no-longer-named', namespace: NAMESPACE } };

const PRUNING = [
  '--prune', '--all', `--namespace=${NAMESPACE}`,
  ...['core/v1/ConfigMap', 'core/v1/Secret', 'core/v1/Service', 'core/v1/ServiceAccount', 'apps/v1/Deployment'].map(kind => `--prune-allowlist=${kind}`),
];
