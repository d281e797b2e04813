import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, CfnParameter, Fn, NestedStack, Stack, Stage, StackProps } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { OwnerPolicy } from '../../lib/private/owner-policy';
import { requireOwnerPolicies } from '../../lib/storage/owner-policies';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const THEIRS = 'arn:aws:s3:::team-weights';

function newStack(props: StackProps = { env: ENV }, scope: Construct = new App()): Stack {
  return new Stack(scope, 'Models', props);
}

function allow(principals: iam.IPrincipal[], resources: string[], conditions?: Record<string, any>): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['s3:GetObject'], principals, resources, conditions });
}

function policy(resourceArn: string, ...statements: iam.PolicyStatement[]): OwnerPolicy {
  return { what: 'policy of bucket team-weights', resourceArn, statements };
}

/** The file of owner policies of a synth; undefined where there is none. */
function written(scope: Construct, stack: Stack = Stack.of(scope)): any {
  const stage = Stage.of(stack)!;
  (stack.node.root as App).synth();
  const file = path.join(stage.outdir, `${stack.artifactId}.owner-policies.json`);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
}

function statementsOf(scope: Construct, statement: iam.PolicyStatement, stack?: Stack): any[] {
  requireOwnerPolicies(scope, () => [policy(THEIRS, statement)]);
  return written(scope, stack).requirements[0].statements;
}

test('a file beside the template says what to add to which resource', () => {
  const stack = newStack();
  requireOwnerPolicies(stack, () => [policy(THEIRS, allow([new iam.AccountPrincipal('111122223333')], [`${THEIRS}/models/*`]))]);
  expect(written(stack)).toEqual({
    readMe: expect.stringContaining('this stack did not create them'),
    requirements: [{
      what: 'policy of bucket team-weights',
      resource: THEIRS,
      statements: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 's3:GetObject', Resource: `${THEIRS}/models/*` }],
    }],
  });
});

test('a warning names the file and the resource, by an id that can be acknowledged', () => {
  const stack = newStack();
  const reader = new Construct(stack, 'Reader');
  requireOwnerPolicies(reader, () => [policy(THEIRS, allow([new iam.AnyPrincipal()], ['*']))]);
  Annotations.fromStack(stack).hasWarning('/Models/Reader', Match.stringLikeRegexp(
    '^the owner of arn:aws:s3:::team-weights must add statements to the policy of bucket team-weights: they are in Models\\.owner-policies\\.json.*\\[ack: cdk-eks-model-artifacts:ownerMustAdd\\]$',
  ));
});

test('what one resource needs for several reasons is in one place, and each statement once', () => {
  const stack = newStack();
  const read = () => allow([new iam.AccountPrincipal('111122223333')], [`${THEIRS}/models/*`]);
  const list = () => new iam.PolicyStatement({ actions: ['s3:ListBucket'], principals: [new iam.AnyPrincipal()], resources: [THEIRS] });
  requireOwnerPolicies(new Construct(stack, 'A'), () => [policy(THEIRS, read())]);
  requireOwnerPolicies(new Construct(stack, 'B'), () => [policy(THEIRS, read(), list()), policy('arn:aws:s3:::others', list())]);
  const { requirements } = written(stack);
  expect(requirements.map((each: any) => [each.resource, each.statements.map((statement: any) => statement.Action)])).toEqual([
    [THEIRS, ['s3:GetObject', 's3:ListBucket']], ['arn:aws:s3:::others', ['s3:ListBucket']],
  ]);
});

test('policies are asked for at synth, when every grant is made', () => {
  const stack = newStack();
  const statements: iam.PolicyStatement[] = [];
  requireOwnerPolicies(stack, () => [policy(THEIRS, ...statements)]);
  statements.push(allow([new iam.AnyPrincipal()], ['*']));
  expect(written(stack).requirements).toHaveLength(1);
});

