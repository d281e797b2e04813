import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import { parse } from 'yaml';
import { digestOf } from './build-bench';
import { transferProgram } from '../../lib/delivery/program';
import { ModelImageArchitecture, ModelImageBase, ModelImageBuilder, ModelImageBuilderProps, ModelImageRepository } from '../../lib/oci';
import { buildProgram, partOfBuild } from '../../lib/oci/model-image-builder-program';
import { ModelBucket } from '../../lib/storage';

function builderIn(props: Partial<ModelImageBuilderProps> = {}) {
  const app = new App();
  const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const bucket = new ModelBucket(stack, 'Models', { bucketName: 'acme-models' });
  const { repository } = new ModelImageRepository(stack, 'Images', { repositoryName: 'models' });
  return { app, stack, bucket, builder: new ModelImageBuilder(stack, 'Builder', { bucket, repository, ...props }) };
}

function projectOf(stack: Stack): any {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::CodeBuild::Project'));
  return Properties;
}

function variablesOf(stack: Stack): Record<string, any> {
  return Object.fromEntries(projectOf(stack).Environment.EnvironmentVariables.map(({ Name, Value }: any) => [Name, Value]));
}

function statementsOf(stack: Stack, role: RegExp): any[] {
  return Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(([id]) => role.test(id)).flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
}

