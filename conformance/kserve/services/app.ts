import { App } from 'aws-cdk-lib';
import { ServicesStack } from './stack';

const app = new App();
new ServicesStack(app, 'Services', { env: { account: '111122223333', region: 'eu-west-1' } });
app.synth();
