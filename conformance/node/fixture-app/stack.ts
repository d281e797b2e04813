import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelImage, ModelManifests, ModelReaderRole, ModelServer } from '../../../lib';

/** A server of the fixture: a pod that serves one version of a model. */
export interface FixtureServer {
  /** Of the Deployment and the service account. */
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  readonly bytes: number;
  /** How the model reaches the pod. @default - by a download from S3 */
  readonly delivery?: keyof typeof BY_IMAGE;
  /** The image that the model is in. */
  readonly modelImage?: string;
}

/** Ways to deliver a model that comes in an image. */
const BY_IMAGE = {
  ociCopy: (image: ModelImage) => ModelDelivery.ociCopy({ image }),
  modelcar: (image: ModelImage) => ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.34' } }),
  modelcarByHook: (image: ModelImage) => ModelDelivery.modelcar({ image, facts: { kubernetesVersion: '1.35' } }),
  imageVolume: (image: ModelImage) => ModelDelivery.imageVolume({ image }),
  auto: (image: ModelImage) => ModelDelivery.auto({ image, facts: { kubernetesVersion: '1.35' } }),
};

/** Starts what the image starts, on the folder of the model. */
const ENGINE = Engine.of({ args: ['{path}', '--port={port}'], port: 8000, readyPath: '/health' });

export class FixtureStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly bucketName: string; readonly servers: FixtureServer[] }) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const models = new ModelBucket(this, 'Models', { bucketName: props.bucketName });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    for (const { name, namespace, image, model, version, digest, bytes, delivery, modelImage } of props.servers) {
      const artifact = ModelArtifact.of({ name: model, version, tenant: namespace, size: Size.bytes(bytes), digest });
      new ModelServer(manifests, name, {
        identity: readers.associate({ namespace, serviceAccount: name }),
        image,
        engine: ENGINE,
        models: [(delivery ? BY_IMAGE[delivery](ModelImage.of(modelImage!)) : ModelDelivery.s3Download({ bucket: models })).deliver(artifact)],
      });
    }
  }
}
