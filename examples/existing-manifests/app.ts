import { App } from 'aws-cdk-lib';
import { ExistingManifestsStack } from './stack';

const app = new App();
new ExistingManifestsStack(app, 'ExistingManifests', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
