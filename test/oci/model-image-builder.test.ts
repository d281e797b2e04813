import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import { transferProgram } from '../../lib/delivery/program';
import { ModelImageArchitecture, ModelImageBase, ModelImageBuilder, ModelImageBuilderProps, ModelImageRepository } from '../../lib/oci';
import { buildProgram } from '../../lib/oci/model-image-builder-program';
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

test('a build may take as little as CodeBuild lets it', () => {
  expect(projectOf(builderIn({ timeout: Duration.minutes(5) }).stack).TimeoutInMinutes).toBe(5);
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
  ['a timeout after the login ended', () => ({ timeout: Duration.hours(13) }), /timeout is 780 minutes, and must be at most 12 hours/],
  ['a timeout that CodeBuild does not take', () => ({ timeout: Duration.minutes(4) }), /timeout is 4 minutes, and CodeBuild takes whole ones, at least 5/],
  ['a timeout of a part of a minute', () => ({ timeout: Duration.seconds(330) }), /timeout is 5\.5 minutes, and CodeBuild takes whole ones/],
  ['a timeout that is not known', () => ({ timeout: Duration.minutes(Lazy.number({ produce: () => 60 })) }), /timeout must be known at synth/],
  ['a machine that oras is not for', () => ({ buildImage: codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0 }), /buildImage is for Graviton, and oras as it comes by default for x86-64/],
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

test('builds on Graviton take oras for it', () => {
  const { stack } = builderIn({ buildImage: codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0, oras: { url: 'https://mirror/oras_linux_arm64.tar.gz', sha256: 'a'.repeat(64) } });
  expect(projectOf(stack).Environment.Type).toBe('ARM_CONTAINER');
});
