import * as fs from 'node:fs';
import * as path from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { parse } from 'yaml';
import { EXAMPLES } from './fixture';
import { PublishFromGithubStack } from '../../examples/publish-from-github/stack';

const { jobs: { publish }, permissions } = parse(fs.readFileSync(path.join(EXAMPLES, 'publish-from-github', 'workflows', 'publish-model.yaml'), 'utf8'));

test('the workflow is what the role trusts, and asks for no more than it needs', () => {
  const template = Template.fromStack(new PublishFromGithubStack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } }));
  const [{ Properties: role }] = Object.values(template.findResources('AWS::IAM::Role', { Properties: { RoleName: 'acme-publish-models' } }));
  const { with: credentials } = publish.steps.find(({ uses }: any) => uses?.startsWith('aws-actions/configure-aws-credentials@'));

  expect(role.AssumeRolePolicyDocument.Statement).toHaveLength(1);
  expect(role.AssumeRolePolicyDocument.Statement[0]).toMatchObject({
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: {
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub': `repo:acme/models:environment:${publish.environment}`,
      },
    },
  });
  expect(credentials['role-to-assume']).toBe(`arn:aws:iam::111122223333:role/${role.RoleName}`);
  expect(credentials['role-duration-seconds']).toBe(role.MaxSessionDuration);
  expect(publish['timeout-minutes'] * 60).toBe(role.MaxSessionDuration);
  expect(permissions).toEqual({});
  expect(publish.permissions).toEqual({ 'id-token': 'write', 'contents': 'write', 'pull-requests': 'write' });
});

test('no script has an input in it, which it would run', () => {
  const scripts = publish.steps.flatMap(({ run }: any) => run ?? []);
  expect(scripts.join('\n')).toContain('npx cdk-eks-model-artifacts publish "$SOURCE" s3://acme-models');
  for (const script of scripts) expect(script).not.toContain('${{');
});
