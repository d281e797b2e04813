import * as fs from 'node:fs';
import { Size, Stack, StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer } from 'cdk-eks-model-artifacts';
import { Construct } from 'constructs';

export interface InferenceStackProps extends StackProps {
  readonly modelsAccount: string;
  /** ARN of the key, an output of the models account's stack. */
  readonly keyArn: string;
}

/** The account of the cluster. Its synth writes what the models account must add: `cdk.out/Inference.owner-policies.json`. */
export class InferenceStack extends Stack {
  constructor(scope: Construct, id: string, props: InferenceStackProps) {
    super(scope, id, props);
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: 'inference' });
    const encryptionKey = kms.Key.fromKeyArn(this, 'Key', props.keyArn);
    const models = ModelBucket.fromBucketName(this, 'Models', 'acme-models', { account: props.modelsAccount, encryptionKey });

    // The models account names the role in its policies, before there is one.
    const readers = new ModelReaderRole(this, 'Readers', { cluster, buckets: [models], roleName: 'acme-model-readers' });
    const manifests = new ModelManifests(this, 'Manifests', { target: ManifestTarget.directory('manifests') });
    new ModelServer(manifests, 'llama', {
      identity: readers.associate({ namespace: 'serving', serviceAccount: 'llama' }),
      image: 'docker.io/vllm/vllm-openai:v0.11.0',
      engine: Engine.VLLM,
      gpus: 1,
      models: [ModelDelivery.s3Download({ bucket: models }).deliver(ModelArtifact.of({ name: 'llama-3-8b', version: '1', tenant: 'serving', size: Size.gibibytes(16) }))],
    });
  }
}

export interface ModelsStackProps extends StackProps {
  /** The file from the synth of the other account, reviewed and committed. */
  readonly ownerPolicies: string;
}

/** The account of the models: a bucket, its key, and what other accounts may do with them. */
export class ModelsStack extends Stack {
  constructor(scope: Construct, id: string, props: ModelsStackProps) {
    super(scope, id, props);
    const encryptionKey = new kms.Key(this, 'Key', { enableKeyRotation: true });
    const models = new ModelBucket(this, 'Models', { bucketName: 'acme-models', encryptionKey });
    const { requirements } = JSON.parse(fs.readFileSync(props.ownerPolicies, 'utf8'));
    for (const { resource, statements } of requirements) {
      for (const statement of statements.map((each: unknown) => iam.PolicyStatement.fromJson(each))) {
        if (resource.includes(':s3:::')) models.addToResourcePolicy(statement);
        else encryptionKey.addToResourcePolicy(statement);
      }
    }
  }
}
