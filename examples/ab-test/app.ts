import { App } from 'aws-cdk-lib';
import { AbTestStack } from './stack';

const app = new App();
new AbTestStack(app, 'AbTest', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
