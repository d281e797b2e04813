import { App, CfnParameter, Fn, Lazy, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { PodIdentityAssociation, PodIdentityAssociationProps } from '../../lib/access';

const env = { account: '111122223333', region: 'eu-west-1' };
const ROLE = 'arn:aws:iam::111122223333:role/readers';

function newStack(app = new App(), id = 'Access', where: { account?: string; region?: string } = env): Stack {
  return new Stack(app, id, { env: where });
}

function imported(stack: Stack, clusterName = 'blue', id = 'Cluster'): eks.IClusterRef {
  return eks.Cluster.fromClusterAttributes(stack, id, { clusterName });
}

function associate(stack: Stack, cluster: eks.IClusterRef, props: Partial<PodIdentityAssociationProps> = {}, id = 'Association'): PodIdentityAssociation {
  const role = props.role ?? iam.Role.fromRoleArn(stack, `${id}Role`, ROLE);
  return new PodIdentityAssociation(stack, id, { cluster, namespace: 'team', serviceAccount: 'chat', role, ...props });
}

function document(count = 1): iam.PolicyDocument {
  const resources = Array.from({ length: count }, (_, index) => `arn:aws:s3:::models-${index}/models/team/*`);
  return new iam.PolicyDocument({ statements: [new iam.PolicyStatement({ actions: ['s3:GetObject'], resources })] });
}

describe('template', () => {
  test('S3-15 S3-17 has the association and nothing else: no service account, no annotation, no add-on', () => {
    const stack = newStack();
    const association = associate(stack, imported(stack));
    const template = Template.fromStack(stack);
    expect(Object.values(template.toJSON().Resources)).toEqual([{
      Type: 'AWS::EKS::PodIdentityAssociation',
      Properties: { ClusterName: 'blue', Namespace: 'team', ServiceAccount: 'chat', RoleArn: ROLE },
    }]);
    expect(JSON.stringify(template.toJSON())).not.toContain('eks.amazonaws.com/role-arn');
    const [logicalId] = Object.keys(template.toJSON().Resources);
    expect(stack.resolve(association.associationArn)).toEqual({ 'Fn::GetAtt': [logicalId, 'AssociationArn'] });
    expect(stack.resolve(association.associationId)).toEqual({ 'Fn::GetAtt': [logicalId, 'AssociationId'] });
  });

  test('may have a target role', () => {
    const stack = newStack();
    associate(stack, imported(stack), { targetRole: iam.Role.fromRoleArn(stack, 'Target', 'arn:aws:iam::444455556666:role/models') });
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::PodIdentityAssociation', { RoleArn: ROLE, TargetRoleArn: 'arn:aws:iam::444455556666:role/models' });
  });

  test('S3-18 has a session policy only without session tags', () => {
    const stack = newStack();
    associate(stack, imported(stack), { sessionTags: false, sessionPolicy: document() });
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::PodIdentityAssociation', {
      DisableSessionTags: true,
      Policy: Match.serializedJson({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::models-0/models/team/*' }] }),
    });
  });
});

describe('contradictions', () => {
  test('S3-18 a session policy with session tags is refused', () => {
    const text = 'the association of team/chat has a session policy and session tags, EKS takes one of both: set sessionTags to false, or leave out sessionPolicy';
    for (const sessionTags of [undefined, true]) {
      const stack = newStack();
      expect(() => associate(stack, imported(stack), { sessionTags, sessionPolicy: document() })).toThrow(text);
    }
  });

  const TAGGED = new iam.ServicePrincipal('pods.eks.amazonaws.com', { conditions: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'team' } } }).withSessionTags();
  const UNMET = 'the association of team/chat has no session tags, and the trust policy of its role asks for some: no pod could assume it; use another role, or leave session tags on';

  test('S3-18 an association without session tags is refused for a role that trusts by tags', () => {
    const stack = newStack();
    associate(stack, imported(stack), { sessionTags: false, role: new iam.Role(stack, 'Role', { assumedBy: TAGGED }) });
    expect(() => (stack.node.root as App).synth()).toThrow(UNMET);
  });

  test('S3-18 a trust by tags that comes later is seen too', () => {
    const stack = newStack();
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
    associate(stack, imported(stack), { sessionTags: false, role });
    expect(() => (stack.node.root as App).synth()).not.toThrow();
    const later = newStack();
    const changed = new iam.Role(later, 'Role', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
    associate(later, imported(later), { sessionTags: false, role: changed });
    changed.assumeRolePolicy!.addStatements(new iam.PolicyStatement({ actions: ['sts:AssumeRole'], principals: [TAGGED] }));
    expect(() => (later.node.root as App).synth()).toThrow(UNMET);
  });

  test('S3-18 the trust of a role that is defined as a resource is read too', () => {
    const stack = newStack();
    const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: ['sts:AssumeRole', 'sts:TagSession'], Condition: { StringEquals: { 'aws:RequestTag/eks-cluster-arn': 'x' } } }] };
    associate(stack, imported(stack), { sessionTags: false, role: new iam.CfnRole(stack, 'Role', { assumeRolePolicyDocument: trust }) });
    expect(() => (stack.node.root as App).synth()).toThrow(UNMET);
  });

  test('a trust by tags is fine with session tags, and an unknown one without', () => {
    const stack = newStack();
    associate(stack, imported(stack), { role: new iam.Role(stack, 'Role', { assumedBy: TAGGED }) });
    associate(stack, imported(stack, 'green', 'Green'), { sessionTags: false }, 'Imported');
    expect(() => (stack.node.root as App).synth()).not.toThrow();
  });

  test('a session policy that is too long is refused with its length, one that fits is not', () => {
    const stack = newStack();
    const cluster = imported(stack);
    expect(() => associate(stack, cluster, { sessionTags: false, sessionPolicy: document(60) }, 'Long')).toThrow(
      /^the session policy has 2\d{3} characters, at most 2048 are taken: name fewer resources, or use session tags$/,
    );
    expect(() => associate(stack, imported(stack, 'green', 'Green'), { sessionTags: false, sessionPolicy: document(45) })).not.toThrow();
  });

  test.each([
    ['namespace', { namespace: 'Team' }, "namespace 'Team' is not valid"],
    ['service account', { serviceAccount: 'a/b' }, "service account 'a/b' is not valid"],
    ['namespace known later', { namespace: Lazy.string({ produce: () => 'team' }) }, 'namespace must be known at synth'],
    ['service account known later', { serviceAccount: Fn.importValue('Name') }, 'service account must be known at synth'],
  ])('a %s that no pod has is refused', (_what, props, message) => {
    const stack = newStack();
    expect(() => associate(stack, imported(stack), props)).toThrow(message);
  });
});

describe('duplicates', () => {
  const text = (first: string) => `service account team/chat has a Pod Identity association already, at ${first}: `
    + 'EKS takes one for each service account; use the identity that it returned, or grant to its role';

  test('a second association is refused in another stack, where the clusters have one name', () => {
    const app = new App();
    const [one, two] = [newStack(app, 'One'), newStack(app, 'Two')];
    associate(one, imported(one));
    expect(() => associate(two, imported(two))).toThrow(text('One/Association'));
  });

  test('a second association is refused in another stack, where nobody knows account and region', () => {
    const app = new App();
    const [one, two] = [newStack(app, 'One', {}), newStack(app, 'Two', {})];
    associate(one, imported(one));
    expect(() => associate(two, imported(two))).toThrow(text('One/Association'));
  });

  test('a second association is refused for a cluster of this app that is imported by its name', () => {
    const stack = newStack();
    associate(stack, new eks.CfnCluster(stack, 'Definition', { name: 'blue', roleArn: ROLE, resourcesVpcConfig: { subnetIds: [] } }));
    expect(() => associate(stack, imported(stack), {}, 'Second')).toThrow(text('Access/Association'));
  });

  test('a cluster of that name is another one in another stage, where nobody knows account and region', () => {
    const app = new App();
    const [dev, prod] = ['Dev', 'Prod'].map(id => new Stack(new Stage(app, id), 'Access'));
    associate(dev, imported(dev));
    expect(() => associate(prod, imported(prod))).not.toThrow();
  });

  test('a second association is refused in another stage with the same account and region', () => {
    const app = new App();
    const [one, two] = ['One', 'Two'].map(id => new Stack(new Stage(app, id, { env }), 'Access'));
    associate(one, imported(one));
    expect(() => associate(two, imported(two))).toThrow(text('One/Access/Association'));
  });

  test('a second association is refused for a cluster whose name comes at deploy time', () => {
    const stack = newStack();
    const cluster = imported(stack, new CfnParameter(stack, 'Name').valueAsString);
    associate(stack, cluster);
    expect(() => associate(stack, cluster, {}, 'Second')).toThrow(text('Access/Association'));
  });

  test('a second association is refused for a cluster of this app', () => {
    const stack = newStack();
    const cluster = new eks.CfnCluster(stack, 'Cluster', { roleArn: ROLE, resourcesVpcConfig: { subnetIds: [] } });
    associate(stack, cluster);
    expect(() => associate(stack, cluster, {}, 'Second')).toThrow(text('Access/Association'));
  });

  test.each<[string, (app: App, stack: Stack) => void]>([
    ['another namespace', (_app, stack) => associate(stack, imported(stack, 'blue', 'Again'), { namespace: 'team-a' }, 'Second')],
    ['another service account', (_app, stack) => associate(stack, imported(stack, 'blue', 'Again'), { serviceAccount: 'chat2' }, 'Second')],
    ['another cluster', (_app, stack) => associate(stack, imported(stack, 'green', 'Green'), {}, 'Second')],
    ['another cluster known later', (_app, stack) => associate(stack, imported(stack, Fn.importValue('Green'), 'Green'), {}, 'Second')],
    ['a cluster of that name in another region', app => {
      const stack = newStack(app, 'Region', { ...env, region: 'us-east-1' });
      associate(stack, imported(stack));
    }],
    ['a cluster of that name in another account', app => {
      const stack = newStack(app, 'Account', { ...env, account: '444455556666' });
      associate(stack, imported(stack));
    }],
    ['a cluster of that name in another app', () => {
      const stack = newStack();
      associate(stack, imported(stack));
    }],
  ])('%s is allowed', (_what, second) => {
    const app = new App();
    const stack = newStack(app);
    associate(stack, imported(stack));
    expect(() => second(app, stack)).not.toThrow();
  });
});

describe('quota', () => {
  /** A stack takes 500 resources, so the associations of one cluster are in several. */
  function associateMany(count: number): Stack[] {
    const app = new App();
    const stacks = ['One', 'Two', 'Three'].map(id => newStack(app, id));
    for (const [stackIndex, stack] of stacks.entries()) {
      const role = iam.Role.fromRoleArn(stack, 'Role', ROLE);
      const [blue, green] = [imported(stack), imported(stack, 'green', 'Green')];
      for (let index = stackIndex * 400; index < Math.min(count, (stackIndex + 1) * 400); index++) {
        associate(stack, blue, { role, serviceAccount: `sa-${index}` }, `Blue${index}`);
      }
      associate(stack, green, { role, serviceAccount: `sa-${stackIndex}` }, 'GreenAssociation');
    }
    return stacks;
  }

  test('a warning comes, once, where the limit of a cluster is near', () => {
    const warnings = associateMany(905).map(stack => Annotations.fromStack(stack).findWarning('*', Match.anyValue()));
    expect(warnings.flat().map(({ id, entry }) => [id, entry.data])).toEqual([[
      '/Three/Blue899',
      "this app makes 900 Pod Identity associations or more for one cluster, and EKS takes 1000, which can't be raised: share service accounts [ack: cdk-eks-model-artifacts:associationQuota]",
    ]]);
  });

  test('no warning comes before', () => {
    for (const stack of associateMany(899)) Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});
