import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import {
  Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer, ServiceAccountRole,
} from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

/** Each team publishes once and reads in all of its namespaces. */
const TEAMS = Object.fromEntries(
  ['ads', 'billing', 'chat', 'fraud', 'maps', 'photos', 'ranking', 'search', 'speech', 'support'].map(team => [team, [`${team}-dev`, `${team}-prod`]]),
);

export class ManyTeamsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });

    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models], tenants: TEAMS });

    // Builds of a team publish the models of that team, and no others.
    for (const team of Object.keys(TEAMS)) {
      const publisher = new iam.Role(this, `Publish-${team}`, { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
      models.grants.publish(publisher, { tenants: [team] });
    }

    // A job in the cluster brings base models for everybody. The guard denies every other pod to write, and to read what is not its own.
    const loader = new ServiceAccountRole(this, 'Loader', { cluster, namespace: 'platform', serviceAccount: 'base-models', roleName: 'acme-base-models' });
    models.grants.publish(loader, { shared: true });
    models.addTenantGuard({ readers: [readers], exceptions: [loader.roleArn] });

    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    for (const stage of ['dev', 'prod']) {
      new ModelServer(manifests, `chat-${stage}`, {
        name: 'chat',
        identity: readers.associate({ namespace: `chat-${stage}`, serviceAccount: 'chat' }),
        image: 'docker.io/vllm/vllm-openai:v0.11.0',
        engine: Engine.VLLM,
        gpus: 1,
        models: [ModelDelivery.s3Download({ bucket: models }).deliver(ModelArtifact.of({ name: 'chat-8b', version: '7', tenant: 'chat', size: Size.gibibytes(16) }))],
      });
    }
  }
}
