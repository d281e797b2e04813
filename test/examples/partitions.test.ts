import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Environment, Stack, Stage } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { inFolderOf, LIKE_S3_DOWNLOAD, manifestsHere, NAMES, WITHOUT_AWS } from './fixture';
import { AbTestStack } from '../../examples/ab-test/stack';
import { AirGappedStack } from '../../examples/air-gapped/stack';
import { InferenceStack, ModelsStack } from '../../examples/cross-account/stack';
import { ExistingClusterStack } from '../../examples/existing-cluster/stack';
import { ExistingManifestsStack } from '../../examples/existing-manifests/stack';
import { KserveS3Stack } from '../../examples/kserve-s3/stack';
import { LeaderWorkerSetStack } from '../../examples/leader-worker-set/stack';
import { LoraStack } from '../../examples/lora/stack';
import { ManyTeamsStack } from '../../examples/many-teams/stack';
import { PublishFromGithubStack } from '../../examples/publish-from-github/stack';
import { RollbackStack } from '../../examples/rollback/stack';
import { S3DownloadStack } from '../../examples/s3-download/stack';

interface Place {
  readonly partition: string;
  /** @default - the stack is for any region */
  readonly region?: string;
}

const IRELAND: Place = { partition: 'aws', region: 'eu-west-1' };
const BEIJING: Place = { partition: 'aws-cn', region: 'cn-north-1' };
const GOVERNMENT: Place = { partition: 'aws-us-gov', region: 'us-gov-west-1' };

const ALL_FLAGS = JSON.parse(fs.readFileSync(path.join(require.resolve('aws-cdk-lib'), '..', 'recommended-feature-flags.json'), 'utf8'));

