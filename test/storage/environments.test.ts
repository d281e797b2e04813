import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { ModelReaderRole } from '../../lib/access';
import { ModelDelivery } from '../../lib/delivery';
import { ModelArtifact } from '../../lib/model';
import { IModelBucket, ModelBucket } from '../../lib/storage';
import { Engine, ManifestTarget, ModelManifests, ModelServer } from '../../lib/workload';
import { TemplatePolicies } from '../access/policy-simulator';

const ENV = { account: '111122223333', region: 'eu-west-1' };

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'environments-'));
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A whole environment, on whatever bucket. */
function environment(app: App, name: string, namespace: string, bucket: (stack: Stack) => IModelBucket): Stack {
  const stack = new Stack(app, name, { env: ENV });
  const models = bucket(stack);
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'blue' });
  const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [models] });
  const charts = new ModelManifests(stack, 'Manifests', { target: ManifestTarget.directory(path.join(folder, name)) });
  new ModelServer(charts, 'llama', {
    identity: readers.associate({ namespace, serviceAccount: 'llama' }),
    image: 'docker.io/vllm/vllm-openai:v0.11.0',
    engine: Engine.VLLM,
    models: [ModelDelivery.s3Download({ bucket: models }).deliver(ModelArtifact.of({ name: 'llama', version: '1', tenant: namespace, size: Size.gibibytes(1) }))],
  });
  return stack;
}

function manifests(name: string): Record<string, string> {
  return Object.fromEntries(fs.readdirSync(path.join(folder, name)).map(file => [file, fs.readFileSync(path.join(folder, name, file), 'utf8')]));
}

/** What a deployed thing is called, where its template says so; an inline policy's name is its role's own affair. */
function physicalNames(template: Template): string[] {
  const resources = Object.values(template.toJSON().Resources as Record<string, { Properties?: Record<string, unknown> }>);
  return resources.flatMap(({ Properties = {} }) => ['BucketName', 'RoleName', 'ManagedPolicyName'].map(name => Properties[name]))
    .filter((name): name is string => typeof name === 'string');
}

test('a stack that was destroyed is deployed again onto the bucket that stayed, by a change of one line', () => {
  const synth = (bucket: (stack: Stack) => IModelBucket) => {
    const stack = environment(new App(), 'Models', 'serving', bucket);
    const template = Template.fromStack(stack);
    return { template, reads: new TemplatePolicies(template).identity(roleIdOf(template)), files: manifests('Models') };
  };
  const before = synth(stack => new ModelBucket(stack, 'Models', { bucketName: 'acme-models' }));
  const after = synth(stack => ModelBucket.fromBucketName(stack, 'Models', 'acme-models'));

  after.template.resourceCountIs('AWS::S3::Bucket', 0);
  after.template.resourceCountIs('AWS::S3::BucketPolicy', 0);
  before.template.resourceCountIs('AWS::S3::Bucket', 2);
  expect(JSON.stringify(before.reads)).toContain('arn:aws:s3:::acme-models/models/_shared/*');
  expect(after.reads).toEqual(before.reads);
  expect(after.files).toEqual(before.files);
  expect(Object.keys(after.files)).not.toEqual([]);
  const others = (template: Template) => Object.keys(template.toJSON().Resources).filter(id => !/^Models/.test(id));
  expect(others(after.template)).toEqual(others(before.template));
});

function roleIdOf(template: Template): string {
  return Object.keys(template.findResources('AWS::IAM::Role'))[0];
}

test('two environments in one account do not collide', () => {
  const app = new App();
  const stacks = [['Dev', 'serving-dev', 'acme-models-dev'], ['Prod', 'serving-prod', 'acme-models-prod']].map(([name, namespace, bucketName]) =>
    environment(app, name, namespace, stack => new ModelBucket(stack, 'Models', { bucketName })));
  const [dev, prod] = stacks.map(stack => Template.fromStack(stack));

  expect(physicalNames(dev)).toContain('acme-models-dev');
  expect(physicalNames(prod).filter(name => physicalNames(dev).includes(name))).toEqual([]);
  for (const template of [dev, prod]) {
    expect(template.toJSON()).not.toHaveProperty('Outputs');
    expect(JSON.stringify(template.toJSON())).not.toContain('Fn::ImportValue');
  }
  expect(Object.keys(manifests('Dev'))).not.toEqual([]);
  const inNamespaces = (name: string) => Object.values(manifests(name)).flatMap(text => [...text.matchAll(/^ {2}namespace: (\S+)/gm)].map(([, namespace]) => namespace));
  expect(new Set(inNamespaces('Dev'))).toEqual(new Set(['serving-dev']));
  expect(new Set(inNamespaces('Prod'))).toEqual(new Set(['serving-prod']));
  expect(Object.keys(manifests('Dev')).filter(file => file in manifests('Prod'))).toEqual([]);
});
