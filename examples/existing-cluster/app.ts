import { App } from 'aws-cdk-lib';
import { ExistingClusterStack } from './stack';

const app = new App();
new ExistingClusterStack(app, 'ExistingCluster', {
  env: { account: '111122223333', region: 'eu-west-1' },
  keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  irsaRoleArn: 'arn:aws:iam::111122223333:role/search-reranker',
  podIdentityRoleArn: 'arn:aws:iam::111122223333:role/search-embedder',
});
app.synth();
