import * as path from 'node:path';
import { App } from 'aws-cdk-lib';
import { InferenceStack, ModelsStack } from './stack';

const app = new App();
new ModelsStack(app, 'Models', {
  env: { account: '111122223333', region: 'eu-west-1' },
  ownerPolicies: path.join(__dirname, 'Inference.owner-policies.json'),
});
new InferenceStack(app, 'Inference', {
  env: { account: '444455556666', region: 'eu-west-1' },
  modelsAccount: '111122223333',
  keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
});
app.synth();