test('where nothing is to be added there is no warning, and a file of an earlier synth goes', () => {
  const stack = newStack();
  const earlier = path.join((stack.node.root as App).outdir, 'Models.owner-policies.json');
  fs.mkdirSync(path.dirname(earlier), { recursive: true });
  fs.writeFileSync(earlier, '{}');
  requireOwnerPolicies(stack, () => [policy(THEIRS)]);
  expect(written(stack)).toBeUndefined();
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

describe('literals', () => {
  test.each([
    ['eu-west-1', 'aws', 'amazonaws.com'], ['cn-north-1', 'aws-cn', 'amazonaws.com.cn'], ['us-gov-west-1', 'aws-us-gov', 'amazonaws.com'],
  ])('pseudo parameters of a stack in %s', (region, partition, suffix) => {
    const stack = newStack({ env: { account: '111122223333', region } });
    const text = `arn:${stack.partition}:kms:${stack.region}:${stack.account}:key/k`;
    expect(statementsOf(stack, allow([new iam.AnyPrincipal()], [text], { StringEquals: { 'kms:ViaService': `s3.eu-north-1.${stack.urlSuffix}` } }))[0]).toMatchObject({
      Resource: `arn:${partition}:kms:${region}:111122223333:key/k`,
      Condition: { StringEquals: { 'kms:ViaService': `s3.eu-north-1.${suffix}` } },
    });
  });

  test('names that the user gave to resources of this app, in this stack and in another', () => {
    const app = new App();
    const stack = newStack({ env: ENV }, app);
    const other = new Stack(app, 'Other', { env: { account: '444455556666', region: 'cn-north-1' } });
    const role = new iam.Role(other, 'Role', { roleName: 'reader', path: '/ml/', assumedBy: new iam.AnyPrincipal() });
    const bucket = new s3.CfnBucket(stack, 'Bucket', { bucketName: 'models-example' });
    const cluster = new eks.CfnCluster(stack, 'Cluster', { name: 'blue', resourcesVpcConfig: { subnetIds: [] }, roleArn: 'arn:aws:iam::111122223333:role/x' });
    expect(statementsOf(stack, allow([new iam.AnyPrincipal()], [`${bucket.attrArn}/*`, bucket.ref], {
      ArnEquals: { 'aws:PrincipalArn': role.roleArn }, StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': cluster.attrArn },
    }))[0]).toMatchObject({
      Resource: ['arn:aws:s3:::models-example/*', 'models-example'],
      Condition: {
        ArnEquals: { 'aws:PrincipalArn': 'arn:aws-cn:iam::444455556666:role/ml/reader' },
        StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': 'arn:aws:eks:eu-west-1:111122223333:cluster/blue' },
      },
    });
  });

  test('what only CloudFormation knows stays in its form, and a note says so', () => {
    const stack = newStack({});
    const name = new CfnParameter(stack, 'Name').valueAsString;
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AnyPrincipal() });
    requireOwnerPolicies(stack, () => [policy(`arn:${stack.partition}:s3:::${name}`, allow([new iam.ArnPrincipal(role.roleArn)], [Fn.importValue('Arn')]))]);
    expect(written(stack).requirements).toEqual([{
      what: 'policy of bucket team-weights',
      resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::', { Ref: 'Name' }]] },
      note: expect.stringContaining('known only after deploying'),
      statements: [{ Effect: 'Allow', Action: 's3:GetObject', Principal: { AWS: { 'Fn::GetAtt': ['Role1ABCC5F0', 'Arn'] } }, Resource: { 'Fn::ImportValue': 'Arn' } }],
    }]);
  });
});

test('a stack in a stage has its file in the folder of that stage, a nested stack in that of the stack around it', () => {
  const stage = new Stage(new App(), 'Prod', { env: ENV });
  const stack = newStack({}, stage);
  const nested = new NestedStack(stack, 'Nested');
  expect(statementsOf(nested, allow([new iam.AnyPrincipal()], ['*']), stack)).toHaveLength(1);
  expect(stage.outdir).toMatch(/assembly-Prod$/);
});

test('a synth that still looks up values writes and warns nothing', () => {
  const stack = newStack();
  ec2.Vpc.fromLookup(stack, 'Vpc', { isDefault: true });
  requireOwnerPolicies(stack, () => [policy(THEIRS, allow([new iam.AnyPrincipal()], ['*']))]);
  expect(written(stack)).toBeUndefined();
  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('ownerMustAdd'));
});
