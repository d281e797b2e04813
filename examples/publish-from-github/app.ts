import { App } from 'aws-cdk-lib';
import { PublishFromGithubStack } from './stack';

const app = new App();
new PublishFromGithubStack(app, 'PublishFromGithub', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
