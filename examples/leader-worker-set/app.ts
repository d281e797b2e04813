import { App } from 'aws-cdk-lib';
import { LeaderWorkerSetStack } from './stack';

const app = new App();
new LeaderWorkerSetStack(app, 'LeaderWorkerSet', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
