import * as path from 'node:path';
import { App, Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { Configuration, readConfiguration } from './configuration';
import { summary } from './summary';
import {
  DeliveredModel, Engine, ImageMirror, IModelBucket, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelImage, ModelManifests,
  ModelReaderRole, ModelServer, WorkloadIdentity,
} from '../lib';

const ENGINES = { vllm: Engine.VLLM, tgi: Engine.TGI, triton: Engine.TRITON };

/** Everything that the servers of the configuration need, on a cluster that exists already. */
export class EnvironmentStack extends Stack {
  public readonly bucket: IModelBucket;
  public readonly manifests: ModelManifests;
  public readonly servers: ModelServer[];
  private readonly identities = new Map<string, WorkloadIdentity>();

  constructor(scope: Construct, id: string, configuration: Configuration, props: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: configuration.cluster });
    const bucketName = configuration.bucket;
    const made = configuration.bucketExists ? undefined : new ModelBucket(this, 'Models', { bucketName });
    this.bucket = made ?? ModelBucket.fromBucketName(this, 'Models', bucketName);
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [this.bucket], tenants: configuration.tenants });
    made?.addTenantGuard({ readers: [readers] });
    const download = ModelDelivery.s3Download({ bucket: this.bucket });
    this.manifests = new ModelManifests(this, 'Manifests', {
      target: ManifestTarget.directory(configuration.manifests),
      imageMirror: configuration.imageRegistry === undefined ? undefined : ImageMirror.registry(configuration.imageRegistry),
    });

    this.servers = configuration.servers.map(server => {
      const { sizeGiB, image, ...model } = server.model;
      const delivery = image === undefined ? download : ModelDelivery.auto({ image: ModelImage.of(image), facts: configuration.kubernetes ?? {} });
      const models: DeliveredModel[] = [delivery.deliver(ModelArtifact.of({ ...model, size: Size.gibibytes(sizeGiB) }))];
      return new ModelServer(this.manifests, `${server.namespace}-${server.name}`, {
        name: server.name,
        identity: this.identity(readers, server.namespace, server.serviceAccount ?? server.name),
        image: server.image,
        engine: ENGINES[server.engine],
        gpus: server.gpus,
        models,
      });
    });
  }

  /** Servers that share a service account share its association. */
  private identity(readers: ModelReaderRole, namespace: string, serviceAccount: string): WorkloadIdentity {
    const key = `${namespace}/${serviceAccount}`;
    const identity = this.identities.get(key) ?? readers.associate({ namespace, serviceAccount });
    this.identities.set(key, identity);
    return identity;
  }
}

const app = new App();
const file: string = app.node.tryGetContext('environment') ?? path.join(__dirname, '..', 'environment.json');
const configuration = readConfiguration(file);
const stack = new EnvironmentStack(app, 'ModelEnvironment', configuration, {
  description: 'Models for Amazon EKS workloads',
  env: { account: configuration.account ?? process.env.CDK_DEFAULT_ACCOUNT, region: configuration.region },
});
const assembly = app.synth();
process.stdout.write(summary({ configuration, assembly, stack }));
