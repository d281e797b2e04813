import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ModelImageRepository, ModelImageRepositoryProps } from '../../lib/oci';

const ENV = { account: '111122223333', region: 'eu-west-1' };

function repositoryIn(props: ModelImageRepositoryProps = {}, stack = new Stack(new App(), 'Stack', { env: ENV })) {
  return { stack, repository: new ModelImageRepository(stack, 'Images', props) };
}

const actionsOf = (stack: Stack) => Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
  .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
  .map(({ Action, Resource }: any) => [[Action].flat().sort().join(' '), Resource === '*' ? '*' : 'repository']);

test('OCI-15 its tags are immutable, it scans, keeps what it has, and stays', () => {
  Template.fromStack(repositoryIn().stack).hasResource('AWS::ECR::Repository', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: { ImageTagMutability: 'IMMUTABLE', ImageScanningConfiguration: { ScanOnPush: true }, EmptyOnDelete: Match.absent() },
  });
});

test('it scans nothing where it should not', () => {
  Template.fromStack(repositoryIn({ scanOnPush: false }).stack).hasResourceProperties('AWS::ECR::Repository', { ImageScanningConfiguration: { ScanOnPush: false } });
});

test('what expires has no tag, and no rule counts images', () => {
  const [{ Properties }] = Object.values(Template.fromStack(repositoryIn({ untaggedRetention: Duration.days(3) }).stack).findResources('AWS::ECR::Repository'));
  expect(JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText).rules).toEqual([{
    rulePriority: 1,
    description: 'Images without a tag',
    selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 3 },
    action: { type: 'expire' },
  }]);
});

test('a key of yours encrypts it', () => {
  const stack = new Stack();
  repositoryIn({ encryptionKey: new kms.Key(stack, 'Key') }, stack);
  Template.fromStack(stack).hasResourceProperties('AWS::ECR::Repository', { EncryptionConfiguration: { EncryptionType: 'KMS', KmsKey: Match.anyValue() } });
});

test('who pulls can do nothing else, and who pushes can look whether a tag is there', () => {
  const role = (stack: Stack) => new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  const puller = repositoryIn();
  puller.repository.grantPull(role(puller.stack));
  expect(actionsOf(puller.stack)).toEqual([
    ['ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer', 'repository'],
    ['ecr:GetAuthorizationToken', '*'],
  ]);
  const pusher = repositoryIn();
  pusher.repository.grantPush(role(pusher.stack));
  const actions = actionsOf(pusher.stack);
  expect(actions.flatMap(([each]) => each.split(' ')).sort()).toEqual([
    'ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:CompleteLayerUpload', 'ecr:GetAuthorizationToken', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart',
  ]);
  expect(actions.filter(([, resource]) => resource === '*')).toEqual([['ecr:GetAuthorizationToken', '*']]);
});

test('replication is for names that begin with that of the repository, and warned about: a registry has one configuration', () => {
  const { stack } = repositoryIn({ repositoryName: 'models', replicateTo: ['eu-central-1', 'us-west-2'] });
  Template.fromStack(stack).hasResourceProperties('AWS::ECR::ReplicationConfiguration', {
    ReplicationConfiguration: {
      Rules: [{
        Destinations: [{ Region: 'eu-central-1', RegistryId: ENV.account }, { Region: 'us-west-2', RegistryId: ENV.account }],
        RepositoryFilters: [{ Filter: { Ref: Match.anyValue() }, FilterType: 'PREFIX_MATCH' }],
      }],
    },
  });
  Annotations.fromStack(stack).hasWarning('/Stack/Images', Match.stringLikeRegexp('one replication configuration.*Every other repository whose name begins with that of this one is replicated too.*\\[ack: cdk-eks-model-artifacts:registryReplication\\]'));
  Template.fromStack(repositoryIn().stack).resourceCountIs('AWS::ECR::ReplicationConfiguration', 0);
});

test('two replications of one registry are an error, also from two stacks; of two registries they are not', () => {
  const twice = (env: object) => {
    const app = new App();
    for (const [id, each] of [['A', ENV], ['B', env]] as const) new ModelImageRepository(new Stack(app, id, { env: each }), 'Images', { replicateTo: ['us-west-2'] });
    return () => app.synth();
  };
  expect(twice(ENV)).toThrow(/A\/Images and B\/Images\/Replication both set the replication of one registry/);
  expect(twice({ ...ENV, region: 'eu-west-2' })).not.toThrow();
});

test.each<[string, ModelImageRepositoryProps, RegExp]>([
  ['a retention of hours', { untaggedRetention: Duration.hours(36) }, /whole days and at least one/],
  ['a retention of none', { untaggedRetention: Duration.days(0) }, /whole days and at least one/],
  ['no region', { replicateTo: [] }, /replicateTo of Stack\/Images is empty/],
  ['its own region', { replicateTo: ['eu-west-1'] }, /names eu-west-1, where the repository is/],
  ['a region twice', { replicateTo: ['us-west-2', 'us-west-2'] }, /names us-west-2 twice/],
])('%s is refused', (_, props, says) => {
  expect(() => repositoryIn(props)).toThrow(says);
});
