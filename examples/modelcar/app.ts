import { App } from 'aws-cdk-lib';
import { ModelcarManifests } from './stack';

const app = new App();
new ModelcarManifests(app, 'Modelcar');
app.synth();
