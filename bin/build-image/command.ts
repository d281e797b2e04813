import * as fs from 'node:fs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { Followed, followBuild, startBuild } from './build';
import { displayName, ModelId } from '../../lib/model/layout';
import { lockedModel } from '../../lib/model/lock-file';
import { lockImage } from '../../lib/model/models-lock';
import { Call, Command, CommandError, required, text, UsageError } from '../cli/command';
import { checkWritable, writeAtomically } from '../publish/lock';

/** Makes an image of a version by the project of a `ModelImageBuilder`. */
export const BUILD_IMAGE = buildImage(10_000);

/** @param every how often the build is asked about, in milliseconds */
export function buildImage(every: number): Command {
  return {
    summary: 'builds the image of a version that a lock file has, by a ModelImageBuilder, and writes its digest there',
    usage: [
      '<project> --lock F --name N [options]',
      '  <project>          name of the CodeBuild project of a ModelImageBuilder',
      '  --lock F           lock file that has the version, as publish --lock writes it; the image goes there, for ModelImage.fromLock',
      '  --version V        version of the model; without it, the one that is current in the lock file',
      '  --tenant T         whose model it is; without it, it is for everybody',
      '  --build-id B       follows a build that runs or is over, instead of starting one',
      '  --region R         region of the project',
      '  --profile P        profile of the AWS configuration',
      '',
      'Needs codebuild:StartBuild and codebuild:BatchGetBuilds. Ended by Ctrl-C, the build goes on: --build-id takes it up again.',
    ].join('\n'),
    options: {
      'lock': { type: 'string' },
      'name': { type: 'string' },
      'version': { type: 'string' },
      'tenant': { type: 'string' },
      'build-id': { type: 'string' },
      'region': { type: 'string' },
      'profile': { type: 'string' },
    },
    run: call => run(call, every),
  };
}

async function run(call: Call, every: number): Promise<void> {
  const { output, words } = call;
  if (words.length !== 1) throw new UsageError('name one project: build-image <project>');
  const [project] = words;
  const file = required(call, 'lock');
  const { id, digest, totalBytes } = versionFrom(call, file);
  checkWritable(file, `${readText(file)} `); // before anything is built, for that may take an hour
  const client = new CodeBuildClient({ region: text(call, 'region'), profile: text(call, 'profile'), maxAttempts: 10 });
  const given = text(call, 'build-id');
  if (given !== undefined && !given.startsWith(`${project}:`)) throw new UsageError(`--build-id is '${given}': a build of this project begins with '${project}:'`);
  const buildId = given ?? await startBuild(client, project, id, digest, totalBytes);
  output.note(given === undefined ? `build ${buildId} makes the image of ${displayName(id)}; Ctrl-C leaves it running, --build-id ${buildId} follows it again` : `build ${buildId} is followed`);
  const { image, builtDigest }: Followed = await followBuild(client, buildId, every, output);
  if (builtDigest !== digest) throw new CommandError(`build ${buildId} was of a model with the digest ${builtDigest ?? '(none)'}, and ${file} has ${digest} for ${displayName(id)}: name the version that was built`);
  writeAtomically(file, explained(() => lockImage(readText(file), file, id, image)), `the image ${image} is built`, `run the same command with --build-id ${buildId}`);
  output.result({ ...id, digest, image, buildId }, [
    `${displayName(id)} is ${image}`,
    `  ModelImage.fromLock('${file}', { ${[`name: '${id.name}'`, ...id.tenant === undefined ? [] : [`tenant: '${id.tenant}'`], `version: '${id.version}'`].join(', ')} })`,
  ]);
}

interface WantedVersion {
  readonly id: ModelId;
  readonly digest: string;
  readonly totalBytes: number;
}

function versionFrom(call: Call, file: string): WantedVersion {
  const [name, tenant] = [required(call, 'name'), text(call, 'tenant')];
  const { version, digest, totalBytes } = explained(() => lockedModel(file, { tenant, name }, text(call, 'version')));
  return { id: { tenant, name, version }, digest, totalBytes };
}

function readText(file: string): string {
  return explained(() => fs.readFileSync(file, 'utf8'));
}

/** What the library throws says all there is to say. */
function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}
