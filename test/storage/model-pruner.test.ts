import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IModelBucket, ModelBucket, ModelBucketProps, ModelPruner, ModelPrunerProps, PrunerReference } from '../../lib/storage';

const HERE = { account: '111122223333', region: 'eu-west-1' };
const ROLE = 'arn:aws:iam::111122223333:role/pruner';
const OTHER = 'arn:aws:iam::444455556666:role/team/pruner-elsewhere';
const CI = new iam.WebIdentityPrincipal('arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com');

/** A stack with a pruner of the buckets. */
function pruning(bucket: (stack: Stack) => IModelBucket, props: Partial<ModelPrunerProps> = {}, env: { account?: string; region?: string } = HERE) {
  const app = new App();
  const stack = new Stack(app, 'Ops', { env });
  const models = bucket(stack);
  const pruner = new ModelPruner(stack, 'Pruner', { buckets: [models], assumedBy: CI, ...props });
  return { app, stack, models, pruner };
}

const known = (options = {}, name = 'models-example') => (stack: Stack) => ModelBucket.fromBucketName(stack, 'Known', name, options);

function statementsOf(stack: Stack): any[] {
  return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).flatMap(({ Properties }: any) => Properties.PolicyDocument.Statement);
}

/** The statements of the bucket's policy that deny deleting, by their name. */
function denials(stack: Stack): Record<string, any> {
  const documents = Object.values(Template.fromStack(stack).findResources('AWS::S3::BucketPolicy')).flatMap(({ Properties }: any) => Properties.PolicyDocument.Statement);
  return Object.fromEntries(documents.filter(({ Sid }) => /^DenyDeleting/.test(Sid)).map(statement => [statement.Sid, statement]));
}

test('the role is assumed by whom it is for', () => {
  const { stack } = pruning(known(), { roleName: 'pruner' });
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
    RoleName: 'pruner',
    AssumeRolePolicyDocument: { Statement: [Match.objectLike({ Action: 'sts:AssumeRoleWithWebIdentity' })] },
  });
});

