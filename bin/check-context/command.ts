import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import picomatch from 'picomatch';
import { contextFiles, ignoreFileOf } from './context';
import { weightsKind } from './weights';
import { Call, Command, CommandError, text, texts, UsageError } from '../cli/command';
import { bytes } from '../cli/output';

export const CHECK_CONTEXT: Command = {
  summary: 'names model weights that an image build would send',
  usage: [
    '<folder> [options]',
    '',
    'Looks at every file of the build context that .dockerignore leaves in: its name, its first bytes and its size.',
    '',
    '  --dockerfile F     the Dockerfile (<folder>/Dockerfile); F.dockerignore, where it is there, counts before .dockerignore',
    '  --max-size S       a larger file is named whatever it is: bytes, or with KiB, MiB or GiB (100MiB)',
    '  --allow G          files that are meant to be sent, by a glob of their path; may be repeated',
  ].join('\n'),
  options: { 'dockerfile': { type: 'string' }, 'max-size': { type: 'string' }, 'allow': { type: 'string', multiple: true } },
  run: checkContext,
};

async function checkContext(call: Call): Promise<void> {
  const [folder, ...rest] = call.words;
  if (folder === undefined || rest.length > 0) throw new UsageError('name one folder');
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`'${folder}' is no folder`);
  const maxSize = sizeFrom(text(call, 'max-size') ?? '100MiB');
  const allowed = picomatch(texts(call, 'allow'), { dot: true });
  const dockerfile = text(call, 'dockerfile');
  if (dockerfile !== undefined && !statSync(dockerfile, { throwIfNoEntry: false })?.isFile()) {
    throw new UsageError(`--dockerfile is '${dockerfile}', and ${resolve(dockerfile)} is no file: give its path as seen from the working directory, as docker build --file takes it`);
  }
  const ignoreFile = ignoreFileOf(folder, dockerfile ?? join(folder, 'Dockerfile'));

  let [files, total, found] = [0, 0, 0];
  for (const { path, size, head } of contextFiles(folder, ignoreFile)) {
    files++;
    total += size;
    const reason = weightsKind(path, head, size) ?? (size > maxSize ? `larger than ${bytes(maxSize)}` : undefined);
    if (reason === undefined || allowed(path)) continue;
    found++;
    call.output.error(`${join(folder, path)}: ${bytes(size)}, ${reason}`);
  }
  if (found > 0) {
    throw new CommandError(`${found} of ${files} files would bring weights into the image: name them in ${ignoreFile ?? join(folder, '.dockerignore')} and publish them instead, or pass --allow`);
  }
  call.output.result({ files, bytes: total, ignoreFile }, [`no model weights in ${folder}: ${files} files, ${bytes(total)}`]);
}

const UNITS: { [unit: string]: number } = { '': 1, 'KiB': 2 ** 10, 'MiB': 2 ** 20, 'GiB': 2 ** 30 };

function sizeFrom(value: string): number {
  const match = /^(\d{1,12}) ?([KMG]iB)?$/.exec(value);
  if (!match) throw new UsageError(`--max-size is '${value}': give bytes, or a number with KiB, MiB or GiB`);
  return Number(match[1]) * UNITS[match[2] ?? ''];
}
