import { App } from 'aws-cdk-lib';
import { S3DownloadStack } from './stack';

const app = new App();
new S3DownloadStack(app, 'S3Download', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'eu-west-1' } });
app.synth();
