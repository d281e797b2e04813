import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as eksv2 from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ApiObject, App as Cdk8sApp, Chart, YamlOutputType } from 'cdk8s';
import { Engine, ManifestTarget, ModelArtifact, ModelBucket, ModelDelivery, ModelManifests, ModelReaderRole, ModelServer } from '../lib';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const IMAGE = `registry.example/vllm:1@${DIGEST}`;
const ENV = { account: '111122223333', region: 'eu-west-1' };
const NAMESPACE = 'serving';
const SERVICE_ACCOUNTS = 20;
/** A name that nothing else in a manifest has. */
const SAMPLE = 'sample-model';

/** What makes the manifests and the template of so many models, below a folder. */
export type Variant = (models: number, folder: string) => void;

export const VARIANTS: Record<string, Variant> = {
  'library': library,
  'plain, a chart for each': (models, folder) => plain(models, folder, YamlOutputType.FILE_PER_CHART),
  'plain, one chart': (models, folder) => plain(models, folder, YamlOutputType.FILE_PER_APP),
};

const serviceAccounts = (models: number) => Array.from({ length: Math.min(models, SERVICE_ACCOUNTS) }, (_, index) => `reader-${index}`);
const modelName = (index: number) => `model-${index}-weights`;

function library(models: number, folder: string) {
  const { app, serve } = withLibrary(models, folder);
  for (let index = 0; index < models; index++) serve(modelName(index), index);
  app.synth();
}

function withLibrary(models: number, folder: string) {
  const app = new App({ outdir: path.join(folder, 'cdk.out') });
  const stack = new Stack(app, 'Bench', { env: ENV });
  const cluster = eksv2.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'inference' });
  const bucket = new ModelBucket(stack, 'Models', { bucketName: 'acme-models' });
  const readers = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [bucket] });
  const manifests = new ModelManifests(stack, 'Manifests', { target: ManifestTarget.directory(path.join(folder, 'manifests')) });
  const identities = serviceAccounts(models).map(serviceAccount => readers.associate({ namespace: NAMESPACE, serviceAccount }));
  const delivery = ModelDelivery.s3Download({ bucket });
  const serve = (name: string, index: number) => {
    const model = ModelArtifact.of({ name, version: '1', tenant: NAMESPACE, size: Size.gibibytes(16), digest: DIGEST });
    const identity = identities[index % identities.length];
    new ModelServer(manifests, name, { identity, image: IMAGE, engine: Engine.VLLM, gpus: 1, models: [delivery.deliver(model)] });
  };
  return { app, manifests, serve };
}

/** The objects of one server as somebody would have to write them by hand: those of the library, as text with a name to put in. */
function handWritten(folder: string): string {
  const { manifests, serve } = withLibrary(1, folder);
  serve(SAMPLE, 0);
  const server = manifests.node.findChild(SAMPLE) as ModelServer;
  return JSON.stringify(server.node.findAll().filter(ApiObject.isApiObject).map(object => (object as ApiObject).toJson()));
}

let objects: string | undefined;

/** Made before the clock starts. */
export function prepare(folder: string) {
  objects = handWritten(folder);
}

function plain(models: number, folder: string, yamlOutputType: YamlOutputType) {
  const app = new App({ outdir: path.join(folder, 'cdk.out') });
  plainStack(new Stack(app, 'Bench', { env: ENV }), models);
  const manifests = path.join(folder, 'manifests');
  fs.mkdirSync(manifests);
  const kubernetes = new Cdk8sApp({ outdir: manifests, yamlOutputType });
  const chartFor = yamlOutputType === YamlOutputType.FILE_PER_CHART
    ? (id: string) => new Chart(kubernetes, id)
    : ((chart: Chart) => () => chart)(new Chart(kubernetes, 'all'));
  for (const name of serviceAccounts(models)) {
    new ApiObject(chartFor(`${name}.serviceaccount`), `${name}.serviceaccount`, {
      apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE }, automountServiceAccountToken: false,
    });
  }
  for (let index = 0; index < models; index++) {
    const name = modelName(index);
    const written = JSON.parse(objects!.replaceAll(SAMPLE, name).replaceAll('"reader-0"', `"reader-${index % SERVICE_ACCOUNTS}"`));
    const chart = chartFor(name);
    for (const object of written) new ApiObject(chart, `${name}.${object.kind}`, object);
  }
  kubernetes.synth();
  app.synth();
}

/** The resources of AWS, by the constructs of aws-cdk-lib alone. */
function plainStack(stack: Stack, models: number) {
  const bucket = new s3.Bucket(stack, 'Models', {
    bucketName: 'acme-models',
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  bucket.addToResourcePolicy(new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    principals: [new iam.AnyPrincipal()],
    actions: ['s3:PutObject'],
    resources: [bucket.arnForObjects('models/*')],
    conditions: { Null: { 's3:if-none-match': 'true' } },
  }));
  const clusterArn = stack.formatArn({ service: 'eks', resource: 'cluster', resourceName: 'inference' });
  const role = new iam.Role(stack, 'Readers', {
    assumedBy: new iam.ServicePrincipal('pods.eks.amazonaws.com', { conditions: { StringEquals: { 'aws:RequestTag/eks-cluster-arn': clusterArn } } }).withSessionTags(),
  });
  role.addToPolicy(new iam.PolicyStatement({
    actions: ['s3:GetObject'],
    resources: [bucket.arnForObjects('models/${aws:PrincipalTag/kubernetes-namespace}/*'), bucket.arnForObjects('models/_shared/*')],
    conditions: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': clusterArn } },
  }));
  for (const serviceAccount of serviceAccounts(models)) {
    const association = new eks.CfnPodIdentityAssociation(stack, serviceAccount, { clusterName: 'inference', namespace: NAMESPACE, serviceAccount, roleArn: role.roleArn });
    association.node.addDependency(role);
  }
}
