import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Aws, CfnParameter, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IModelBucket, ModelBucket, ModelBucketProps } from '../../lib/storage';
import { isAllowed, TemplatePolicies } from '../access/policy-simulator';

const HERE = { account: '111122223333', region: 'eu-west-1' };
const THERE = { account: '111122223333', region: 'eu-north-1' };
const ABROAD = { account: '444455556666', region: 'eu-north-1' };
const MODELS = { VersioningConfiguration: { Status: 'Enabled' }, BucketName: 'models-here' };

const NORTH_KEY = 'arn:aws:kms:eu-north-1:111122223333:key/north';
const ABROAD_KEY = 'arn:aws:kms:eu-north-1:444455556666:key/abroad';

function stackIn(env: { account?: string; region?: string } | undefined, id: string, app = new App()): Stack {
  return new Stack(app, id, { env });
}

/** A bucket in Ireland that replicates to those that `destinations` makes. */
function replicating(destinations: (here: Stack, app: App) => IModelBucket[], props: (here: Stack) => ModelBucketProps = () => ({})) {
  const app = new App();
  const stack = stackIn(HERE, 'Here', app);
  const replicas = destinations(stack, app);
  const models = new ModelBucket(stack, 'Models', { bucketName: 'models-here', replicateTo: replicas, ...props(stack) });
  return { app, stack, models, replicas, template: () => Template.fromStack(stack) };
}

