import { App, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ModelReaderRole, ModelReaderRoleProps } from '../../lib/access';
import { ModelArtifact } from '../../lib/model';
import { ModelBucket } from '../../lib/storage';

const arn = (name: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:eks:eu-west-1:111122223333:cluster/${name}`]] });

function newStack(): Stack {
  return new Stack(new App(), 'Access', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function cluster(scope: Construct, clusterName: string): eks.IClusterRef {
  return eks.Cluster.fromClusterAttributes(scope, `Cluster-${clusterName}`, { clusterName });
}

function bucketOf(stack: Stack, name = 'models-example') {
  return ModelBucket.fromBucket(s3.Bucket.fromBucketArn(stack, `Bucket-${name}`, `arn:aws:s3:::${name}`));
}

function readersOf(stack: Stack, props: Partial<ModelReaderRoleProps> = {}): ModelReaderRole {
  return new ModelReaderRole(stack, 'Readers', { ...props, cluster: cluster(stack, 'blue'), buckets: props.buckets ?? [bucketOf(stack)] });
}

describe('trust', () => {
  test('S3-16 has one statement, with both actions, pinned to the cluster', () => {
    const stack = newStack();
    readersOf(stack);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: Match.exact({
        Version: '2012-10-17',
        Statement: [{
          Effect: 'Allow',
          Principal: { Service: 'pods.eks.amazonaws.com' },
          Action: ['sts:AssumeRole', 'sts:TagSession'],
          Condition: { StringEquals: { 'aws:RequestTag/eks-cluster-arn': [arn('blue')] } },
        }],
      }),
    });
  });

  test('S3-16 S3-21 with two clusters still has one statement, and so has the policy, pinned to both', () => {
    const stack = newStack();
    readersOf(stack, { additionalClusters: [cluster(stack, 'green')] });
    const template = Template.fromStack(stack);
    const both = [arn('blue'), arn('green')];
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [Match.objectLike({ Condition: { StringEquals: { 'aws:RequestTag/eks-cluster-arn': both } } })] },
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Condition: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': both } } })] },
    });
  });
});

describe('policy', () => {
  test('S3-19 S3-21 reads by namespace and cluster from all buckets by one statement, and lists nothing', () => {
    const stack = newStack();
    readersOf(stack, { buckets: [bucketOf(stack), bucketOf(stack, 'more-example')] });
    const [policy, ...others] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as any[];
    expect(others).toEqual([]);
    expect(policy.Properties.PolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [{
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: ['models-example', 'more-example'].flatMap(name => [
          `arn:aws:s3:::${name}/models/\${aws:PrincipalTag/kubernetes-namespace}/*`, `arn:aws:s3:::${name}/models/_shared/*`,
        ]),
        Condition: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': [arn('blue')] } },
      }],
    });
  });

  test('a role without buckets is refused', () => {
    expect(() => readersOf(newStack(), { buckets: [] })).toThrow('buckets is empty: a reader role needs a bucket to read from');
  });

  test('the role can be granted more', () => {
    const stack = newStack();
    const readers = readersOf(stack);
    iam.Grant.addToPrincipal({ grantee: readers, actions: ['sqs:SendMessage'], resourceArns: ['arn:aws:sqs:eu-west-1:111122223333:q'] });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: 's3:GetObject' }), Match.objectLike({ Action: 'sqs:SendMessage' })] },
      Roles: [stack.resolve(readers.role.roleName)],
    });
  });
});

describe('associate', () => {
  test('S3-15 makes an association in every cluster, and nothing else', () => {
    const stack = newStack();
    const readers = readersOf(stack, { additionalClusters: [cluster(stack, 'green'), cluster(stack, 'grey')] });
    readers.associate({ namespace: 'team', serviceAccount: 'chat' });
    const template = Template.fromStack(stack);
    expect(Object.values(template.findResources('AWS::EKS::PodIdentityAssociation')).map(resource => resource.Properties)).toEqual(
      ['blue', 'green', 'grey'].map(ClusterName => ({ ClusterName, Namespace: 'team', ServiceAccount: 'chat', RoleArn: stack.resolve(readers.role.roleArn) })),
    );
    expect(Object.values(template.toJSON().Resources).map((resource: any) => resource.Type).sort()).toEqual([
      ...Array(3).fill('AWS::EKS::PodIdentityAssociation'), 'AWS::IAM::Policy', 'AWS::IAM::Role',
    ]);
    expect(JSON.stringify(template.toJSON())).not.toContain('eks.amazonaws.com/role-arn');
  });

  test('comes after the policy of the role, so that a pod that starts at once is allowed to read', () => {
    const stack = newStack();
    readersOf(stack).associate({ namespace: 'team', serviceAccount: 'chat' });
    const template = Template.fromStack(stack);
    template.hasResource('AWS::EKS::PodIdentityAssociation', { DependsOn: Match.arrayWith(Object.keys(template.findResources('AWS::IAM::Policy'))) });
  });

  test('twice is refused', () => {
    const readers = readersOf(newStack());
    readers.associate({ namespace: 'team', serviceAccount: 'chat' });
    expect(() => readers.associate({ namespace: 'team', serviceAccount: 'chat' })).toThrow(
      'service account team/chat has a Pod Identity association already, at Access/Readers/',
    );
  });

  test('twice is refused through another role', () => {
    const stack = newStack();
    readersOf(stack).associate({ namespace: 'team', serviceAccount: 'chat' });
    const others = new ModelReaderRole(stack, 'Others', { cluster: stack.node.findChild('Cluster-blue') as any, buckets: [bucketOf(stack, 'more')] });
    expect(() => others.associate({ namespace: 'team', serviceAccount: 'chat' })).toThrow(
      /^service account team\/chat has a Pod Identity association already, at Access\/Readers\/\S+: EKS takes one for each service account; use the identity that it returned, or grant to its role$/,
    );
  });

  test('one cluster given twice is refused', () => {
    const stack = newStack();
    const readers = readersOf(stack, { additionalClusters: [eks.Cluster.fromClusterAttributes(stack, 'Again', { clusterName: 'blue' })] });
    expect(() => readers.associate({ namespace: 'team', serviceAccount: 'chat' })).toThrow('service account team/chat has a Pod Identity association already');
  });

  test.each([
    [{ namespace: 'a-b', serviceAccount: 'c' }, { namespace: 'a', serviceAccount: 'b-c' }],
    [{ namespace: 'team', serviceAccount: 'chat-green' }, { namespace: 'team', serviceAccount: 'chat' }],
    [{ namespace: 'a', serviceAccount: 'b.c' }, { namespace: 'a', serviceAccount: 'b-c' }],
  ])('%j and %j do not get in the way of each other', (one, other) => {
    const stack = newStack();
    const readers = readersOf(stack, { additionalClusters: [cluster(stack, 'green')] });
    readers.associate(one);
    expect(() => readers.associate(other)).not.toThrow();
    Template.fromStack(stack).resourceCountIs('AWS::EKS::PodIdentityAssociation', 4);
  });

  test('additional clusters whose names come at deploy time are told apart', () => {
    const stack = newStack();
    const clusters = ['One', 'Two'].map(id => new eks.CfnCluster(new Construct(stack, id), 'Cluster', { roleArn: 'arn:aws:iam::111122223333:role/c', resourcesVpcConfig: { subnetIds: [] } }));
    const readers = readersOf(stack, { additionalClusters: clusters });
    expect(() => readers.associate({ namespace: 'team', serviceAccount: 'chat' })).not.toThrow();
    Template.fromStack(stack).resourceCountIs('AWS::EKS::PodIdentityAssociation', 3);
  });

  test('the association of a cluster stays itself when the order of the additional ones changes', () => {
    const ids = (names: string[]) => {
      const stack = newStack();
      readersOf(stack, { additionalClusters: names.map(name => cluster(stack, name)) }).associate({ namespace: 'team', serviceAccount: 'chat' });
      const found = Template.fromStack(stack).findResources('AWS::EKS::PodIdentityAssociation') as Record<string, any>;
      return Object.fromEntries(Object.entries(found).map(([id, resource]) => [resource.Properties.ClusterName, id]));
    };
    expect(ids(['grey', 'green'])).toEqual(ids(['green', 'grey']));
  });
});

describe('agent', () => {
  test('S3-17 is not installed unless asked', () => {
    const stack = newStack();
    readersOf(stack).associate({ namespace: 'team', serviceAccount: 'chat' });
    Template.fromStack(stack).resourceCountIs('AWS::EKS::Addon', 0);
  });

  test('is installed in every cluster where asked', () => {
    const stack = newStack();
    readersOf(stack, { installAgent: true, additionalClusters: [cluster(stack, 'green')] });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EKS::Addon', 2);
    for (const ClusterName of ['blue', 'green']) {
      template.hasResourceProperties('AWS::EKS::Addon', Match.exact({ AddonName: 'eks-pod-identity-agent', ClusterName }));
    }
  });
});

describe('grantRead', () => {
  const legacy = (tenant?: string) => ModelArtifact.of({ name: 'llama', version: '1', size: Size.gibibytes(1), prefix: 'legacy/llama/v3', tenant });
  const granted = (tenant?: string) => {
    const stack = newStack();
    const bucket = bucketOf(stack);
    readersOf(stack, { buckets: [bucketOf(stack, 'more')] }).grantRead(bucket, legacy(tenant));
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as any[];
    return policy.Properties.PolicyDocument.Statement[1];
  };

  test('S3-21 S3-22 reaches the prefix with its slash, for the pods of the cluster', () => {
    expect(granted()).toEqual({
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::models-example/legacy/llama/v3/*',
      Condition: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': [arn('blue')] } },
    });
  });

  test("S3-21 is for the namespace of the model's tenant", () => {
    expect(granted('team').Condition).toEqual({
      StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': [arn('blue')], 'aws:PrincipalTag/kubernetes-namespace': ['team'] },
    });
  });

  test('is refused for a model with the published layout', () => {
    const stack = newStack();
    expect(() => readersOf(stack).grantRead(bucketOf(stack, 'more'), ModelArtifact.of({ name: 'llama', version: '1', size: Size.gibibytes(1), tenant: 'team' }))).toThrow(
      'model team/llama@1 needs no grant of its own: it is below models/, where session tags decide; remove this grant',
    );
  });
});

describe('blue/green', () => {
  test('when the old cluster goes, the associations of the new one stay what they are', () => {
    const associations = (make: (stack: Stack) => ModelReaderRole) => {
      const stack = newStack();
      make(stack).associate({ namespace: 'team', serviceAccount: 'chat' });
      return Object.entries(Template.fromStack(stack).findResources('AWS::EKS::PodIdentityAssociation')).map(([id, { Properties }]) => [Properties.ClusterName, id]);
    };
    const role = (stack: Stack, first: string, ...more: string[]) => new ModelReaderRole(stack, 'Readers', {
      cluster: cluster(stack, first), additionalClusters: more.map(name => cluster(stack, name)), buckets: [bucketOf(stack)], installAgent: true,
    });
    const during = new Map(associations(stack => role(stack, 'blue', 'green')) as Array<[string, string]>);
    const after = new Map(associations(stack => role(stack, 'green')) as Array<[string, string]>);
    expect([...during.keys()]).toEqual(['blue', 'green']);
    expect(after.get('green')).toBe(during.get('green'));
  });

  test('a cluster of another region is refused, as its association would be made in this one', () => {
    const app = new App();
    const there = new Stack(app, 'There', { env: { account: '111122223333', region: 'us-east-1' } });
    const here = new Stack(app, 'Here', { env: { account: '111122223333', region: 'eu-west-1' } });
    const readers = new ModelReaderRole(here, 'Readers', { cluster: cluster(there, 'green'), buckets: [bucketOf(here)] });
    expect(() => readers.associate({ namespace: 'team', serviceAccount: 'chat' })).toThrow(
      'cluster There/Cluster-green is in region us-east-1, and its association would be made in eu-west-1: make the association, or the reader role, in a stack of the cluster\'s region',
    );
  });
});

test('S3-25 expiry below a granted prefix is refused, wherever that prefix is', () => {
  const stack = newStack();
  const definition = new s3.CfnBucket(stack, 'Exports', { bucketName: 'exports-example', lifecycleConfiguration: { rules: [{ id: 'old', status: 'Enabled', prefix: 'exports/', expirationInDays: 30 }] } });
  const bucket = ModelBucket.fromBucket(definition);
  const readers = readersOf(stack, { buckets: [bucket] });
  readers.grantRead(bucket, ModelArtifact.of({ name: 'bert', version: '3', size: Size.gibibytes(2), prefix: 'exports/bert/v3/' }));
  expect(() => Template.fromStack(stack)).toThrow("lifecycle rule 'old' expires published models, and a pod that starts later finds none: limit it to a prefix outside exports/bert/v3/");
});

test.each([
  ['another region', { account: '111122223333', region: 'eu-north-1' }],
  ['another account', { account: '444455556666', region: 'eu-west-1' }],
])('a bucket of %s in the same app is granted by its name: no function or role fetches its ARN', (_, env) => {
  const app = new App();
  const [stack, other] = [new Stack(app, 'Access', { env: { account: '111122223333', region: 'eu-west-1' } }), new Stack(app, 'Other', { env })];
  readersOf(stack, { buckets: [new ModelBucket(other, 'Models', { bucketName: 'models-elsewhere' })] });
  const template = Template.fromStack(stack).toJSON();
  expect(Object.values<any>(template.Resources).map(({ Type }) => Type).sort()).toEqual(['AWS::IAM::Policy', 'AWS::IAM::Role']);
  expect(JSON.stringify(template)).toContain(':s3:::models-elsewhere/models/_shared/*');
  expect(new Set(Object.values<any>(Template.fromStack(other).toJSON().Resources).map(({ Type }) => Type))).toEqual(new Set(['AWS::S3::Bucket', 'AWS::S3::BucketPolicy']));
});
