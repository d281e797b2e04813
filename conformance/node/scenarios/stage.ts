import * as fs from 'node:fs';
import * as path from 'node:path';
import { ROOT, runApp, written } from '../../examples';
import { Run } from '../../part';
import { until } from '../../processes';
import { KubernetesObject } from '../../static/manifest';
import { Delivered } from '../delivered';
import type { FixtureServer } from '../fixture-app/stack';
import { Node } from '../node';
import { explain, isReady, podsIn } from '../pods';
import { PublishedModels } from '../published-models';
import { Subject } from '../surroundings/sessions';

/** The bucket of the fixture. */
export const BUCKET = 'fixture-models';

/** Whose pods run, under the rules of Pod Security. */
export const NAMESPACE = 'fixture';

/** A version that a server of the fixture may serve. */
export type FixtureVersion = Pick<FixtureServer, 'namespace' | 'model' | 'version' | 'digest' | 'bytes'>;

/** What a scenario works with: a node, and the fixture's app, whose charts it brings there. */
export class Stage {
  private runs = 0;

  /** @param folder for what is made on the way */
  constructor(readonly node: Node, readonly models: PublishedModels, readonly folder: string, readonly run: Pick<Run, 'checks' | 'say'>) {}

  /** Publishes what is in a folder by the package's own command. */
  async publish(folder: string, model: string, version: string, namespace = NAMESPACE): Promise<FixtureVersion> {
    fs.mkdirSync(path.join(this.node.surroundings.gateway.data, BUCKET), { recursive: true });
    const printed = await this.models.command(['publish', folder, `s3://${BUCKET}`, `--tenant=${namespace}`, `--name=${model}`, `--version=${version}`, '--json']);
    const { digest, totalBytes } = printed.trim().split('\n').map(line => JSON.parse(line)).find(({ event }) => event === 'result');
    return { namespace, model, version, digest, bytes: totalBytes };
  }

  /** The file of the S3 server that holds an object of a version. */
  objectFile({ namespace, model, version }: FixtureVersion, name: string): string {
    return path.join(this.node.surroundings.gateway.data, BUCKET, 'models', namespace, model, version, name);
  }

  /**
   * Applies what the fixture's app makes of servers of one version.
   * @param flags more of them, for kubectl
   */
  async apply(servers: Array<Pick<FixtureServer, 'name' | 'image' | 'delivery' | 'modelImage'>>, version: FixtureVersion, flags: string[] = []): Promise<void> {
    const folder = path.join(this.folder, `run-${this.runs++}`);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'fixture.json'), JSON.stringify({ bucketName: BUCKET, servers: servers.map(server => ({ ...server, ...version })) }));
    await runApp(path.join(ROOT, 'conformance', 'node', 'fixture-app', 'app.ts'), folder);
    const delivered = new Delivered(written('fixture', folder));
    for (const [image, reference] of delivered.images().filter(([, each]) => !each.startsWith('localhost/'))) await this.node.containerd.tag(image, reference);
    await this.node.plane.kubectlOk(['apply', '--validate=strict', '-f', path.join(folder, 'manifests'), ...flags]);
  }

  /** Gives the service account of a server its role, as the template would. */
  async associate(subject: Subject): Promise<void> {
    this.node.surroundings.agent.associate(subject);
    await this.node.webhook.associate([subject]);
  }

  /** The pod of a server that downloads this version, in whatever state it is. */
  async pod({ name }: Pick<FixtureServer, 'name'>, { namespace, digest }: FixtureVersion): Promise<KubernetesObject | undefined> {
    const pods = await podsIn(this.node.plane, [namespace]);
    return pods.find(pod => pod.spec.serviceAccountName === name && pod.spec.initContainers[0].args.includes(`--digest=${digest}`));
  }

  /** Waits for the pod of a server to be as `wanted`; tells why it is not. */
  async until(server: Pick<FixtureServer, 'name'>, version: FixtureVersion, wanted: (pod: KubernetesObject) => boolean, seconds = 120): Promise<KubernetesObject> {
    let found: KubernetesObject | undefined;
    try {
      await until(async () => {
        found = await this.pod(server, version);
        return found !== undefined && wanted(found);
      }, seconds);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await explain(this.node.plane, [version.namespace])}`);
    }
    return found!;
  }

  /** Waits for the pod of a server to serve. */
  ready(server: Pick<FixtureServer, 'name'>, version: FixtureVersion): Promise<KubernetesObject> {
    return this.until(server, version, isReady);
  }

  /** Takes a server away, with its pods. */
  async remove({ name }: Pick<FixtureServer, 'name'>, namespace = NAMESPACE): Promise<void> {
    await this.node.plane.kubectlOk(['delete', 'deployment,service', name, '-n', namespace, '--wait=false']);
    await this.node.plane.kubectlOk(['delete', 'pods', '-l', `app.kubernetes.io/instance=${name}`, '-n', namespace, '--grace-period=1']);
  }
}

/** The state of the downloader of a pod. */
export function downloaderOf(pod: KubernetesObject): KubernetesObject {
  return pod.status.initContainerStatuses?.[0] ?? { state: {}, lastState: {}, restartCount: 0 };
}

/** What the downloader said when it ended last, if it has. */
export function lastWords(pod: KubernetesObject): { exitCode: number; message: string } | undefined {
  const { state, lastState } = downloaderOf(pod);
  return state.terminated ?? lastState.terminated;
}

/** What tells a pod from another one of the same name. */
export function uidOf({ metadata }: KubernetesObject): string {
  return (metadata as { uid?: string }).uid!;
}
