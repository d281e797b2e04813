import { App } from 'aws-cdk-lib';
import { LoraStack } from './stack';

const app = new App();
new LoraStack(app, 'Lora', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
