import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { parse } from 'yaml';
import { digestOf, HAS_GNU_TOOLS, Layout, settingsOf } from './build-bench';
import { ModelImageArchitecture, ModelImageBase, ModelImageBuilder, ModelImageRepository } from '../../lib/oci';
import { ModelBucket } from '../../lib/storage';
import { Bench, findShell, withBench } from '../delivery/program/bench';

const bash = findShell('bash')!; // as the build image has it
const why = !bash ? ' (skipped: no bash on this machine)' : !HAS_GNU_TOOLS ? ' (skipped: no GNU tar and find on this machine)' : '';
const run = why === '' ? test : test.skip;

/** The build specification of a project, its variables, and the folder that its source is. */
function synthesized(outdir: string) {
  const app = new App({ outdir });
  const stack = new Stack(app, 'Stack');
  new ModelImageBuilder(stack, 'Builder', {
    bucket: new ModelBucket(stack, 'Models'),
    repository: new ModelImageRepository(stack, 'Images').repository,
    baseImage: ModelImageBase.none(),
    architectures: [ModelImageArchitecture.AMD64],
  });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::CodeBuild::Project'));
  app.synth();
  return {
    spec: parse(Properties.Source.BuildSpec),
    variables: Object.fromEntries(Properties.Environment.EnvironmentVariables.map(({ Name, Value }: any) => [Name, Value])),
    source: readdirSync(outdir).map(name => join(outdir, name)).find(asset => existsSync(join(asset, 'prepare-build.sh')))!,
  };
}

/** Runs the commands of a specification as CodeBuild does, one shell for all of them, with folders of the test's own. */
async function runCommands(b: Bench, commands: string[], env: Record<string, string>) {
  const bin = join(b.root, 'bin');
  mkdirSync(bin);
  const archive = join(b.root, 'archive.tar.gz');
  spawnSync('tar', ['-czf', archive, '-C', __dirname, 'oras']);
  writeFileSync(join(bin, 'curl'), `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp ${archive} "$2"\n`, { mode: 0o755 });
  symlinkSync(join(__dirname, '..', 'delivery', 'program', 'downloaders', 'aws'), join(bin, 'aws'));
  const script = [...commands.map(command => command.replace(/\/tmp\//g, `${b.root}/`)), 'printenv MODEL_IMAGE'].join('\n');
  const child = spawn(b.shell.sh, ['-e', '-c', script], {
    env: {
      PATH: `${bin}:${b.shell.path}`,
      TRANSFER_BENCH: b.id,
      AWS_ENDPOINT_URL: b.s3.endpoint,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: b.agent.uri,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(b.root, 'token'),
      MODEL_TRANSFER_TERMINATION_LOG: '/dev/null',
      ORAS_SHA256: digestOf(readFileSync(archive)).slice(7),
      ...env,
    },
  });
  let stdout = '', stderr = '';
  child.stdout.on('data', chunk => { stdout += chunk; });
  child.stderr.on('data', chunk => { stderr += chunk; });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, stderr, image: stdout.trim().split('\n').pop()! };
}

run(`the commands of a build make an image, and export its reference${why}`, async () => withBench(bash, 'aws', async b => {
  const { spec: { phases, env }, variables, source } = synthesized(join(b.root, 'cdk.out'));
  expect(env['exported-variables']).toEqual(['MODEL_IMAGE']);
  expect(Object.values<any>(phases).map(phase => phase['on-failure'])).toEqual(['ABORT', 'ABORT']);
  const published = b.publish();
  const target = new Layout(join(b.root, 'registry'));
  const { MODEL_TRANSFER_CREDENTIALS, IMAGE_PLATFORMS, ORAS_URL } = variables;
  const { code, stderr, image } = await runCommands(b, [...phases.install.commands, ...phases.build.commands], {
    CODEBUILD_SRC_DIR: source,
    MODEL_TRANSFER_CREDENTIALS,
    IMAGE_PLATFORMS,
    ORAS_URL,
    IMAGE_REPOSITORY: target.folder,
    IMAGE_REGISTRY_FLAGS: '--oci-layout',
    ...settingsOf(b, published),
  });
  expect([code, stderr]).toEqual([0, '']);
  const [, digest] = Object.entries(target.tags()).find(([tag]) => !tag.endsWith('-amd64'))!;
  expect(image).toBe(`${target.folder}@${digest}`);
}), 60_000);
