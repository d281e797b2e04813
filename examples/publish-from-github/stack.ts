import { CfnOutput, Duration, Stack, StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ModelBucket } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

const ISSUER = 'token.actions.githubusercontent.com';

/** One repository, from one environment of it, publishes the models of one tenant. There is no key to keep. */
export class PublishFromGithubStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });

    // An account has one provider for GitHub: where it is there already, iam.OidcProviderNative.fromOidcProviderArn.
    const github = new iam.OidcProviderNative(this, 'GitHub', { url: `https://${ISSUER}`, clientIds: ['sts.amazonaws.com'] });
    const publisher = new iam.Role(this, 'Publisher', {
      roleName: 'acme-publish-models',
      maxSessionDuration: Duration.hours(4), // as role-duration-seconds in the workflow
      assumedBy: new iam.OpenIdConnectPrincipal(github, {
        StringEquals: {
          [`${ISSUER}:aud`]: 'sts.amazonaws.com',
          [`${ISSUER}:sub`]: 'repo:acme/models:environment:production', // no wildcard: a pull request or another branch gets nothing
        },
      }),
    });
    models.grants.publish(publisher, { tenants: ['serving'] });
    new CfnOutput(this, 'PublisherArn', { value: publisher.roleArn });
  }
}
