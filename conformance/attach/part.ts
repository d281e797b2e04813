import * as fs from 'node:fs';
import * as path from 'node:path';
import { differences, isObject, labelOf } from './differences';
import { builtByKubectl, readByKubectl } from './kubectl';
import { checkAgainstRecord, recordsIn } from './record';
import { readManifest, WORKLOADS } from '../../test/workload/existing-workloads';
import { Example, EXAMPLE_LIST, ROOT, runApp, synthesised } from '../examples';
import { Part, Run } from '../part';
import { KubernetesObject } from '../static/manifest';
import { KUBERNETES } from '../tools/catalogue';

/** Manifests of an example that get a model. */
const originalsOf = ({ name }: Pick<Example, 'name'>) => path.join(ROOT, 'examples', name, 'deploy');

const BY = `kubectl ${KUBERNETES.version}`;

/** The real kubectl reads manifests before and after a model was attached: they differ in what the delivery added, and in nothing else. */
export const ATTACH: Part = {
  name: 'attach',
  tools: [KUBERNETES],
  async run(run) {
    const { folder, checks } = run;
    const deploy = path.join(folder, 'deploy');
    fs.mkdirSync(deploy);
    for (const name of Object.keys(WORKLOADS)) fs.writeFileSync(path.join(deploy, name), readManifest(name));
    await runApp(path.join(ROOT, 'conformance', 'attach', 'app.ts'), folder);

    const attached = checks(BY, 'reads manifests with an attached model: they differ in what the delivery added');
    for (const name of Object.keys(WORKLOADS)) await attached.check(name, () => checkFiles(deploy, path.join(folder, 'manifests'), [name], folder));
    const examples = EXAMPLE_LIST.filter(example => fs.existsSync(originalsOf(example)));
    if (examples.length === 0) throw new Error('no example has a folder deploy: nothing would be attached to');
    for (const example of examples) {
      await attached.check(`example ${example.name}`, async () => {
        const delivered = await synthesised(example);
        const originals = originalsOf(example);
        await checkFiles(originals, path.join(delivered.folder, 'manifests'), fs.readdirSync(originals), folder);
      });
    }
    await checkComponents(run);
  },
};

/** Compares the objects of files one by one, of which one at least has a model. */
async function checkFiles(originals: string, outputs: string, names: string[], home: string): Promise<void> {
  let models = 0;
  for (const name of names) {
    const [before, after] = [await readByKubectl(path.join(originals, name), home), await readByKubectl(path.join(outputs, name), home)];
    if (before.length !== after.length) throw new Error(`${name}: ${before.length} objects became ${after.length}`);
    after.forEach((object, index) => checkAgainstRecord(object, differences(before[index], object)));
    models += after.flatMap(object => recordsIn(object)).length;
  }
  if (models === 0) throw new Error('no object has a model: nothing was compared');
}

/** What a component makes of a workload is what attaching makes of it, but for what docs/existing-manifests.md lists. */
async function checkComponents({ folder, checks }: Run): Promise<void> {
  const row = checks(BY, 'builds our Kustomize components: as attached, but for what the documentation lists');
  for (const [file, workloads] of Object.entries(WORKLOADS)) {
    const { name } = path.parse(file);
    if (!fs.existsSync(path.join(folder, 'manifests', name, 'kustomization.yaml'))) continue;
    await row.check(file, async () => {
      const overlay = path.join(folder, 'overlays', name);
      fs.mkdirSync(overlay, { recursive: true });
      // As kubectl reads them: Kustomize has another dialect of YAML, in which 'yes' is a text.
      const items = await readByKubectl(path.join(folder, 'deploy', file), folder);
      fs.writeFileSync(path.join(overlay, 'base.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
      fs.writeFileSync(path.join(overlay, 'kustomization.yaml'), JSON.stringify({ resources: ['base.json'], components: [`../../manifests/${name}`] }));
      const [built, attached] = [await builtByKubectl(overlay, folder), await readByKubectl(path.join(folder, 'manifests', file), folder)];
      for (const [kind, workload, container] of workloads) {
        const [ours, theirs] = [attached, built].map(objects => comparable(find(objects, kind, workload), container));
        const found = differences(ours, theirs);
        if (found.length > 0) throw new Error(`as attached, and as kubectl builds it: ${found.map(each => JSON.stringify(each).slice(0, 300)).join('; ')}`);
      }
    });
  }
}

function find(objects: KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.filter(object => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) throw new Error(`there are ${found.length} objects ${kind} ${name}`);
  return found[0];
}

/** Without what differs by intent: the record, what the download and the reader ask for, the deadline, and the order of lists that are told apart by name. */
function comparable(object: KubernetesObject, container: string): KubernetesObject {
  const strip = (value: any, key = ''): any => {
    if (Array.isArray(value)) {
      const items = value.map(item => strip(item, key));
      return ['initContainers', 'containers', 'volumes', 'volumeMounts'].includes(key) ? items.sort((a, b) => labelOf(a) < labelOf(b) ? -1 : 1) : items;
    }
    if (!isObject(value)) return value;
    const entries = Object.entries(value).filter(([each]) => !['cdk-eks-model-artifacts/attached', 'progressDeadlineSeconds'].includes(each))
      .filter(([each]) => !(each === 'resources' && ([container, 'download-llama'] as unknown[]).includes(value.name)))
      .map(([each, content]) => [each, strip(content, each)] as const)
      .filter(([, content]) => !isEmpty(content));
    return Object.fromEntries(entries);
  };
  return strip(object);
}

function isEmpty(value: unknown): boolean {
  return value === null || typeof value === 'object' && Object.keys(value as object).length === 0;
}
