import * as fs from 'node:fs';
import * as path from 'node:path';
import { FixtureVersion, NAMESPACE, Stage } from './stage';
import { noise } from '../../bytes';

/** Publishes a model of one file whose bytes no other version has. */
export async function publishSmall(stage: Stage, model: string, version: string, namespace = NAMESPACE): Promise<FixtureVersion> {
  const folder = path.join(stage.folder, 'small', namespace, model, version);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'weights.bin'), noise(`${namespace}/${model}@${version}`, 1_000_000));
  return stage.publish(folder, model, version, namespace);
}
