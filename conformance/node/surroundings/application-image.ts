import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeImage } from './images';
import { APPLICATION } from '../../tools/catalogue';

/** Names under which the engines of the library are started. */
const ENGINES = ['vllm', 'text-generation-launcher', 'tritonserver'];

export interface ApplicationImageProps {
  /** A folder for what is made on the way. */
  readonly folder: string;
  readonly archive: string;
  readonly references: string[];
}

/** Stands for images of inference servers: one server of the suite's own (`conformance/modules/application`), whichever of their commands is called. */
export async function writeApplicationImage({ folder, archive, references }: ApplicationImageProps): Promise<void> {
  const rootFolder = path.join(folder, 'application');
  const commands = path.join(rootFolder, 'usr', 'bin');
  fs.mkdirSync(commands, { recursive: true });
  fs.cpSync(APPLICATION.file('application'), path.join(commands, 'application'));
  for (const engine of ENGINES) fs.symlinkSync('application', path.join(commands, engine));
  await writeImage({ rootFolder, archive, references, entrypoint: ['/usr/bin/application'] });
}
