import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import { CLUSTER } from './policy-fixture';
import { ACCOUNT, isAllowed } from './policy-simulator';
import { appOfTenants } from './policy-tenants-fixture';
import { ServiceAccountRole, ServiceAccountRoleProps } from '../../lib/access';
import { ModelBucket } from '../../lib/storage';

function fixture(props: Partial<ServiceAccountRoleProps> = {}) {
  const stack = new Stack(new App(), 'Access', { env: { account: ACCOUNT, region: 'eu-west-1' } });
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'blue' });
  return { stack, cluster, loader: new ServiceAccountRole(stack, 'Loader', { cluster, namespace: 'ops', serviceAccount: 'loader', ...props }) };
}

test('S3-16 is assumed by one service account of one cluster', async () => {
  const trust = appOfTenants(true).loaderTrust;
  const assume = (changed: Record<string, string | undefined> = {}) => isAllowed({
    principal: 'pods.eks.amazonaws.com',
    action: 'sts:AssumeRole',
    resource: `arn:aws:iam::${ACCOUNT}:role/loader`,
    context: Object.fromEntries(Object.entries({ 'eks-cluster-arn': CLUSTER.blue, 'kubernetes-namespace': 'ops', 'kubernetes-service-account': 'loader', ...changed })
      .filter(([, value]) => value !== undefined).map(([tag, value]) => [`aws:RequestTag/${tag}`, value!])),
  }, { resource: trust });
  expect(await assume()).toBe(true);
  for (const tag of ['eks-cluster-arn', 'kubernetes-namespace', 'kubernetes-service-account']) {
    for (const other of ['other', '*', undefined]) expect([tag, other, await assume({ [tag]: other })]).toEqual([tag, other, false]);
  }
  expect(trust.Statement).toHaveLength(1);
});

test('S3-15 makes the association, after what is granted to it, and no service account', () => {
  const { stack, loader } = fixture();
  const bucket = new ModelBucket(stack, 'Bucket', { bucketName: 'models-example' });
  expect(bucket.grants.publish(loader, { tenants: ['nlp'] }).success).toBe(true);
  const template = Template.fromStack(stack);
  template.hasResource('AWS::EKS::PodIdentityAssociation', {
    Properties: { ClusterName: 'blue', Namespace: 'ops', ServiceAccount: 'loader', RoleArn: stack.resolve(loader.roleArn) },
    DependsOn: Match.arrayWith(Object.keys(template.findResources('AWS::IAM::Policy'))),
  });
});

test('with a name its ARN is known without the role, so that a bucket of another stack can name it first', () => {
  const { stack, loader } = fixture({ roleName: 'loader' });
  expect(stack.resolve(loader.roleArn)).toEqual({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::${ACCOUNT}:role/loader`]] });
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', { RoleName: 'loader' });
});

test('a service account that has an association is refused', () => {
  const { stack, cluster } = fixture();
  expect(() => new ServiceAccountRole(stack, 'Again', { cluster, namespace: 'ops', serviceAccount: 'loader' })).toThrow('service account ops/loader has a Pod Identity association already');
});

test('S3-16 of two clusters it is the same service account in both, and in no other', () => {
  const stack = new Stack(new App(), 'Access', { env: { account: ACCOUNT, region: 'eu-west-1' } });
  const [cluster, green] = ['blue', 'green'].map(clusterName => eks.Cluster.fromClusterAttributes(stack, clusterName, { clusterName }));
  new ServiceAccountRole(stack, 'Loader', { cluster, additionalClusters: [green], namespace: 'ops', serviceAccount: 'loader' });
  const template = Template.fromStack(stack);
  const associations = Object.values(template.findResources('AWS::EKS::PodIdentityAssociation')).map(({ Properties }) => Properties.ClusterName);
  expect(associations.sort()).toEqual(['blue', 'green']);
  const [role] = Object.values(template.findResources('AWS::IAM::Role'));
  const trusted = role.Properties.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals['aws:RequestTag/eks-cluster-arn'];
  expect(trusted.map((arn: any) => arn['Fn::Join'][1].at(-1))).toEqual([`:eks:eu-west-1:${ACCOUNT}:cluster/blue`, `:eks:eu-west-1:${ACCOUNT}:cluster/green`]);
});
