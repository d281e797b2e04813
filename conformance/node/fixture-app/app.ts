import * as fs from 'node:fs';
import { App } from 'aws-cdk-lib';
import { FixtureStack } from './stack';

// In the folder that it runs in, as the lock file of an app would be.
const { bucketName, servers } = JSON.parse(fs.readFileSync('fixture.json', 'utf8'));

const app = new App();
new FixtureStack(app, 'Fixture', { env: { account: '111122223333', region: 'eu-west-1' }, bucketName, servers });
app.synth();
