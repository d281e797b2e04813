import { App } from 'aws-cdk-lib';
import { KserveS3Stack } from './stack';

const app = new App();
new KserveS3Stack(app, 'KserveS3', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