test('several buckets are pruned by one role, with the key of each', () => {
  const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/k';
  const app = new App();
  const stack = new Stack(app, 'Ops', { env: HERE });
  const buckets = [known()(stack), ModelBucket.fromBucketName(stack, 'Other', 'others-example', { encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY) })];
  new ModelPruner(stack, 'Pruner', { buckets, assumedBy: CI });
  const [objects, manifests, lists, settings, key] = statementsOf(stack).map(({ Action, Resource, Condition }) => (
    { Action, Condition, names: [Resource].flat().map(each => JSON.stringify(each).replace(/^.*:s3:::|"[\]}]*$/g, '')) }));
  const roots = (name: string) => ['models', 'publishing', 'signatures'].map(root => `${name}/${root}/*`);
  expect(objects).toEqual({ Action: 's3:DeleteObject', names: [...roots('models-example'), ...roots('others-example')] });
  expect(manifests.Action).toBe('s3:GetObject');
  expect(manifests.names).toEqual(['models-example', 'others-example'].flatMap(name => [`${name}/models/*/manifest.sha256`, `${name}/publishing/*/manifest.sha256`]));
  expect(lists).toEqual({
    Action: ['s3:ListBucket', 's3:ListBucketVersions'],
    names: ['models-example', 'others-example'],
    Condition: { StringLike: { 's3:prefix': ['models/*', 'publishing/*', 'signatures/*'] } },
  });
  expect(settings).toEqual({ Action: ['s3:GetBucketVersioning', 's3:GetLifecycleConfiguration'], names: ['models-example', 'others-example'] });
  expect(key).toMatchObject({ Action: 'kms:Decrypt', Condition: { StringEquals: { 'kms:ViaService': { 'Fn::Join': ['', ['s3.eu-west-1.', { Ref: 'AWS::URLSuffix' }]] } } } });
});

test('a pruner that publishes too clears what was never published: nothing stops the grant', () => {
  const { models, pruner, stack } = pruning(here => new ModelBucket(here, 'Models', { bucketName: 'models-example' }), { roleName: 'pruner' });
  expect(models.grants.publish(pruner, { tenants: ['team'] }).success).toBe(true);
  expect(models.grants.accessTable()).toEqual([
    { prefix: 'models/', readers: [], publishers: [], deleters: ['role pruner'] },
    { prefix: 'models/team/', readers: ['role pruner'], publishers: ['role pruner'], deleters: ['role pruner'] },
  ]);
  expect(denials(stack).DenyDeletingModels.Condition.ArnNotEquals['aws:PrincipalArn']).toHaveLength(1);
});

test('no bucket is refused', () => {
  expect(() => pruning(known(), { buckets: [] })).toThrow('buckets is empty: a pruner needs a bucket to prune');
});

describe('the policy of a bucket of this app', () => {
  const ours = (stack: Stack) => new ModelBucket(stack, 'Models', { bucketName: 'models-example' });

  test('lets pruners delete, and those that undo delete versions, however late they are made', () => {
    const { stack, models, pruner } = pruning(ours);
    const second = new ModelPruner(stack, 'Second', { buckets: [models], assumedBy: CI, undo: true });
    const { DenyDeletingModels, DenyDeletingVersions } = denials(stack);
    const except = (...those: ModelPruner[]) => ({ ArnNotEquals: { 'aws:PrincipalArn': those.map(each => stack.resolve(each.roleArn)) } });
    expect(DenyDeletingModels.Condition).toEqual(except(pruner, second));
    expect(DenyDeletingVersions.Condition).toEqual(except(second));
  });

  test('lets nobody where there is no pruner', () => {
    const stack = new Stack(new App(), 'Models', { env: HERE });
    ours(stack);
    expect(Object.values(denials(stack)).map(({ Action, Effect, Principal, Condition }) => ({ Action, Effect, Principal, Condition }))).toEqual([
      { Action: 's3:DeleteObject', Effect: 'Deny', Principal: { AWS: '*' } }, { Action: 's3:DeleteObjectVersion', Effect: 'Deny', Principal: { AWS: '*' } },
    ]);
  });

  test('knows a pruner that knows the bucket by another reference', () => {
    const { stack, pruner } = pruning(here => ModelBucket.fromBucket(ours(here).bucket));
    expect(denials(stack).DenyDeletingModels.Condition).toEqual({ ArnNotEquals: { 'aws:PrincipalArn': [stack.resolve(pruner.roleArn)] } });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('ownerMustAdd'));
  });

  test('names the role of a stack that is deployed later by its name', () => {
    const app = new App();
    const storage = new Stack(app, 'Storage', { env: HERE });
    const models = new ModelBucket(storage, 'Models'); // without a name, so that the role's policy needs its stack
    const stack = new Stack(app, 'Ops', { env: HERE });
    new ModelPruner(stack, 'Pruner', { buckets: [models], assumedBy: CI, roleName: 'pruner' });
    app.synth();
    expect(storage.dependencies).toEqual([]);
    expect(denials(storage).DenyDeletingModels.Condition.ArnNotEquals['aws:PrincipalArn']).toEqual([{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ROLE.slice(7)]] }]);
  });

  test('has no denial where everything goes with the stack, and a pruner is no mistake then', () => {
    const { stack } = pruning(here => new ModelBucket(here, 'Models', { removalPolicy: RemovalPolicy.DESTROY }));
    expect(denials(stack)).toEqual({});
  });
});

describe('a bucket that is not ours', () => {
  const requirements = (app: App) => JSON.parse(fs.readFileSync(path.join(app.synth().directory, 'Ops.owner-policies.json'), 'utf8')).requirements;

  test('of this account: its owner lets the pruners delete, by a value that is in the file too', () => {
    const { app, stack } = pruning(known(), { roleName: 'pruner' });
    const [requirement, ...more] = requirements(app);
    expect(more).toEqual([]);
    expect(requirement.what).toBe('policy of bucket models-example');
    expect(requirement.statements.map(({ Sid, Condition }: any) => [Sid, Condition])).toEqual([
      ['DenyDeletingModels', { ArnNotEquals: { 'aws:PrincipalArn': [ROLE] } }], ['DenyDeletingVersions', undefined],
    ]);
    expect(requirement.note).toContain('replace those that the policy has');
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('models-example must add statements.*ownerMustAdd'));
  });

  test('of which a pruner of another app is known: it stays among those that may delete', () => {
    const { app } = pruning(known({ pruners: [{ roleArn: OTHER, undo: true }] }), { roleName: 'pruner' });
    expect(requirements(app)[0].statements.map(({ Condition }: any) => Condition.ArnNotEquals['aws:PrincipalArn'])).toEqual([[OTHER, ROLE], [OTHER]]);
  });

  test('the statements as a value are what they are at once, whoever was made before', () => {
    const statements = ModelBucket.deletionStatements('arn:aws:s3:::models-example', [{ roleArn: ROLE }, { roleArn: OTHER, undo: true }]);
    const objects = ['models', 'publishing', 'signatures'].map(root => `arn:aws:s3:::models-example/${root}/*`);
    const denial = (sid: string, action: string, those: string[]) => (
      { Sid: sid, Effect: 'Deny', Principal: { AWS: '*' }, Action: action, Resource: objects, Condition: { ArnNotEquals: { 'aws:PrincipalArn': those } } });
    expect(statements.map(statement => statement.toStatementJson())).toEqual([
      denial('DenyDeletingModels', 's3:DeleteObject', [ROLE, OTHER]), denial('DenyDeletingVersions', 's3:DeleteObjectVersion', [OTHER]),
    ]);
    expect(() => ModelBucket.deletionStatements('arn:aws:s3:::models-example', [{ roleArn: 'pruner' }])).toThrow("pruner 'pruner' is not the ARN of a role");
  });

  test('of another account: its owner allows all of it too, to that role', () => {
    const { app } = pruning(known({ account: '444455556666' }), { roleName: 'pruner' });
    const { statements } = requirements(app)[0];
    const allowed = statements.filter(({ Effect }: any) => Effect === 'Allow');
    expect(allowed.map(({ Action }: any) => Action)).toEqual([
      's3:DeleteObject', 's3:GetObject', ['s3:ListBucket', 's3:ListBucketVersions'], ['s3:GetBucketVersioning', 's3:GetLifecycleConfiguration'],
    ]);
    for (const { Principal, Condition } of allowed) {
      expect(Principal).toEqual({ AWS: 'arn:aws:iam::111122223333:root' });
      expect(Condition.ArnEquals).toEqual({ 'aws:PrincipalArn': ROLE });
    }
    expect(statements.filter(({ Effect }: any) => Effect === 'Deny')).toHaveLength(2);
  });

  test('of a name known at deploy time is pruned too', () => {
    const { stack } = pruning(known({}, Fn.importValue('Bucket')), {}, {});
    expect(JSON.stringify(statementsOf(stack)[0].Resource)).toContain('"Fn::ImportValue":"Bucket"');
  });
});

