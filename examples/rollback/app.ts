import { App } from 'aws-cdk-lib';
import { RollbackStack } from './stack';

const app = new App();
new RollbackStack(app, 'Rollback', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
