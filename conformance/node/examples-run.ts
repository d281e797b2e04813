import * as fs from 'node:fs';
import * as path from 'node:path';
import { BEFORE, OWN_ROLES } from './clusters';
import { Delivered } from './delivered';
import { checkDeclarations, checkOrder, Download, downloadsOf } from './example-pods';
import { Node } from './node';
import { ask, deploymentsIn, explain, isAvailable, isReady, podsIn } from './pods';
import { PublishedModels } from './published-models';
import { PARTS_OF_NODE } from './titles';
import { checkReading, checkWriting } from './withheld';
import { Example, EXAMPLE_LIST, synthesise } from '../examples';
import { Run } from '../part';
import { until } from '../processes';
import { KubernetesObject } from '../static/manifest';
import { POD_IDENTITY_WEBHOOK, S5CMD } from '../tools/catalogue';

/** Seconds for the pods of an example, of which a probe that comes too early takes ten. */
const PATIENCE = 120;

/** What `publish` adds to the files of a model. */
const LAYOUT = ['manifest.sha256', 'model.json'];

/** Brings every example to the node as its reader would, one after the other, and looks at its pods. */
export class ExamplesRun {
  private readonly rows;

  constructor(private readonly node: Node, private readonly models: PublishedModels, private readonly folder: string, private readonly run: Pick<Run, 'checks' | 'say'>) {
    const { checks } = run;
    this.rows = {
      ready: checks(PARTS_OF_NODE, 'the pods of an example get Ready'),
      order: checks(PARTS_OF_NODE, 'the application starts after its download has come to a good end'),
      bytes: checks(S5CMD.title, 'the files in the application container are those that were published'),
      reading: checks(PARTS_OF_NODE, 'the application reads no credentials'),
      ownRole: checks(PARTS_OF_NODE, 'an application that keeps its role does not read the token of the downloader'),
      writing: checks(PARTS_OF_NODE, 'the application writes nothing to the model'),
      webhook: checks(POD_IDENTITY_WEBHOOK.title, 'the webhook leaves what the downloader declares'),
    };
  }

  async all(): Promise<void> {
    for (const { name, pods } of EXAMPLE_LIST) if (typeof pods === 'string') this.rows.ready.skip(name, pods);
    for (const [name, why] of Object.entries(OWN_ROLES)) this.rows.reading.skip(name, why);
    const examples = EXAMPLE_LIST.filter(({ pods }) => typeof pods === 'number');
    let next: Promise<Delivered> = this.prepare(examples[0]);
    for (const [at, example] of examples.entries()) {
      const delivered = next;
      const following = examples[at + 1];
      if (following !== undefined) next = delivered.catch(() => undefined).then(() => this.prepare(following)); // while the pods of this one start
      await this.one(example, delivered);
    }
  }

  /** Everything that may be done while pods of another example run. */
  private async prepare(example: Example): Promise<Delivered> {
    const { containerd, webhook, surroundings } = this.node;
    const delivered = new Delivered(await synthesise(example, this.folder, copy => this.publishLocked(copy)));
    for (const { source } of delivered.templates.flatMap(({ spec }) => downloadsOf(spec))) await this.models.atSource(source);
    for (const [image, reference] of delivered.images()) await containerd.tag(image, reference);
    const associations = [...delivered.associations(), ...BEFORE[example.name]?.associations ?? []];
    for (const association of associations) surroundings.agent.associate(association);
    await webhook.associate(associations);
    return delivered;
  }