describe('a bucket in one app and its pruner in another', () => {
  /** The file that the app with the pruner writes. */
  const asked = (props: Partial<ModelPrunerProps>, account = HERE.account) => {
    const { app, stack } = pruning(known({ account, definedAsModelBucket: true }), props);
    const file = path.join(app.synth().directory, 'Ops.owner-policies.json');
    return { stack, requirements: JSON.parse(fs.readFileSync(file, 'utf8')).requirements as any[] };
  };
  const owner = (...pruners: PrunerReference[]) => {
    const stack = new Stack(new App(), 'Storage', { env: HERE });
    return { stack, models: new ModelBucket(stack, 'Models', { bucketName: 'models-example', pruners }) };
  };

  test.each([false, true])('the owner is asked for what lets it delete, and for no denial: undo %s', undo => {
    const { stack, requirements } = asked({ roleName: 'pruner', undo });
    expect(requirements).toEqual([{ what: 'pruners of ModelBucket models-example', resource: 'arn:aws:s3:::models-example', statements: [], pruners: [{ roleArn: ROLE, undo }] }]);
    Annotations.fromStack(stack).hasWarning('/Ops/Pruner', Match.stringLikeRegexp('must add roles to the pruners of ModelBucket models-example.*ownerMustAdd'));
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('bucketNotWriteOnce'));

    const { stack: storage, models } = owner(...requirements[0].pruners); // as its owner copies it
    const except = { ArnNotEquals: { 'aws:PrincipalArn': [ROLE] } };
    expect(denials(storage).DenyDeletingModels.Condition).toEqual(except);
    expect(denials(storage).DenyDeletingVersions.Condition).toEqual(undo ? except : undefined);
    expect(models.grants.accessTable()).toEqual([{ prefix: 'models/', readers: [], publishers: [], deleters: [`role ${ROLE}`] }]);
  });

  test('of another account it must be allowed to besides', () => {
    const { requirements } = asked({ roleName: 'pruner' }, '444455556666');
    expect(requirements.map(({ what, statements }) => [what, [...new Set(statements.map(({ Effect }: any) => Effect))]])).toEqual([
      ['policy of bucket models-example', ['Allow']], ['pruners of ModelBucket models-example', []],
    ]);
  });

  test('two of one app are asked for together', () => {
    const { app, stack, models } = pruning(known({ definedAsModelBucket: true }), { roleName: 'pruner' });
    new ModelPruner(stack, 'Undo', { buckets: [models], assumedBy: CI, undo: true }); // a name that the file can't know
    const [{ pruners, note }] = JSON.parse(fs.readFileSync(path.join(app.synth().directory, 'Ops.owner-policies.json'), 'utf8')).requirements;
    expect(pruners).toEqual([{ roleArn: ROLE, undo: false }, { roleArn: { 'Fn::GetAtt': [expect.stringContaining('Undo'), 'Arn'] }, undo: true }]);
    expect(note).toContain('Ref and Fn:: are those of CloudFormation');
  });

  test.each(['pruner', '*', 'arn:aws:iam::111122223333:role/*', 'arn:aws:iam::111122223333:user/ann'])('%s is no role', roleArn => {
    expect(() => owner({ roleArn })).toThrow(`pruner '${roleArn}' is not the ARN of a role`);
  });

  test('an ARN that is known later is taken', () => {
    const { stack, models } = owner({ roleArn: Fn.importValue('Pruner') });
    expect(denials(stack).DenyDeletingModels.Condition).toEqual({ ArnNotEquals: { 'aws:PrincipalArn': [{ 'Fn::ImportValue': 'Pruner' }] } });
    expect(models.grants.accessTable()[0].deleters).toEqual(['role {"Fn::ImportValue":"Pruner"}']);
  });
});

