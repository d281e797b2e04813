import { App, Lazy, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { WorkloadIdentity } from '../../lib/access';
import { ModelArtifact, ModelArtifactProps } from '../../lib/model';
import { IModelBucket, ModelBucket } from '../../lib/storage';

const ROLE = 'arn:aws:iam::111122223333:role/chat';

function fixture(options: iam.FromRoleArnOptions = {}, roleArn = ROLE) {
  const stack = new Stack(new App(), 'Access', { env: { account: '111122223333', region: 'eu-west-1' } });
  const bucketOf = (name: string) => ModelBucket.fromBucket(s3.Bucket.fromBucketArn(stack, name, `arn:aws:s3:::${name}`));
  const role = iam.Role.fromRoleArn(stack, 'Role', roleArn, options);
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'blue' });
  const sa = { namespace: 'team', serviceAccount: 'chat', role };
  const identities = { irsa: WorkloadIdentity.irsa(sa), podIdentity: WorkloadIdentity.podIdentity({ ...sa, cluster }) };
  return { stack, bucket: bucketOf('models-example'), other: bucketOf('other-example'), ...identities };
}

const model = (props: Partial<ModelArtifactProps> = {}) => ModelArtifact.of({ name: 'llama', version: '1', size: Size.gibibytes(1), ...props });
const refusal = (identity: WorkloadIdentity, artifact: ModelArtifact, bucket: IModelBucket) =>
  (identity as any)._refusal(artifact, bucket) as string | undefined;
const statements = (stack: Stack): any[] => Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
  .flatMap(({ Properties }: any) => Properties.PolicyDocument.Statement);

test('IRSA keeps its role, whose ARN is literal, and its service account is not written', () => {
  const { stack, irsa, podIdentity } = fixture();
  expect([irsa.namespace, irsa.serviceAccount, irsa.serviceAccountExists, irsa.irsaRoleArn]).toEqual(['team', 'chat', true, ROLE]);
  expect([podIdentity.serviceAccountExists, podIdentity.irsaRoleArn]).toEqual([true, undefined]);
  expect(Template.fromStack(stack).toJSON().Resources).toBeUndefined();
});

test('S3-19 S3-22 by IRSA, the tenants that are named are granted as they are', () => {
  const { stack, bucket, irsa } = fixture();
  expect(bucket.grants.readTenants(irsa, { tenants: ['team', 'nlp'], shared: true }).success).toBe(true);
  expect(statements(stack)).toEqual([{
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: ['models/team', 'models/nlp', 'models/_shared', 'signatures/team', 'signatures/nlp', 'signatures/_shared'].map(prefix => `arn:aws:s3:::models-example/${prefix}/*`),
  }]);
});

test('S3-21 by Pod Identity, they are granted to that service account of that cluster', () => {
  const { stack, bucket, podIdentity } = fixture();
  bucket.grants.readTenants(podIdentity, { tenants: ['team'] });
  const [statement] = statements(stack);
  expect(statement.Condition).toEqual({
    StringEquals: {
      'aws:PrincipalTag/eks-cluster-arn': [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':eks:eu-west-1:111122223333:cluster/blue']] }],
      'aws:PrincipalTag/kubernetes-namespace': 'team',
      'aws:PrincipalTag/kubernetes-service-account': 'chat',
    },
  });
});

describe('a refusal says exactly what was not granted', () => {
  test.each(['irsa', 'podIdentity'] as const)('%s', kind => {
    const { bucket, other, [kind]: identity } = fixture();
    const own = model({ tenant: 'team' });
    const legacy = model({ prefix: 'legacy/llama/v3' });
    expect(refusal(identity, own, bucket)).toBe(
      "model team/llama@1 in bucket 'models-example' is not granted to team/chat: call grants.readTenants(identity, { tenants: ['team'] }) on that bucket",
    );
    expect(refusal(identity, model(), bucket)).toContain('call grants.readTenants(identity, { tenants: [], shared: true }) on that bucket');
    expect(refusal(identity, legacy, bucket)).toContain('call grants.read(identity, model) on that bucket');

    bucket.grants.readTenants(identity, { tenants: ['team', 'nlp'] });
    expect(refusal(identity, own, bucket)).toBeUndefined();
    expect(refusal(identity, model({ tenant: 'nlp' }), bucket)).toBeUndefined();
    expect(refusal(identity, model({ tenant: 'nlp-dev' }), bucket)).toContain('is not granted to team/chat');
    expect(refusal(identity, model(), bucket)).toContain('is not granted to team/chat');
    expect(refusal(identity, own, other)).toContain("in bucket 'other-example' is not granted");

    bucket.grants.readTenants(identity, { tenants: [], shared: true });
    expect(refusal(identity, model(), bucket)).toBeUndefined();
    bucket.grants.read(identity, legacy);
    expect(refusal(identity, legacy, bucket)).toBeUndefined();
    expect(refusal(identity, model({ prefix: 'legacy/llama/v30' }), bucket)).toContain('is not granted to team/chat');
  });
});

describe('a role that the CDK can not change', () => {
  test.each<[string, iam.FromRoleArnOptions, string]>([
    ['imported as immutable', { mutable: false }, ROLE],
    ['of another account', {}, 'arn:aws:iam::444455556666:role/chat'],
  ])('%s: a warning carries the statements', (_kind, options, roleArn) => {
    const { stack, bucket, irsa } = fixture(options, roleArn);
    bucket.grants.readTenants(irsa, { tenants: ['team'] });
    expect(Template.fromStack(stack).findResources('AWS::IAM::Policy')).toEqual({});
    const [warning, ...more] = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('grantNotApplied'));
    expect(more).toEqual([]);
    const text = String(warning.entry.data);
    expect(text).toContain(`the CDK can't change the policies of role ${roleArn}: let its owner add these statements, then acknowledge this: `);
    expect(JSON.parse(text.slice(text.indexOf('['), text.lastIndexOf(']', text.lastIndexOf('[ack')) + 1))).toEqual([
      { Action: 's3:GetObject', Effect: 'Allow', Resource: ['arn:aws:s3:::models-example/models/team/*', 'arn:aws:s3:::models-example/signatures/team/*'] },
    ]);
  });

  test('one that it can change has no warning', () => {
    const { stack, bucket, irsa } = fixture();
    bucket.grants.readTenants(irsa, { tenants: ['team'] });
    expect(Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('grantNotApplied'))).toEqual([]);
  });
});

test('nothing to read is refused, as are names that are none', () => {
  const { bucket, irsa } = fixture();
  expect(() => bucket.grants.readTenants(irsa, { tenants: [] })).toThrow('tenants is empty: name the tenants, or set shared to true for the models for everybody');
  expect(() => bucket.grants.readTenants(irsa, { tenants: ['team*'] })).toThrow("tenant 'team*' is not valid");
  expect(() => bucket.grants.readTenants(irsa, { tenants: [Lazy.string({ produce: () => 'team' })] })).toThrow('tenant must be known at synth');
});

test('an identity without a role of its own can not be granted to', () => {
  const { bucket, stack } = fixture();
  const existing = WorkloadIdentity.existing({ namespace: 'team', serviceAccount: 'chat' });
  expect(() => bucket.grants.readTenants(existing, { tenants: ['team'] })).toThrow(
    'identity team/chat has no role of its own to grant to: make it with WorkloadIdentity.irsa or podIdentity',
  );
  expect(Template.fromStack(stack).findResources('AWS::IAM::Policy')).toEqual({});
});
