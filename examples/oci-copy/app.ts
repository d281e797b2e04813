import { App } from 'aws-cdk-lib';
import { OciCopyManifests } from './stack';

const app = new App();
new OciCopyManifests(app, 'OciCopy');
app.synth();
