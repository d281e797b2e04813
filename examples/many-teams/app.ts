import { App } from 'aws-cdk-lib';
import { ManyTeamsStack } from './stack';

const app = new App();
new ManyTeamsStack(app, 'ManyTeams', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
