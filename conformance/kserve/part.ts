import * as fs from 'node:fs';
import * as path from 'node:path';
import { ControlPlane } from '../cluster/control-plane';
import { runApp, written } from '../examples';
import { Part, Run } from '../part';
import { Asked, Made, madeByKserve, podOf } from './mutated';
import { checkOurs, Shape, shapeOf } from './shapes';
import { checkUsers } from './users';
import { ApiServer } from '../static/api-server';
import { documents, KubernetesObject } from '../static/manifest';
import { KSERVE_CONFIGURATION, KSERVE_MUTATOR, KUBERNETES, MINOR } from '../tools/catalogue';

/** What a service is expected to become, and what Pod Security `restricted` refuses of it: names of containers. */
interface Expected {
  readonly shape: Shape;
  readonly refused?: string[];
}

const MODELCAR = ['modelcar', 'modelcar-init'];

/** Of the services in `services/stack.ts`, by their names. */
const SERVICES: Record<string, Expected> = {
  'kserve-oci': { shape: 'modelcar', refused: MODELCAR },
  'kserve-oci-user': { shape: 'modelcar', refused: MODELCAR },
  'kserve-native': { shape: 'image volume with subPath' },
  'kserve-s3': { shape: 'initializer', refused: ['storage-initializer'] },
  'kserve-claim': { shape: 'claim' },
  'kserve-two': { shape: 'modelcar', refused: MODELCAR },
  'ours-s3': { shape: 'ours' },
  'ours-copy': { shape: 'ours' },
  'ours-image': { shape: 'ours' },
  'ours-modelcar': { shape: 'ours' },
  'ours-root': { shape: 'ours', refused: ['kserve-container'] },
  'auto-native': { shape: 'image volume with subPath' },
  'auto-restricted': { shape: 'ours' },
  'auto-old-restricted': { shape: 'ours' },
  'auto-old-baseline': { shape: 'modelcar', refused: MODELCAR },
  'auto-two': { shape: 'ours' },
};

/** What KServe makes of our services: its own controller and webhook, then the API server under `restricted`. */
export const KSERVE: Part = {
  name: 'kserve',
  tools: [KUBERNETES, KSERVE_MUTATOR, KSERVE_CONFIGURATION],
  async run(run) {
    const services = await synthesisedServices(run);
    const [made, { plane, server }] = await Promise.all([madeByKserve(services.map(service => ({ service }))), boot(run)]);
    const kserve = KSERVE_MUTATOR.title;
    const shapes = run.checks(kserve, 'the model comes to a pod as the rule and the docs say of that version');
    const ours = run.checks(kserve, 'parts of ours go from a predictor into its pod, and nothing beside them');
    const admitted = run.checks(server.title, 'pods of KServe under `restricted`: those of oci://, of stock s3:// and of root are refused, all others admitted');
    const users = run.checks(kserve, 'no container must be other than root and is root, or of an image that is');
    for (const [index, service] of services.entries()) {
      const { name } = service.metadata;
      await shapes.check(name, () => expectShape(made[index], SERVICES[name]));
      if (SERVICES[name]?.shape === 'ours') await ours.check(name, () => checkOurs(podOf(made[index]), service));
      await users.check(name, () => checkUsers(podOf(made[index]), image => image.startsWith('registry.example/')));
      await admitted.check(name, () => judge(server, podOf(made[index]), SERVICES[name]?.refused));
    }
    await shapes.check('every expected service is there', () => {
      const missing = Object.keys(SERVICES).filter(name => !services.some(({ metadata }) => metadata.name === name));
      if (missing.length > 0) throw new Error(`${missing.join(', ')} not synthesised`);
    });
    const named = (name: string) => services.find(({ metadata }) => metadata.name === name)!;
    await checkVersion(run, named('kserve-oci'));
    await checkNeeded(run, named('ours-s3'));
    await plane.stop();
  },
};

async function synthesisedServices({ folder }: Run): Promise<KubernetesObject[]> {
  const own = path.join(folder, 'services');
  fs.mkdirSync(own);
  await runApp(path.join(__dirname, 'services', 'app.ts'), own);
  return Object.values(written('services', own).manifests).flatMap(documents).map(({ object }) => object).filter(({ kind }) => kind === 'InferenceService');
}

async function boot({ processes, folder }: Run): Promise<{ plane: ControlPlane; server: ApiServer }> {
  const plane = await ControlPlane.start(processes, path.join(folder, 'kubernetes'));
  await plane.namespaces(['models'], { 'pod-security.kubernetes.io/enforce': 'restricted' });
  return { plane, server: new ApiServer(plane, `kube-apiserver ${KUBERNETES.version}`, MINOR) };
}

function expectShape(made: Made, expected: Expected | undefined) {
  const shape = shapeOf(podOf(made));
  if (shape !== expected?.shape) throw new Error(`its model comes by ${shape}, and ${expected?.shape ?? 'nothing'} was expected`);
}

/** Admitted, or refused for each of these containers and for no other. */
async function judge(server: ApiServer, pod: KubernetesObject, refused: string[] = []): Promise<void> {
  const reason = await server.admit(pod).then(() => '', error => (error as Error).message);
  const names = [...new Set([...reason.matchAll(/"([\w-]+)"/g)].map(([, name]) => name))].filter(name => [...pod.spec.containers, ...pod.spec.initContainers ?? []].some((each: any) => each.name === name));
  if (refused.length === 0 ? reason !== '' : !reason.includes('PodSecurity') || !refused.every(name => names.includes(name)) || names.some(name => !refused.includes(name) && !/^modelcar/.test(name))) {
    throw new Error(`the server ${reason === '' ? 'admits it' : `refuses it: ${reason}`}, and should refuse ${refused.join(', ') || 'nothing'}`);
  }
}

