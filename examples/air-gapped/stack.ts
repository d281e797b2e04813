import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Engine, ImageMirror, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

export interface AirGappedStackProps extends StackProps {
  /** The network of the cluster, which has no way to the internet. */
  readonly network: ec2.VpcAttributes;
}

/** Models, credentials and images reach the nodes without one packet on the internet. */
export class AirGappedStack extends Stack {
  constructor(scope: Construct, id: string, props: AirGappedStackProps) {
    super(scope, id, props);
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', props.network);
    new ec2.GatewayVpcEndpoint(this, 'S3', { vpc, service: ec2.GatewayVpcEndpointAwsService.S3 }); // the models
    new ec2.InterfaceVpcEndpoint(this, 'EksAuth', { vpc, service: ec2.InterfaceVpcEndpointAwsService.EKS_AUTH }); // EKS Pod Identity

    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models' });
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models] });
    const llama = ModelArtifact.of({ name: 'llama-3-8b', version: '2026-11-01', tenant: 'serving', size: Size.gibibytes(16) });

    // One setting moves every image, the library's and yours, to the mirror; digests stay.
    const manifests = new ModelManifests(this, 'Manifests', {
      target: ManifestTarget.directory('manifests'),
      imageMirror: ImageMirror.registry('registry.acme.internal/mirror'),
      imagePullSecrets: ['registry-credentials'],
    });
    new ModelServer(manifests, 'llama', {
      identity: readers.associate({ namespace: 'serving', serviceAccount: 'llama' }),
      image: 'docker.io/vllm/vllm-openai:v0.11.0',
      engine: Engine.VLLM,
      gpus: 1,
      models: [ModelDelivery.s3Download({ bucket: models }).deliver(llama)],
    });
  }
}