describe('a pruner in another stack than the bucket, without a roleName', () => {
  const synth = (props: (storage: Stack) => ModelBucketProps, roleName?: string) => () => {
    const app = new App();
    const storage = new Stack(app, 'Storage', { env: HERE });
    const models = new ModelBucket(storage, 'Models', props(storage));
    new ModelPruner(new Stack(app, 'Ops', { env: HERE }), 'Pruner', { buckets: [models], assumedBy: CI, roleName });
    return app.synth();
  };
  const key = (scope: Stack) => ({ bucketName: 'models-example', encryptionKey: new kms.Key(scope, 'Key') });
  const NEITHER = /^Ops\/Pruner has a role with a generated name, which stack Storage needs .* the (name|key) of bucket .* give the pruner a roleName$/;

  test.each<[string, (storage: Stack) => ModelBucketProps]>([
    ['a generated name', () => ({})],
    ['a key of its stack', key],
    ['a key of its stack, as CloudFormation has it', scope => ({ bucketName: 'models-example', encryptionKey: new kms.CfnKey(scope, 'Key', { keyPolicy: {} }) })],
  ])('is refused for a bucket with %s, and a roleName is the way out', (_what, props) => {
    expect(synth(props)).toThrow(NEITHER);
    expect(synth(props, 'pruner')).not.toThrow();
  });

  test.each<[string, (storage: Stack) => ModelBucketProps]>([
    ['a name of its own', () => ({ bucketName: 'models-example' })],
    ['a key of elsewhere', scope => ({ bucketName: 'models-example', encryptionKey: kms.Key.fromKeyArn(scope, 'Key', `arn:aws:kms:eu-west-1:111122223333:key/${Fn.importValue('Key')}`) })],
    ['a key of a third stack', ({ node }) => key(new Stack(node.root as App, 'Keys', { env: HERE }))],
    ['a policy that denies no deletion', () => ({ removalPolicy: RemovalPolicy.DESTROY })],
  ])('is fine for a bucket with %s', (_what, props) => {
    expect(synth(props)).not.toThrow();
  });
});

describe('a warning says that what is pruned is never freed', () => {
  const WARNING = Match.stringLikeRegexp("no lifecycle rule of bucket 'models-example' expires every superseded version.*leave supersededVersions out.*prunedNeverFreed");
  const theirs = (props: Partial<s3.BucketProps>) => (stack: Stack) => ModelBucket.fromBucket(new s3.Bucket(stack, 'Theirs', { bucketName: 'models-example', versioned: true, ...props }));
  const expiring = (rule: s3.LifecycleRule) => theirs({ lifecycleRules: [{ noncurrentVersionExpiration: Duration.days(3), ...rule }] });

  test.each<[string, (stack: Stack) => IModelBucket]>([
    ['supersededVersions', stack => new ModelBucket(stack, 'Models', { bucketName: 'models-example', supersededVersions: 1 })],
    ['an existing bucket without a rule', theirs({})],
    ['one that keeps a number of versions', expiring({ noncurrentVersionsToRetain: 2 })],
    ['one with a rule elsewhere', expiring({ prefix: 'logs/' })],
    ['one with a rule for one tenant', expiring({ prefix: 'models/team/' })],
    ['one with a rule for some sizes', expiring({ objectSizeGreaterThan: 1 })],
    ['one with a rule that is off', expiring({ enabled: false })],
  ])('%s', (_what, bucket) => {
    const { app, stack } = pruning(bucket);
    app.synth();
    Annotations.fromStack(stack).hasWarning('/Ops/Pruner', WARNING);
  });

  test.each<[string, (stack: Stack) => IModelBucket]>([
    ['by default', stack => new ModelBucket(stack, 'Models', { bucketName: 'models-example' })],
    ['with a rule of days alone', expiring({})],
    ['with one for models/', expiring({ prefix: 'models/' })],
    ['without versions', theirs({ versioned: false })],
    ['of which nothing is known', known()],
  ])('and not %s', (_what, bucket) => {
    const { app, stack } = pruning(bucket);
    app.synth();
    Annotations.fromStack(stack).hasNoWarning('*', WARNING);
  });
});