  private async one(example: Example, prepared: Promise<Delivered>): Promise<void> {
    const { name, pods, unrestricted } = example;
    const { plane } = this.node;
    await this.rows.ready.check(name, async () => {
      const delivered = await prepared;
      await plane.namespaces(delivered.namespaces, { 'pod-security.kubernetes.io/enforce': unrestricted === undefined ? 'restricted' : 'privileged' });
      for (const object of [...delivered.openDefinitions(), ...BEFORE[name]?.objects ?? []]) await plane.apply(object);
      const started = Date.now();
      await plane.kubectlOk(['apply', '-f', path.join(this.folder, name, 'manifests')]);
      await this.ready(delivered, pods as number);
      this.run.say(`${name}: ${pods} Ready ${((Date.now() - started) / 1000).toFixed(1)} s after its manifests`);
    });
    const delivered = await prepared.catch(() => undefined);
    if (delivered === undefined) return;
    for (const pod of (await podsIn(plane, delivered.namespaces)).filter(isReady)) await this.inspect(example, pod);
    await this.remove(example, delivered);
  }

  /** The versions that a lock file of the example names are published anew, as nobody has the files that it was written for. */
  private async publishLocked(copy: string): Promise<void> {
    const file = path.join(copy, 'models.lock.json');
    if (!fs.existsSync(file)) return;
    const { models } = JSON.parse(fs.readFileSync(file, 'utf8')) as { models: Record<string, { current: string; versions: object }> };
    fs.rmSync(file);
    for (const [model, { current, versions }] of Object.entries(models)) {
      const [tenant, name] = model.split('/');
      const inOrder = [...Object.keys(versions).filter(version => version !== current), current];
      for (const version of inOrder) await this.models.publish('acme-models', { tenant, name, version }, file);
    }
  }

  private async ready({ namespaces }: Delivered, count: number): Promise<void> {
    const { plane } = this.node;
    try {
      await until(async () => {
        const pods = await podsIn(plane, namespaces);
        return pods.length === count && pods.every(isReady) && (await deploymentsIn(plane, namespaces)).every(isAvailable);
      }, PATIENCE);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await explain(plane, namespaces)}`);
    }
  }

  private async inspect({ name }: Example, pod: KubernetesObject): Promise<void> {
    const title = `${name}: ${pod.metadata.name}`;
    await this.rows.order.check(title, () => checkOrder(pod));
    await this.rows.webhook.check(title, async () => checkDeclarations((await this.templateOf(pod)), pod));
    const ownRole = name in OWN_ROLES;
    await (ownRole ? this.rows.ownRole : this.rows.reading).check(title, () => checkReading(pod, ownRole));
    let downloads: Download[] = [];
    await this.rows.bytes.unless(title, () => {
      downloads = downloadsOf(pod.spec);
      if (downloads.length === 0) throw new Error('nothing is downloaded: its bytes were not looked at');
    });
    for (const { source, folder } of downloads) {
      await this.rows.bytes.check(`${title}: ${source}`, async () => {
        const [expected, files] = [await this.models.atSource(source), await ask<Array<{ path: string; sha256: string }>>(pod, `/files?under=${folder}`)];
        const found = Object.fromEntries(files.map(file => [file.path, file.sha256]));
        for (const [file, digest] of Object.entries(expected)) if (found[file] !== digest) throw new Error(`${folder}/${file} has ${found[file] ?? 'no'} bytes, published was ${digest}`);
        const more = Object.keys(found).filter(file => !(file in expected) && !LAYOUT.includes(file));
        if (more.length > 0) throw new Error(`${folder} holds ${more.join(', ')}, which nobody published`);
      });
    }
    await this.rows.writing.check(title, () => checkWriting(pod, downloadsOf(pod.spec)));
  }

  /** The template that a pod was made from, as the API server has it. */
  private async templateOf({ metadata }: KubernetesObject): Promise<KubernetesObject> {
    const { name } = metadata.ownerReferences[0];
    return (await this.node.plane.request('GET', `/apis/apps/v1/namespaces/${metadata.namespace}/replicasets/${name}`)).body.spec.template;
  }

  private async remove({ name }: Example, { namespaces }: Delivered): Promise<void> {
    const { plane } = this.node;
    await plane.kubectlOk(['delete', '--ignore-not-found', '--wait=false', '-f', path.join(this.folder, name, 'manifests')]);
    for (const namespace of namespaces) await plane.kubectlOk(['delete', 'pods', '--all', '--grace-period=1', '-n', namespace]);
  }
}