/** The stacks of each example, for another place than its app has them. */
const EXAMPLES: Record<string, Array<(scope: Construct, place: Place) => Stack>> = {
  's3-download': [(scope, place) => new S3DownloadStack(scope, 'S3Download', { env: envOf(place) })],
  'air-gapped': [(scope, place) => new AirGappedStack(scope, 'AirGapped', {
    env: envOf(place),
    network: { vpcId: 'vpc-1', vpcCidrBlock: '10.0.0.0/16', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'], privateSubnetRouteTableIds: ['rtb-1'] },
  })],
  'many-teams': [(scope, place) => new ManyTeamsStack(scope, 'ManyTeams', { env: envOf(place) })],
  'ab-test': [(scope, place) => new AbTestStack(scope, 'AbTest', { env: envOf(place) })],
  'rollback': [(scope, place) => new RollbackStack(scope, 'Rollback', { env: envOf(place) })],
  'kserve-s3': [(scope, place) => new KserveS3Stack(scope, 'KserveS3', { env: envOf(place) })],
  'lora': [(scope, place) => new LoraStack(scope, 'Lora', { env: envOf(place) })],
  'existing-manifests': [(scope, place) => new ExistingManifestsStack(scope, 'ExistingManifests', { env: envOf(place) })],
  'leader-worker-set': [(scope, place) => new LeaderWorkerSetStack(scope, 'LeaderWorkerSet', { env: envOf(place) })],
  'publish-from-github': [(scope, place) => new PublishFromGithubStack(scope, 'PublishFromGithub', { env: envOf(place) })],
  'existing-cluster': [(scope, place) => new ExistingClusterStack(scope, 'ExistingCluster', {
    env: envOf(place),
    keyArn: arn(place, 'kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
    irsaRoleArn: `arn:${place.partition}:iam::111122223333:role/search-reranker`,
    podIdentityRoleArn: `arn:${place.partition}:iam::111122223333:role/search-embedder`,
  })],
  'cross-account': [inference, (scope, place) => {
    const ownerPolicies = path.resolve(`${place.partition}.json`);
    const { directory } = inEmptyFolderOf('other', () => {
      const app = new App();
      inference(app, { region: BEIJING.region, ...place }).node.tryRemoveChild('Manifests'); // what is handed over is literal
      return app.synth();
    });
    fs.copyFileSync(path.join(directory, 'Inference.owner-policies.json'), ownerPolicies);
    return new ModelsStack(scope, 'Models', { env: envOf(place), ownerPolicies });
  }],
};

function inference(scope: Construct, place: Place): Stack {
  return new InferenceStack(scope, 'Inference', {
    env: envOf(place, '444455556666'), modelsAccount: '111122223333', keyArn: arn(place, 'kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
  });
}

function envOf({ region }: Place, account = '111122223333'): Environment {
  return { account, region };
}

function arn({ partition, region }: Place, service: string, resource: string): string {
  return `arn:${partition}:${service}:${region ?? 'cn-north-1'}:111122223333:${resource}`;
}

function inEmptyFolderOf<T>(name: string, run: () => T): T {
  const before = process.cwd();
  fs.mkdirSync(name, { recursive: true });
  try {
    process.chdir(name);
    return run();
  } finally {
    process.chdir(before);
  }
}

interface Variant {
  readonly flags: Record<string, unknown>;
  readonly inStage: boolean;
}

interface Output {
  readonly templates: any[];
  readonly manifests: Record<string, any[]>;
  readonly ownerPolicies: string[];
}

function synthesise(name: string, place: Place, { flags, inStage }: Variant, change: (stack: Stack) => void = () => {}): Output {
  return inFolderOf(name, () => {
    const app = new App({ context: flags });
    const scope = inStage ? new Stage(app, 'Prod') : app;
    const stacks = EXAMPLES[name].map(create => create(scope, place));
    stacks.forEach(change);
    const assembly = app.synth();
    const { directory, stacks: artifacts } = inStage ? assembly.getNestedAssembly('assembly-Prod') : assembly;
    return {
      templates: artifacts.map(({ template }) => template.Resources),
      manifests: manifestsHere(),
      ownerPolicies: fs.readdirSync(directory).filter(file => file.endsWith('.owner-policies.json')).map(file => fs.readFileSync(path.join(directory, file), 'utf8')),
    };
  });
}

/** Principals that are spelt the same in every partition. */
const SERVICES = ['codebuild.amazonaws.com', 'logging.s3.amazonaws.com', 'pods.eks.amazonaws.com'];

/** What the file of owner policies names literally, for its own region. */
const ENDPOINTS = ['s3.cn-north-1.amazonaws.com.cn', 's3.us-gov-west-1.amazonaws.com'];

/** A word that GitHub and IAM agree on, in every partition. */
const isAudience = (key: string, value: string) => (key === 'ClientIdList' || key.endsWith(':aud')) && value === 'sts.amazonaws.com';

/** What holds in one partition alone. */
function partitionBound(value: any, key = ''): string[] {
  if (typeof value === 'string') {
    const known = isAudience(key, value) || (key === 'Service' && SERVICES.includes(value)) || (key === 'kms:ViaService' && ENDPOINTS.includes(value));
    return value.includes('arn:aws:') || (value.includes('amazonaws.com') && !known) ? [value] : [];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, item]) => partitionBound(item, Array.isArray(value) ? key : name));
}

const VARIANTS: Array<[string, Variant]> = [
  ['with no feature flags', { flags: {}, inStage: false }],
  ['with all feature flags, in a stage', { flags: ALL_FLAGS, inStage: true }],
];

beforeEach(() => {
  jest.spyOn(console, 'error').mockImplementation(() => {}); // one of the flags has CDK print every warning
});

test('every example is here', () => {
  expect([...Object.keys(EXAMPLES), ...WITHOUT_AWS].sort()).toEqual([...NAMES].sort());
  expect(Object.keys(ALL_FLAGS).length).toBeGreaterThan(20);
});

test('what holds in one partition alone is seen', () => {
  expect(partitionBound({ a: ['arn:aws:s3:::b', { Ref: 'c' }], Service: ['eks.amazonaws.com'], d: 's3.amazonaws.com' })).toEqual(['arn:aws:s3:::b', 'eks.amazonaws.com', 's3.amazonaws.com']);
  expect(partitionBound({ Service: ['pods.eks.amazonaws.com'], a: 'arn:aws-cn:s3:::b' })).toEqual([]);
});

/** It only publishes. */
const WITHOUT_MANIFESTS = ['publish-from-github'];

function expectMoved(ireland: Output, { templates, manifests, ownerPolicies }: Output, { partition, region }: Place) {
  expect(partitionBound(templates)).toEqual([]);
  expect(templates.map(typesOf)).toEqual(ireland.templates.map(typesOf));
  const moved = JSON.stringify(ireland.manifests).replaceAll('eu-west-1', region!).replaceAll('arn:aws:', `arn:${partition}:`);
  expect(JSON.stringify(manifests)).toBe(moved);
  if (Object.keys(manifests).length > 0) expect(moved).toContain(region);
  expect(ownerPolicies).toHaveLength(ireland.ownerPolicies.length);
  for (const text of ownerPolicies) expect(text).not.toMatch(/arn:aws:|Fn::|"Ref"/);
}

// one of the places tells enough
test.each(LIKE_S3_DOWNLOAD)('example %s makes in AWS what s3-download makes, elsewhere too', name => {
  const ireland = synthesise(name, IRELAND, VARIANTS[0][1]);
  expect(ireland.templates.map(typesOf)).toEqual(synthesise('s3-download', IRELAND, VARIANTS[0][1]).templates.map(typesOf));
  expect(ireland.manifests).not.toEqual({});
  expectMoved(ireland, synthesise(name, BEIJING, VARIANTS[1][1]), BEIJING);
});

describe.each(NAMES.filter(name => ![...LIKE_S3_DOWNLOAD, ...WITHOUT_AWS].includes(name)))('example %s', name => {
  const ireland = synthesise(name, IRELAND, VARIANTS[0][1]);

  // each partition and each way once
  test.each([[BEIJING, ...VARIANTS[0]], [GOVERNMENT, ...VARIANTS[1]]] as const)('in %j %s', (place, _what, variant) => {
    expectMoved(ireland, synthesise(name, place, variant), place);
  });

  test('for any region: manifests in a directory need one, and the error says so', () => {
    const act = () => synthesise(name, { partition: 'aws-cn' }, VARIANTS[0][1]);
    if (WITHOUT_MANIFESTS.includes(name)) return void expect(act().manifests).toEqual({});
    expect(act).toThrow(
      "holds an unresolved token: it is known only after deploying, and a manifest in a directory must not depend on that: give a literal (bucketName, region or the stack's env, a name)",
    );
  });

  test.each(VARIANTS)('for any region, without manifests, %s', (_what, variant) => {
    const { templates } = synthesise(name, { partition: 'aws-cn' }, variant, stack => stack.node.tryRemoveChild('Manifests'));
    expect(partitionBound(templates)).toEqual([]);
    expect(templates.map(typesOf)).toEqual(ireland.templates.map(typesOf));
  });
});

function typesOf(resources: Record<string, { Type: string }>): string[] {
  return Object.values(resources).map(({ Type }) => Type).filter(type => type !== 'AWS::CDK::Metadata').sort();
}
