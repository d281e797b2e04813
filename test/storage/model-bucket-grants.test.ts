import { App, Lazy, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { SessionTag } from '../../lib/access';
import { ModelArtifact } from '../../lib/model';
import { IModelBucket, ModelBucket } from '../../lib/storage';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/k';
const BLUE = 'arn:aws:eks:eu-west-1:111122223333:cluster/blue';

function statements(grant: (bucket: IModelBucket, role: iam.Role) => iam.Grant, encrypted = false): any[] {
  const stack = new Stack(new App(), 'Grants', { env: { account: '111122223333', region: 'eu-west-1' } });
  const encryptionKey = encrypted ? kms.Key.fromKeyArn(stack, 'Key', KEY) : undefined;
  const bucket = ModelBucket.fromBucket(s3.Bucket.fromBucketArn(stack, 'Bucket', 'arn:aws:s3:::models-example'), { encryptionKey, region: 'eu-central-1' });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
  expect(grant(bucket, role).success).toBe(true);
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as any[];
  return policies.flatMap(policy => policy.Properties.PolicyDocument.Statement);
}

const llama = ModelArtifact.of({ name: 'llama', version: '1', size: Size.gibibytes(1), tenant: 'team' });
const keyConditions = {
  'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::models-example',
  'kms:ViaService': { 'Fn::Join': ['', ['s3.eu-central-1.', { Ref: 'AWS::URLSuffix' }]] },
};

describe('read', () => {
  test('S3-19 reaches one version of one model, and lists nothing', () => {
    expect(statements((bucket, role) => bucket.grants.read(role, llama))).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::models-example/models/team/llama/1/*' },
    ]);
  });

  test('S3-23 comes with the key, by way of S3 in the region of the bucket and for this bucket, not for an object', () => {
    const [, key] = statements((bucket, role) => bucket.grants.read(role, llama), true);
    expect(key).toEqual({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: KEY, Condition: { StringEquals: keyConditions } });
  });
});

describe('readBySessionTag', () => {
  const grant = (bucket: IModelBucket, role: iam.Role) =>
    bucket.grants.readBySessionTag(role, SessionTag.KUBERNETES_NAMESPACE, { clusterArns: [BLUE] });

  test('S3-19 S3-21 S3-22 reaches the models of the tag and those for everybody, in the clusters given', () => {
    expect(statements(grant)).toEqual([{
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: ['arn:aws:s3:::models-example/models/${aws:PrincipalTag/kubernetes-namespace}/*', 'arn:aws:s3:::models-example/models/_shared/*'],
      Condition: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': [BLUE] } },
    }]);
  });

  test('S3-23 comes with the key under the same condition and that of the bucket', () => {
    expect(statements(grant, true)[1]).toEqual({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: KEY,
      Condition: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': [BLUE], ...keyConditions } },
    });
  });

  test('takes any tag', () => {
    const [statement] = statements((bucket, role) => bucket.grants.readBySessionTag(role, SessionTag.of('team'), { clusterArns: [BLUE] }));
    expect(statement.Resource).toContain('arn:aws:s3:::models-example/models/${aws:PrincipalTag/team}/*');
  });
});

describe('publish', () => {
  const ACTIONS = ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'];

  test('S3-20 S3-22 reaches the tenants given, and neither deletes, nor tags, nor lists', () => {
    expect(statements((bucket, role) => bucket.grants.publish(role, { tenants: ['team', 'team-a'] }))).toEqual([
      { Effect: 'Allow', Action: ACTIONS, Resource: ['models/team', 'models/team-a', 'publishing/team', 'publishing/team-a', 'signatures/team', 'signatures/team-a'].map(prefix => `arn:aws:s3:::models-example/${prefix}/*`) },
    ]);
  });

  test('reaches all that is published where no tenant is given, and nothing beside it', () => {
    expect(statements((bucket, role) => bucket.grants.publish(role))).toEqual([
      { Effect: 'Allow', Action: ACTIONS, Resource: ['models', 'publishing', 'signatures'].map(root => `arn:aws:s3:::models-example/${root}/*`) },
    ]);
  });

  test('S3-23 comes with the key to encrypt with', () => {
    expect(statements((bucket, role) => bucket.grants.publish(role), true)[1]).toEqual({
      Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: KEY, Condition: { StringEquals: keyConditions },
    });
  });

  test.each(['*', 'team/*', '_shared', 'Team', '', '${aws:PrincipalTag/team}'])('refuses the tenant %j', tenant => {
    expect(() => statements((bucket, role) => bucket.grants.publish(role, { tenants: [tenant] }))).toThrow(`tenant '${tenant}' is not valid: use lowercase letters, digits and '-'`);
  });

  test('refuses a tenant known at deploy time', () => {
    const tenant = Lazy.string({ produce: () => 'team' });
    expect(() => statements((bucket, role) => bucket.grants.publish(role, { tenants: [tenant] }))).toThrow('tenant must be known at synth, got an unresolved token');
  });

  test('refuses an empty list of tenants, which would be every tenant or none', () => {
    expect(() => statements((bucket, role) => bucket.grants.publish(role, { tenants: [] }))).toThrow(
      'tenants is empty: name the tenants, or leave it out for all of them',
    );
  });
});

test('S3-19 no grant reaches the bucket itself, or has a wildcard in an action', () => {
  const all = [
    ...statements((bucket, role) => bucket.grants.read(role, llama), true),
    ...statements((bucket, role) => bucket.grants.readBySessionTag(role, SessionTag.KUBERNETES_NAMESPACE, { clusterArns: [BLUE] }), true),
    ...statements((bucket, role) => bucket.grants.publish(role), true),
  ];
  expect(all).toHaveLength(6);
  for (const statement of all) {
    expect([statement.Action].flat().filter(action => /\*|^s3:(List(?!MultipartUploadParts)|GetBucket)/.test(action))).toEqual([]);
    expect([statement.Resource].flat().filter(resource => !/\/(models|publishing|signatures)\/.*\/?\*$/.test(resource) && resource !== KEY)).toEqual([]);
  }
});

test('a key made in the same app is named by its ARN', () => {
  const stack = new Stack(new App(), 'Grants');
  const encryptionKey = new kms.Key(stack, 'Key');
  const bucket = new ModelBucket(stack, 'Bucket', { encryptionKey });
  bucket.grants.read(new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() }), llama);
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([Match.objectLike({
        Action: 'kms:Decrypt',
        Resource: stack.resolve(encryptionKey.keyArn),
        Condition: {
          StringEquals: {
            'kms:EncryptionContext:aws:s3:arn': stack.resolve(bucket.bucket.bucketRef.bucketArn),
            'kms:ViaService': { 'Fn::Join': ['', ['s3.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]] },
          },
        },
      })]),
    },
  });
});


