import { ControlPlane } from '../cluster/control-plane';
import { Part, Run } from '../part';
import { ApiServer } from './api-server';
import { applyCrds, PUBLISHED_CRDS } from './crds';
import { Delivered, deliverAll, isFor } from './delivered';
import { PASS } from './gates';
import { KubernetesObject, titleOf } from './manifest';
import { plantDefects } from './planting';
import { containersOf, podsOf, restricted } from './pods';
import { KUBERNETES, MINOR, OLDER_MINOR } from '../tools/catalogue';

/** What API servers make of every manifest, and of what is wrong in one. */
export const STATIC: Part = {
  name: 'static',
  tools: [KUBERNETES, ...PUBLISHED_CRDS],
  async run(run) {
    const [delivered, ...booted] = await together([deliverAll(), boot(run, MINOR), boot(run, OLDER_MINOR)]);
    const namespaces = new Set(delivered.flatMap(({ documents }) => documents.map(({ object }) => object.metadata.namespace ?? 'default')));
    for (const { plane, server } of booted) {
      // Without warnings at workloads, whose pods are judged.
      await plane.namespaces([...namespaces], { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'privileged' });
      for (const each of delivered) await checkAll(run, server, each);
    }
    await plantDefects(run, booted.map(({ server }) => server), delivered);
    await Promise.all(booted.map(({ plane }) => plane.stop()));
  },
};

/** As `Promise.all`, but no work goes on when it fails: what would be started and written then, nobody ends and removes. */
async function together<T extends unknown[]>(works: { [I in keyof T]: Promise<T[I]> }): Promise<T> {
  await Promise.allSettled(works);
  return Promise.all(works) as Promise<T>;
}

async function boot({ processes, folder }: Run, minor: string): Promise<{ plane: ControlPlane; server: ApiServer }> {
  const emulatedVersion = minor === MINOR ? undefined : minor;
  const plane = await ControlPlane.start(processes, `${folder}/kubernetes-${minor}`, { emulatedVersion });
  await applyCrds(plane);
  return { plane, server: new ApiServer(plane, `kube-apiserver ${KUBERNETES.version}${emulatedVersion === undefined ? '' : ` as ${minor}`}`, minor) };
}

async function checkAll({ checks }: Run, server: ApiServer, delivered: Delivered): Promise<void> {
  const { example, documents } = delivered;
  const admitted = checks(server.title, 'manifests: admitted by strict validation, come back as they were sent');
  if (!isFor(delivered, server)) return admitted.skip(example.name, `it is for Kubernetes ${example.since} and later`);
  const objects = documents.map(({ object }) => object);
  for (const { object, text } of documents) {
    const name = `${example.name}: ${titleOf(object)}`;
    const candidate = { server, object, text, objects };
    await admitted.check(name, () => PASS['round trip'](candidate));
    await checks('own rules', 'manifests: nothing that servers let through and nobody means').check(name, () => PASS.rule(candidate));
    for (const pod of podsOf(object)) {
      const judge = (each: KubernetesObject) => PASS['round trip']({ server, object: each, objects: [each] });
      if (example.unrestricted === undefined) await checks(server.title, 'pods of their templates: admitted under `restricted`').check(name, () => judge(pod));
      else await checks(server.title, 'pods of users\' own templates: `restricted` refuses their containers alone').check(name, () => judgeUsersOwn(judge, pod, example.unrestricted!));
    }
  }
}

/** A pod of a template that is the user's own: only its own containers are refused, and the pod is not once these are mended. */
async function judgeUsersOwn(judge: (pod: KubernetesObject) => Promise<void>, pod: KubernetesObject, unrestricted: string[]): Promise<void> {
  const reason = await judge(pod).then(() => 'nothing', error => (error as Error).message);
  const refused = containersOf(pod).map(({ name }) => name).filter(name => reason.includes(`"${name}"`));
  if (!reason.includes('PodSecurity') || refused.some(name => !unrestricted.includes(name))) throw new Error(`it refuses ${reason}, and should refuse ${unrestricted.join(', ')} alone`);
  await judge(restricted(pod, unrestricted));
}
