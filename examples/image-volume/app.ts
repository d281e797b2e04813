import { App } from 'aws-cdk-lib';
import { ImageVolumeManifests } from './stack';

const app = new App();
new ImageVolumeManifests(app, 'ImageVolume');
app.synth();
