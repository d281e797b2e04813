import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelServer, WorkloadIdentity } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

export interface ExistingClusterStackProps extends StackProps {
  readonly keyArn: string;
  /** ARN of a role that a service account has by IRSA (IAM roles for service accounts). */
  readonly irsaRoleArn: string;
  /** ARN of a role that a service account has by EKS Pod Identity. */
  readonly podIdentityRoleArn: string;
}

/** Everything is there already: of it all, the stack changes the policies of two roles. */
export class ExistingClusterStack extends Stack {
  constructor(scope: Construct, id: string, props: ExistingClusterStackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const encryptionKey = kms.Key.fromKeyArn(this, 'Key', props.keyArn);
    const models = ModelBucket.fromBucketName(this, 'Models', 'acme-models', { encryptionKey });
    const delivery = ModelDelivery.s3Download({ bucket: models });

    // Service accounts keep the roles that they have.
    const reranker = WorkloadIdentity.irsa({
      namespace: 'search', serviceAccount: 'reranker', role: iam.Role.fromRoleArn(this, 'RerankerRole', props.irsaRoleArn),
    });
    const embedder = WorkloadIdentity.podIdentity({
      cluster, namespace: 'search', serviceAccount: 'embedder', role: iam.Role.fromRoleArn(this, 'EmbedderRole', props.podIdentityRoleArn),
    });

    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    for (const [name, identity] of Object.entries({ reranker, embedder })) {
      models.grants.readTenants(identity, { tenants: ['search'] });
      new ModelServer(manifests, name, {
        identity,
        image: 'docker.io/vllm/vllm-openai:v0.11.0',
        engine: Engine.VLLM,
        gpus: 1,
        models: [delivery.deliver(ModelArtifact.of({ name, version: '3', tenant: 'search', size: Size.gibibytes(2) }))],
      });
    }
  }
}