test('a build is not privileged, and pushes what its base, architectures and bucket say', () => {
  const { stack } = builderIn();
  expect(projectOf(stack)).toMatchObject({ Environment: { PrivilegedMode: false, ComputeType: 'BUILD_GENERAL1_LARGE', Type: 'LINUX_CONTAINER' }, TimeoutInMinutes: 240 });
  expect(variablesOf(stack)).toMatchObject({
    MODEL_BUCKET: 'acme-models',
    MODEL_BUCKET_REGION: 'eu-west-1',
    MODEL_TRANSFER_CREDENTIALS: 'container-role',
    IMAGE_PLATFORMS: 'amd64 arm64',
    IMAGE_BASE: expect.stringMatching(/^docker\.io\/library\/busybox:1\.37\.0-musl@sha256:[0-9a-f]{64}$/),
    ORAS_URL: 'https://github.com/oras-project/oras/releases/download/v1.2.3/oras_1.2.3_linux_amd64.tar.gz',
    ORAS_SHA256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('a base, an architecture, a mirror and a suffix are passed on; without a base there is none', () => {
  const reference = `registry.example.com/busybox@sha256:${'d'.repeat(64)}`;
  const { stack } = builderIn({
    baseImage: ModelImageBase.image(reference),
    architectures: [ModelImageArchitecture.ARM64],
    oras: { url: 'https://mirror.example.com/oras.tgz', sha256: 'e'.repeat(64) },
    tagSuffix: 'b',
    computeType: codebuild.ComputeType.X2_LARGE,
  });
  expect(variablesOf(stack)).toMatchObject({ IMAGE_BASE: reference, IMAGE_PLATFORMS: 'arm64', ORAS_URL: 'https://mirror.example.com/oras.tgz', ORAS_SHA256: 'e'.repeat(64), IMAGE_TAG_SUFFIX: 'b' });
  expect(Object.keys(variablesOf(builderIn({ baseImage: ModelImageBase.none() }).stack))).not.toContain('IMAGE_BASE');
});

test('it reads the models that it was given, and nobody else\'s; it lists and deletes nothing', () => {
  const reads = (props: Partial<ModelImageBuilderProps>) => statementsOf(builderIn(props).stack, /Builder/).filter(({ Action }) => [Action].flat().includes('s3:GetObject')).flatMap(({ Resource }) => [Resource].flat())
    .map(resource => JSON.stringify(resource)).filter(resource => resource.includes('/models/')).map(resource => /models\/[^*"]*\*/.exec(resource)![0]);
  expect(reads({})).toEqual(['models/_shared/*']);
  expect(reads({ tenants: ['nlp'] })).toEqual(['models/nlp/*']);
  expect(reads({ tenants: ['nlp'], shared: true }).sort()).toEqual(['models/_shared/*', 'models/nlp/*']);
  const onModels = statementsOf(builderIn().stack, /Builder/).filter(({ Resource }) => JSON.stringify(Resource).includes('/models/')).flatMap(({ Action }) => Action);
  expect([...new Set(onModels)]).toEqual(['s3:GetObject']);
});

test('the programs of a build are those of the library', () => {
  const { app } = builderIn();
  const { directory } = app.synth();
  const asset = fs.readdirSync(directory).find(name => name.startsWith('asset.') && fs.existsSync(path.join(directory, name, 'build-image.sh')))!;
  const text = (name: string) => fs.readFileSync(path.join(directory, asset, name), 'utf8');
  expect(fs.readdirSync(path.join(directory, asset)).sort()).toEqual(['build-image.sh', 'prepare-build.sh', 'transfer.sh']);
  expect([text('build-image.sh'), text('transfer.sh')]).toEqual([buildProgram(), transferProgram('aws')]);
});

test('a build ends where a command fails, and exports the image', () => {
  const { phases, env } = parse(projectOf(builderIn().stack).Source.BuildSpec);
  expect(env['exported-variables']).toEqual(['MODEL_IMAGE']);
  expect(Object.values<any>(phases).map(phase => phase['on-failure'])).toEqual(['ABORT', 'ABORT']);
});

test('who starts builds may follow them, and touch no other project', () => {
  const { stack, builder } = builderIn();
  builder.grantStart(new iam.Role(stack, 'Ci', { assumedBy: new iam.AccountRootPrincipal() }));
  expect(statementsOf(stack, /^Ci/)).toEqual([{ Action: ['codebuild:BatchGetBuilds', 'codebuild:StartBuild'], Effect: 'Allow', Resource: { 'Fn::GetAtt': [expect.stringMatching(/^BuilderProject/), 'Arn'] } }]);
});

test.each<[string, () => Partial<ModelImageBuilderProps>, RegExp]>([
  ['no architecture', () => ({ architectures: [] }), /architectures of Stack\/Builder is empty/],
  ['no tenant', () => ({ tenants: [] }), /tenants is empty/],
  ['a suffix that is no part of a tag', () => ({ tagSuffix: 'a b' }), /tagSuffix 'a b' is not valid/],
  ['a timeout after the login ended', () => ({ timeout: Duration.hours(13) }), /at most 12 hours/],
  ['oras without TLS', () => ({ oras: { url: 'http://mirror/oras.tgz' } }), /begins with https/],
  ['a checksum that is cut', () => ({ oras: { url: 'https://mirror/oras.tgz', sha256: 'abc' } }), /give 64 lowercase/],
  ['a base by its tag', () => ({ baseImage: ModelImageBase.image('busybox:1.37') }), /names no digest/],
  ['a base that is a token', () => ({ baseImage: ModelImageBase.image(Lazy.string({ produce: () => 'x' })) }), /must be known at synth, got an unresolved token/],
])('%s is refused', (_, props, says) => {
  expect(() => builderIn(props())).toThrow(says);
});

test('a name of the project is known at synth', () => {
  Template.fromStack(builderIn({ projectName: 'model-images' }).stack).hasResourceProperties('AWS::CodeBuild::Project', { Name: 'model-images', EncryptionKey: Match.anyValue() });
});

const tools = ['curl', 'tar', 'sha256sum'].every(tool => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0);

describe(`what prepares a build${tools ? '' : ' (skipped: no curl on this machine)'}`, () => {
  const run = tools ? test : test.skip;
  let folder: string;
  let archive: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'prepare-'));
    archive = path.join(folder, 'archive.tar.gz');
    const log = path.join(folder, 'log');
    fs.writeFileSync(path.join(folder, 'oras'), `#!/bin/sh\necho "$@ $(cat)" >> ${log}\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(folder, 'aws'), '#!/bin/sh\necho "password of $*"\n', { mode: 0o755 });
    spawnSync('tar', ['-czf', archive, '-C', folder, 'oras']);
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const prepare = (env: object) => spawnSync('sh', ['-c', partOfBuild('prepare-build.sh'), 'prepare', path.join(folder, 'tools')], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, AWS: path.join(folder, 'aws'), ORAS_URL: `file://${archive}`, ORAS_SHA256: digestOf(fs.readFileSync(archive)).slice(7), IMAGE_REPOSITORY: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/models', ...env },
  });

  run('unpacks oras and logs in to each registry of ECR once, in its own region', () => {
    expect(prepare({ IMAGE_BASE: '444455556666.dkr.ecr.us-west-2.amazonaws.com/busybox@sha256:1' }).status).toBe(0);
    expect(prepare({ IMAGE_BASE: 'docker.io/library/busybox@sha256:1' }).status).toBe(0);
    const login = (registry: string, region: string) => `login --username AWS --password-stdin ${registry} password of ecr get-login-password --region ${region}`;
    const ours = login('111122223333.dkr.ecr.eu-west-1.amazonaws.com', 'eu-west-1');
    expect(fs.readFileSync(path.join(folder, 'log'), 'utf8').trim().split('\n')).toEqual([ours, login('444455556666.dkr.ecr.us-west-2.amazonaws.com', 'us-west-2'), ours]);
  });

  run('runs no archive but the one whose checksum is pinned', () => {
    const { status, stderr } = prepare({ ORAS_SHA256: 'a'.repeat(64) });
    expect([status, stderr]).toEqual([65, expect.stringContaining('it is not the archive that was approved')]);
    expect([fs.existsSync(path.join(folder, 'tools', 'oras')), fs.existsSync(path.join(folder, 'log'))]).toEqual([false, false]);
  });

  run('says what to do where oras can\'t be had', () => {
    const { status, stderr } = prepare({ ORAS_URL: `file://${folder}/other` });
    expect([status, stderr]).toEqual([69, expect.stringContaining('give the builder a mirror')]);
  });
});