/** What the library refuses, or says of this version, is what the version does. */
async function checkVersion({ checks }: Run, service: KubernetesObject): Promise<void> {
  const image = service.spec.predictor.model.storageUri.replace(/^oci:\/\//, '');
  const asked: Array<{ name: string; asked: Asked; shape?: Shape; error?: RegExp }> = [
    { name: 'oci+modelcar:// is refused', asked: { service: withUri(service, `oci+modelcar://${image}`) }, error: /not supported/ },
    { name: 'any other way to bring images is refused', asked: { service: withUri(service, `oci+zstd://${image}`) }, error: /not supported/ },
    { name: 'a scheme of nobody is refused', asked: { service: withUri(service, 'docker://registry.example/iris') }, error: /not supported/ },
    { name: 'oci+fetch:// is refused', asked: { service: withUri(service, `oci+fetch://${image}`) }, error: /not supported/ },
    { name: 'ociModelMode fetch adds a modelcar', asked: { service, ociModelMode: 'fetch' }, shape: 'modelcar' },
    { name: 'ociModelMode native makes oci:// an image volume', asked: { service, ociModelMode: 'native' }, shape: 'image volume with subPath' },
    { name: 'oci+native:// does not depend on ociModelMode', asked: { service: withUri(service, `oci+native://${image}`), ociModelMode: 'modelcar' }, shape: 'image volume with subPath' },
    { name: 'two modelcars in one folder are refused', asked: { service: withUris(service, [['/mnt/base', `oci://${image}`], ['/mnt/lora', `oci://${image}`]]) }, error: /./ },
    { name: 'paths without a folder in common are refused', asked: { service: withUris(service, [['/mnt/base/models', `oci://${image}`], ['/opt/lora/models', `oci://${image}`]]) }, error: /common parent/ },
    { name: 'PYTHONPATH is refused', asked: { service: withModel(service, { env: [{ name: 'PYTHONPATH', value: '/x' }] }) }, error: /PYTHONPATH/ },
  ];
  const row = checks(KSERVE_MUTATOR.title, 'what the library refuses for that version, the version refuses, or does something else');
  const answers = await madeByKserve(asked.map(each => each.asked));
  for (const [index, { name, shape, error }] of asked.entries()) {
    await row.check(name, () => {
      const made = answers[index];
      if (error === undefined) return expectShape(made, { shape: shape! });
      if (!('error' in made)) throw new Error(`KServe makes a pod of it, by ${shapeOf(made.pod)}`);
      if (!error.test(made.error)) throw new Error(`KServe refuses it for another reason: ${made.error}`);
    });
  }
  await row.check('a folder of a claim among storageUris is ignored', async () => {
    const [made] = await madeByKserve([{ service: withUris(service, [['/mnt/models', 'pvc://models/iris']]) }]);
    const mount = podOf(made).spec.containers[0].volumeMounts.find(({ mountPath }: any) => mountPath === '/mnt/models');
    if (mount === undefined || mount.subPath) throw new Error(`it is mounted by ${JSON.stringify(mount)}`);
  });
}

/** What is done so that KServe adds nothing is needed: without it, it does. */
async function checkNeeded({ checks }: Run, ours: KubernetesObject): Promise<void> {
  const { predictor } = ours.spec;
  const renamed = { ...predictor, initContainers: predictor.initContainers.map((each: any) => ({ ...each, name: 'download' })) };
  const services = [withUri(ours, undefined), { ...ours, spec: { predictor: renamed } }];
  const [silent, other] = (await madeByKserve(services.map(service => ({ service })))).map(podOf);
  const row = checks(KSERVE_MUTATOR.title, 'what keeps KServe from adding to our parts is needed');
  await row.check('a service without storage is taken for one of many models', () => {
    const at = silent.spec.containers[0].volumeMounts.filter(({ mountPath }: any) => mountPath === '/mnt/models');
    if (at.length !== 2) throw new Error(`it has ${at.length} mounts at /mnt/models: it needs no storageUri any more`);
  });
  await row.check('beside an init container of another name it adds its own', () => {
    const names = other.spec.initContainers.map(({ name }: any) => name);
    if (!names.includes('storage-initializer')) throw new Error(`it has ${names.join(', ')}: ours needs no name of KServe's any more`);
  });
}

function withModel(service: KubernetesObject, change: object): KubernetesObject {
  const { predictor } = service.spec;
  return { ...service, spec: { predictor: { ...predictor, model: { ...predictor.model, ...change } } } };
}

function withUri(service: KubernetesObject, storageUri: string | undefined): KubernetesObject {
  return withModel(service, { storageUri });
}

function withUris(service: KubernetesObject, uris: Array<[mountPath: string, uri: string]>): KubernetesObject {
  const { spec: { predictor } } = withModel(service, { storageUri: undefined });
  return { ...service, spec: { predictor: { ...predictor, storageUris: uris.map(([mountPath, uri]) => ({ mountPath, uri })) } } };
}