const north = (_here: Stack, app: App) => [new ModelBucket(stackIn(THERE, 'North', app), 'Replica', { bucketName: 'models-north' })];
const known = (name: string, options: Parameters<typeof ModelBucket.fromBucketName>[3] = {}) => (here: Stack) => ModelBucket.fromBucketName(here, name, name, { region: 'eu-north-1', ...options });
const withKeys = (here: Stack) => ({ encryptionKey: kms.Key.fromKeyArn(here, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/west') });
const keyed = (here: Stack, name: string, arn: string, account?: string) =>
  ModelBucket.fromBucketName(here, name, name, { region: 'eu-north-1', account, encryptionKey: kms.Key.fromKeyArn(here, `${name}Key`, arn) });

const ARN = (name: string, path_ = '') => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::${name}${path_}`]] });
const OWN = (path_ = '') => path_ === '' ? { 'Fn::GetAtt': ['ModelsC55D3500', 'Arn'] } : { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['ModelsC55D3500', 'Arn'] }, path_]] };

function statementsOf(template: Template): any[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy')) as any[];
  return policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}

describe('to another region', () => {
  const { stack, template } = replicating(north);

  test('the rule copies what is below models/, deletes nothing there and is measured', () => {
    template().hasResourceProperties('AWS::S3::Bucket', {
      ...MODELS,
      ReplicationConfiguration: {
        Role: { 'Fn::GetAtt': ['ModelsReplicationRoleA7E0F49C', 'Arn'] },
        Rules: [Match.exact({
          Id: 'models-to-models-north',
          Priority: 1,
          Status: 'Enabled',
          Filter: { Prefix: 'models/' },
          DeleteMarkerReplication: { Status: 'Disabled' },
          Destination: { Bucket: ARN('models-north'), Metrics: { Status: 'Enabled' } },
        })],
      },
    });
  });

  test('the role is for S3 alone and does what is documented, below models/', () => {
    template().hasResourceProperties('AWS::IAM::Role', {
      RoleName: Match.absent(),
      AssumeRolePolicyDocument: { Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' } }] },
    });
    expect(statementsOf(template())).toEqual([
      { Effect: 'Allow', Action: ['s3:GetReplicationConfiguration', 's3:ListBucket'], Resource: OWN() },
      { Effect: 'Allow', Action: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'], Resource: OWN('/models/*') },
      { Effect: 'Allow', Action: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'], Resource: ARN('models-north', '/models/*') },
    ]);
  });

  test('the destination is deployed first', () => {
    expect(stack.dependencies.map(each => each.stackName)).toEqual(['North']);
  });

  test('a note says that what is there already stays where it is', () => {
    Annotations.fromStack(stack).hasInfo('/Here/Models', Match.stringLikeRegexp('S3 Batch Replication \\[ack: cdk-eks-model-artifacts:replicationStartsNow\\]'));
  });

  test('nobody else has anything to add', () => {
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
    const { models, replicas } = replicating(north);
    expect(models.replicationStatements(replicas[0])).toEqual([]);
    expect(models.replicationKeyStatements(replicas[0])).toEqual([]);
  });
});

test('several destinations have a rule and a priority each, and ids that are their own', () => {
  const destinations = (here: Stack) => [known('models-b')(here), known('models-a')(here)];
  const rules = (from: ReturnType<typeof replicating>) =>
    (Object.values(from.template().findResources('AWS::S3::Bucket', { Properties: MODELS }))[0] as any).Properties.ReplicationConfiguration.Rules;
  const ids = (each: any) => [each.Id, each.Priority, each.Destination.Bucket];
  expect(rules(replicating(destinations)).map(ids)).toEqual([['models-to-models-b', 1, ARN('models-b')], ['models-to-models-a', 2, ARN('models-a')]]);
  expect(rules(replicating(here => [known('models-a')(here)])).map(ids)).toEqual([['models-to-models-a', 1, ARN('models-a')]]);
});

test('without destinations there is nothing of it, and what holds data keeps its logical id with them', () => {
  const template = replicating(() => []).template();
  template.hasResourceProperties('AWS::S3::Bucket', { ...MODELS, ReplicationConfiguration: Match.absent() });
  template.resourceCountIs('AWS::IAM::Role', 0);
  const buckets = (from: Template) => Object.keys({ ...from.findResources('AWS::S3::Bucket'), ...from.findResources('AWS::S3::BucketPolicy') });
  expect(buckets(replicating(north).template())).toEqual(buckets(template));
});

test('Replication Time Control is fifteen minutes, and says when they are over', () => {
  replicating(north, () => ({ replicationTimeControl: true })).template().hasResourceProperties('AWS::S3::Bucket', {
    ...MODELS,
    ReplicationConfiguration: {
      Rules: [{ Destination: { ReplicationTime: { Status: 'Enabled', Time: { Minutes: 15 } }, Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } } } }],
    },
  });
  expect(() => new ModelBucket(stackIn(HERE, 'Here'), 'Models', { replicationTimeControl: true })).toThrow('there is nothing to replicate to: name buckets in replicateTo');
});

test('in the same region and stack a destination needs no name', () => {
  const { template } = replicating(here => [new ModelBucket(here, 'Replica')]);
  template().hasResource('AWS::S3::Bucket', {
    Properties: { ...MODELS, ReplicationConfiguration: { Rules: [{ Id: 'models-to-HereReplica457F16D4', Destination: { Bucket: { 'Fn::GetAtt': ['ReplicaDDFB2A87', 'Arn'] } } }] } },
    DependsOn: Match.arrayWith(['ReplicaDDFB2A87']),
  });
});

describe('S3-23 with KMS keys', () => {
  const { template } = replicating(here => [keyed(here, 'models-north', NORTH_KEY)], withKeys);

  test('the rule opts encrypted models in, and names the key of the other region', () => {
    template().hasResourceProperties('AWS::S3::Bucket', {
      ...MODELS,
      ReplicationConfiguration: {
        Rules: [{ SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } }, Destination: { EncryptionConfiguration: { ReplicaKmsKeyID: NORTH_KEY } } }],
      },
    });
  });

  test('the role decrypts here and encrypts there, each for its bucket and by way of S3 in its region', () => {
    expect(statementsOf(template()).filter(({ Action }) => JSON.stringify(Action).includes('kms:'))).toEqual([
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: 'arn:aws:kms:eu-west-1:111122223333:key/west',
        Condition: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': OWN(), 'kms:ViaService': { 'Fn::Join': ['', ['s3.eu-west-1.', { Ref: 'AWS::URLSuffix' }]] } } },
      },
      {
        Effect: 'Allow',
        Action: ['kms:Encrypt', 'kms:Decrypt'],
        Resource: NORTH_KEY,
        Condition: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': ARN('models-north'), 'kms:ViaService': { 'Fn::Join': ['', ['s3.eu-north-1.', { Ref: 'AWS::URLSuffix' }]] } } },
      },
    ]);
  });

  test('a warning says where the key of the destination would not be used', () => {
    const { stack } = replicating(here => [keyed(here, 'models-north', NORTH_KEY)]);
    Annotations.fromStack(stack).hasWarning('/Here/Models/Resource', Match.stringLikeRegexp('models-north is encrypted with keys of S3.*replicasWithoutKey'));
  });
});

describe('to another account', () => {
  const ROLE = 'arn:aws:iam::111122223333:role/Here-Models-Replication-A6F7A54D-eu-west-1';
  const abroad = (here: Stack) => [keyed(here, 'models-abroad', ABROAD_KEY, '444455556666')];

  test('replicas belong to that account', () => {
    const { template } = replicating(abroad, withKeys);
    template().hasResourceProperties('AWS::S3::Bucket', {
      ...MODELS,
      ReplicationConfiguration: { Rules: [{ Destination: { Account: '444455556666', AccessControlTranslation: { Owner: 'Destination' } } }] },
    });
    expect(statementsOf(template())).toContainEqual({
      Effect: 'Allow',
      Action: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags', 's3:ObjectOwnerOverrideToBucketOwner'],
      Resource: ARN('models-abroad', '/models/*'),
    });
    template().hasResourceProperties('AWS::IAM::Role', { RoleName: 'Here-Models-Replication-A6F7A54D-eu-west-1' });
  });

  test('what its owner must add is a file, a warning and a value', () => {
    const { app, stack, models, replicas } = replicating(abroad, withKeys);
    const { directory } = app.synth();
    const { requirements } = JSON.parse(fs.readFileSync(path.join(directory, 'Here.owner-policies.json'), 'utf8'));
    const pinned = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' } };
    expect(requirements).toEqual([
      {
        what: 'policy of bucket models-abroad',
        resource: 'arn:aws:s3:::models-abroad',
        statements: [
          {
            ...pinned,
            Sid: 'ReplicateModels',
            Action: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags', 's3:ObjectOwnerOverrideToBucketOwner'],
            Resource: 'arn:aws:s3:::models-abroad/models/*',
            Condition: { ArnEquals: { 'aws:PrincipalArn': ROLE } },
          },
          { ...pinned, Sid: 'SeeVersioning', Action: ['s3:GetBucketVersioning', 's3:ListBucket'], Resource: 'arn:aws:s3:::models-abroad', Condition: { ArnEquals: { 'aws:PrincipalArn': ROLE } } },
        ],
      },
      {
        what: 'policy of the key of bucket models-abroad',
        resource: ABROAD_KEY,
        statements: [{
          ...pinned,
          Action: ['kms:Encrypt', 'kms:Decrypt'],
          Resource: '*',
          Condition: {
            ArnEquals: { 'aws:PrincipalArn': ROLE },
            StringEquals: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::models-abroad', 'kms:ViaService': 's3.eu-north-1.amazonaws.com' },
          },
        }],
      },
    ]);
    for (const owned of ['arn:aws:s3:::models-abroad', ABROAD_KEY]) {
      Annotations.fromStack(stack).hasWarning('/Here/Models/Replication', Match.stringLikeRegexp(`the owner of ${owned} must add .*ownerMustAdd`));
    }
    expect(models.replicationStatements(replicas[0]).map(({ sid }) => sid)).toEqual(['ReplicateModels', 'SeeVersioning']);
    expect(models.replicationKeyStatements(replicas[0]).map(({ actions }) => actions)).toEqual([['kms:Encrypt', 'kms:Decrypt']]);
  });

  test('a bucket of this app gets the statements by itself', () => {
    const { app, stack } = replicating((_here, root) => [new ModelBucket(stackIn(ABROAD, 'Abroad', root), 'Replica', { bucketName: 'models-abroad' })]);
    const policies = Template.fromStack(app.node.findChild('Abroad') as Stack).findResources('AWS::S3::BucketPolicy', { Properties: { Bucket: { Ref: 'ReplicaDDFB2A87' } } });
    expect((Object.values(policies)[0] as any).Properties.PolicyDocument.Statement.slice(3, 5)).toMatchObject([
      { Sid: 'ReplicateModels', Condition: { ArnEquals: { 'aws:PrincipalArn': { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ROLE.slice(7)]] } } } },
      { Sid: 'SeeVersioning' },
    ]);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
    expect(stack.dependencies.map(each => each.stackName)).toEqual(['Abroad']);
  });

  test('the role of the same stack in another region has another name', () => {
    const app = new App();
    const stacks = ['eu-west-1', 'us-east-1'].map(region => {
      const stack = new Stack(app, `Here-${region}`, { env: { account: '111122223333', region }, stackName: 'Here' });
      new ModelBucket(stack, 'Models', { bucketName: `models-${region}`, replicateTo: [known('models-abroad', { account: '444455556666' })(stack)] });
      return stack;
    });
    const names = stacks.map(stack => Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'))[0].Properties.RoleName);
    expect(names).toEqual([expect.stringMatching(/-eu-west-1$/), expect.stringMatching(/-us-east-1$/)]);
  });
});

describe('what a destination refuses', () => {
  const { app } = replicating((_here, root) => [new ModelBucket(stackIn(ABROAD, 'Abroad', root), 'Replica', { bucketName: 'models-abroad' })]);
  const resource = new TemplatePolicies(Template.fromStack(app.node.findChild('Abroad') as Stack)).bucket('ReplicaDDFB2A87');
  const identity = new TemplatePolicies(Template.fromStack(app.node.findChild('Here') as Stack)).identity('ModelsReplicationRoleA7E0F49C');
  const role = 'arn:aws:sts::111122223333:assumed-role/Here-Models-Replication-A6F7A54D-eu-west-1/s3-replication';
  const session = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/Here-Models-Replication-A6F7A54D-eu-west-1' };
  const KEY = 'models/team/llama/1/weights.safetensors';
  const ask = (action: string, key: string, context: Record<string, string> = {}) =>
    isAllowed({ principal: role, action, resource: `arn:aws:s3:::models-abroad/${key}`, resourceAccount: '444455556666', context: { ...session, ...context } }, { identity, resource });

  test('replicas are let in, though the bucket is write-once', async () => {
    expect(await ask('s3:ReplicateObject', KEY)).toBe(true);
    expect(await ask('s3:ReplicateTags', KEY)).toBe(true);
    expect(await ask('s3:ObjectOwnerOverrideToBucketOwner', KEY)).toBe(true);
  });

  test.each([
    ['the role may not put objects', 's3:PutObject', KEY, {}],
    ['nor delete them', 's3:DeleteObject', KEY, {}],
    ['nor read them', 's3:GetObject', KEY, {}],
    ['nor replicate anything else', 's3:ReplicateObject', 'legacy/llama/model.json', {}],
    ['another role of that account gets nothing', 's3:ReplicateObject', KEY, { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/Other' }],
    ['nor does it over plain HTTP', 's3:ReplicateObject', KEY, { 'aws:SecureTransport': 'false' }],
  ])('%s', async (_what, action, key, context) => {
    expect(await ask(action, key, context)).toBe(false);
  });
});

test('a stage of its own for the destination is deployed in the order that its owner chose', () => {
  const app = new App();
  const replica = new ModelBucket(new Stack(new Stage(app, 'First'), 'North', { env: THERE }), 'Replica', { bucketName: 'models-north' });
  const stack = new Stack(new Stage(app, 'Second'), 'Here', { env: HERE });
  new ModelBucket(stack, 'Models', { bucketName: 'models-here', replicateTo: [replica] });
  expect(() => app.synth()).not.toThrow();
});

test('a warning says that replicas are not replicated again', () => {
  const { stack } = replicating((_here, app) => [
    new ModelBucket(stackIn(THERE, 'North', app), 'Replica', { bucketName: 'models-north', replicateTo: [known('models-far')(stackIn(THERE, 'Far', app))] }),
  ]);
  Annotations.fromStack(stack).hasWarning('/Here/Models/Replication', Match.stringLikeRegexp(
    'bucket models-north replicates to models-far, but not what models-here replicates to it.*replicasNotReplicated',
  ));
});

describe('is refused', () => {
  test.each<[string, (here: Stack, app: App) => IModelBucket[], string]>([
    ['to the same bucket', here => [known('models-here')(here)], 'it is the same bucket'],
    ['twice to one bucket', here => [known('models-a')(here), ModelBucket.fromBucketName(here, 'Again', 'models-a')], 'it is a destination already'],
    ['to a bucket of another stack without a name', (_here, app) => [new ModelBucket(stackIn(THERE, 'North', app), 'Replica')], "can't replicate to North/Replica/Resource: it is in another stack and its name is known only after deploying: give it a bucketName"],
    ['to an account that is known only after deploying', here => [known('models-a', { account: new CfnParameter(here, 'Account').valueAsString })(here)], 'whether it is in the same account is known only after deploying'],
    ['to another partition', here => [known('models-a', { region: 'cn-north-1' })(here)], 'it is in partition aws-cn, this bucket in aws'],
  ])('%s', (_what, destinations, message) => {
    expect(() => replicating(destinations)).toThrow(message);
  });

  test.each<[string, (here: Stack, app: App) => IModelBucket, string]>([
    ['without a key there', here => known('models-a')(here), 'models are encrypted with a KMS key here and need one there'],
    ['with a key of this region there', here => keyed(here, 'models-a', 'arn:aws:kms:eu-west-1:111122223333:key/west'), "its encryptionKey is in eu-west-1, and a replica is encrypted with a key of the bucket's own region, eu-north-1"],
    ['where there are no bucket keys', here => known('models-a', { bucketKeyEnabled: false, encryptionKey: kms.Key.fromKeyArn(here, 'North', NORTH_KEY) })(here), 'replicas keep the S3 Bucket Keys of their source'],
    ['with a key of another region that has no ARN yet', (_here, app) => {
      const there = stackIn(THERE, 'North', app);
      return new ModelBucket(there, 'Replica', { bucketName: 'models-north', encryptionKey: new kms.Key(there, 'Key') });
    }, 'the ARN of its encryptionKey is known only after deploying, and the key is in another region or account: take the key by its ARN with kms.Key.fromKeyArn'],
  ])('with a KMS key, %s', (_what, destination, message) => {
    expect(() => replicating((here, app) => [destination(here, app)], withKeys)).toThrow(message);
  });

  test('in a circle', () => {
    const app = new App();
    const [a, b] = [stackIn(HERE, 'A', app), stackIn(THERE, 'B', app)];
    new ModelBucket(a, 'Models', { bucketName: 'models-a', replicateTo: [known('models-b')(a)] });
    expect(() => new ModelBucket(b, 'Models', { bucketName: 'models-b', replicateTo: [known('models-a')(b)] }))
      .toThrow('bucket models-b would replicate to itself, by way of models-a: publish to one bucket, and replicate from that one to all others');
  });

  test('to a bucket of this app that is not versioned', () => {
    const { app } = replicating((_here, root) => [ModelBucket.fromBucket(new s3.Bucket(stackIn(THERE, 'North', root), 'Plain', { bucketName: 'models-plain' }))]);
    expect(() => app.synth()).toThrow('North/Plain/Resource is not versioned, and S3 replicates to versioned buckets alone: enable versioning');
  });

  test('statements for a bucket that is no destination', () => {
    const { models, stack } = replicating(north);
    expect(() => models.replicationStatements(known('models-a')(stack))).toThrow('models-a is not a destination of Here/Models: name it in replicateTo');
  });
});

test('a stack without an environment replicates within its region and account', () => {
  const stack = stackIn(undefined, 'Here');
  new ModelBucket(stack, 'Models', { bucketName: 'models-here', replicateTo: [ModelBucket.fromBucketName(stack, 'Replica', 'models-replica'), known('models-north')(stack)] });
  Template.fromStack(stack).hasResourceProperties('AWS::S3::Bucket', { ...MODELS, ReplicationConfiguration: { Rules: [{ Priority: 1 }, { Priority: 2, Destination: { Account: Match.absent() } }] } });
  expect(stack.account).toBe(Aws.ACCOUNT_ID);
});
