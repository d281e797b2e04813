import * as fs from 'node:fs';
import * as path from 'node:path';
import { Size } from 'aws-cdk-lib';
import { ModelArtifact } from '../../lib/model';
import { noise, sha256 } from '../bytes';
import { succeed } from '../processes';

/** Where root file systems have the volumes of all pods. */
export const VOLUMES = '/volumes';

/** Root file systems as containers have them: that of the model's image, and that of the application's, which has no model. */
export class Site {
  /** @param folder on a disk, in a mount namespace of its own */
  static async make(folder: string): Promise<Site> {
    const site = new Site(folder);
    fs.mkdirSync(site.volumes, { mode: 0o755 });
    for (const root of [site.image, site.application]) await site.makeRoot(root);
    site.writeModel(path.join(site.image, 'models'));
    return site;
  }

  readonly image: string;
  readonly application: string;
  readonly volumes: string;
  readonly model: ModelArtifact;
  private readonly files: Record<string, Buffer>;
  private count = 0;

  private constructor(folder: string) {
    [this.image, this.application, this.volumes] = ['image', 'application', 'volumes'].map(name => path.join(folder, name));
    const weights = { 'config.json': noise('config', 200), 'model 1.safetensors': noise('weights', 50_000) };
    const total = Object.values(weights).reduce((sum, { length }) => sum + length, 0);
    const all = { ...weights, 'model.json': Buffer.from(JSON.stringify({ name: 'llama', totalBytes: total })) };
    const manifest = Buffer.from(Object.entries(all).map(([name, content]) => `${sha256(content)}  ${name}\n`).join(''));
    this.files = { ...all, 'manifest.sha256': manifest };
    this.model = ModelArtifact.of({ name: 'llama', version: '1', size: Size.bytes(total), digest: `sha256:${sha256(manifest)}` });
  }

  /** An empty volume, its path in root file systems: as an emptyDir, anybody may write to it. */
  volume(): string {
    const name = String(this.count++);
    fs.mkdirSync(path.join(this.volumes, name));
    fs.chmodSync(path.join(this.volumes, name), 0o777);
    return `${VOLUMES}/${name}`;
  }

  /** A path of root file systems, as it is here. */
  outside(volumePath: string): string {
    return path.join(this.volumes, path.relative(VOLUMES, volumePath));
  }

  /** The machine's programs, devices, and the processes of this namespace. */
  private async makeRoot(root: string): Promise<void> {
    for (const name of ['usr', 'dev', 'proc', 'volumes']) fs.mkdirSync(path.join(root, name), { recursive: true });
    const mounts = [['/usr', 'usr'], ['/dev', 'dev'], [this.volumes, 'volumes']];
    for (const name of ['bin', 'lib', 'lib64', 'sbin'].filter(each => fs.existsSync(`/${each}`))) {
      if (fs.lstatSync(`/${name}`).isSymbolicLink()) {
        fs.symlinkSync(fs.readlinkSync(`/${name}`), path.join(root, name));
      } else {
        fs.mkdirSync(path.join(root, name));
        mounts.push([`/${name}`, name]);
      }
    }
    for (const [source, name] of mounts) await succeed('mount', ['--bind', source, path.join(root, name)]);
    await succeed('mount', ['-t', 'proc', 'proc', path.join(root, 'proc')]);
  }

  private writeModel(folder: string) {
    fs.mkdirSync(folder);
    for (const [name, content] of Object.entries(this.files)) fs.writeFileSync(path.join(folder, name), content, { mode: 0o444 });
    fs.chmodSync(folder, 0o555);
  }
}
