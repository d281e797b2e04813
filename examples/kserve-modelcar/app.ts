import { App } from 'aws-cdk-lib';
import { KserveModelcarManifests } from './stack';

const app = new App();
new KserveModelcarManifests(app, 'Modelcar');
app.synth();
