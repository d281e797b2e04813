import { Duration, Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { awsSide, bind, bucketIn, delivered, DIGEST, FACTS, model, programArguments, UNKNOWN } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { ModelDelivery, PodFacts, PodParts } from '../../lib/delivery';
import { SKIP_CONTAINERS } from '../../lib/delivery/pod-template';

const primary = bucketIn('eu-west-1', 'acme-models');
const replica = bucketIn('us-east-1', 'acme-models-replica');
const variables = (parts: PodParts) => Object.fromEntries(parts.initContainers![0].env.map(({ name, value }: any) => [name, value]));

test('several sources are passed in their order, each with its region', () => {
  const parts = bind([delivered({ sources: [primary, replica] })]);
  expect(programArguments(parts.initContainers![0])).toEqual([
    '--model=llama',
    '--source=s3://acme-models/models/serving/llama/1/', '--region=eu-west-1',
    '--source=s3://acme-models-replica/models/serving/llama/1/', '--region=us-east-1',
    `--digest=${DIGEST}`, `--max-bytes=${16 * 2 ** 30}`, '--destination=/models/model-llama',
  ]);
  const turned = bind([delivered({ sources: [replica, primary] })]);
  expect(programArguments(turned.initContainers![0])[1]).toContain('acme-models-replica');
});

test('one source is the same as a bucket, pinned or not', () => {
  expect(bind([delivered({ sources: [primary] })])).toEqual(bind([delivered({ bucket: primary })]));
  expect(bind([delivered({ sources: [primary] }, model('llama', { digest: undefined }))])).toEqual(bind([delivered({}, model('llama', { digest: undefined }))]));
});

test('a model without a digest is refused where it has two sources', () => {
  const unpinned = delivered({ sources: [primary, replica] }, model('llama', { digest: undefined }));
  expect(() => bind([unpinned])).toThrow(
    'model serving/llama@1 has 2 sources and no digest, and they might hold different ones: pin the digest that publishing printed, or give one bucket');
});

test.each<[string, any, string]>([
  ['neither', {}, 'a download from S3 has no bucket: give either bucket or sources'],
  ['both', { bucket: primary, sources: [replica] }, 'a download from S3 has bucket and sources: give either bucket or sources'],
  ['no source', { sources: [] }, 'sources of a download from S3 are empty: give at least one bucket'],
  ['one bucket twice', { sources: [primary, replica, bucketIn('eu-west-1', 'acme-models')] }, "bucket 'acme-models' is twice among the sources of a download: name it once"],
])('%s is refused', (_, options, message) => {
  expect(() => ModelDelivery.s3Download(options)).toThrow(message);
});

test('a list of sources that changes later changes nothing', () => {
  const sources = [primary, replica];
  const one = delivered({ sources });
  sources.pop();
  expect(programArguments(bind([one]).initContainers![0]).filter(argument => argument.startsWith('--source='))).toHaveLength(2);
});

test('models with other sources share the container', () => {
  const parts = bind([delivered(), delivered({ sources: [primary, replica] }, model('mistral'))]);
  expect(parts.initContainers).toHaveLength(1);
  expect(programArguments(parts.initContainers![0]).filter(argument => argument.startsWith('--source='))).toHaveLength(3);
});

test('every source must be readable, and a reason that holds for all is told once', () => {
  const { bucket, identity } = awsSide();
  const refusal = (sources: any[], what = model()) => {
    const { delivery } = delivered({ sources }, what);
    return delivery.strategy.refusal(what, { containers: ['server'], identity });
  };
  expect(refusal([bucket])).toBeUndefined();
  expect(refusal([bucket, replica])).toContain("in bucket 'acme-models-replica'");
  expect(refusal([replica, bucket])).toContain("in bucket 'acme-models-replica'");
  expect(refusal([bucket, replica], model('llama', { tenant: 'other' }))!.match(/belongs to tenant/g)).toHaveLength(1);
});

test('S3-14 downloads begin at once, unless a jitter spreads them, which counts as time to start', () => {
  expect(Object.keys(variables(bind([delivered()])))).not.toContain('MODEL_TRANSFER_JITTER');
  const parts = bind([delivered({ startJitter: Duration.minutes(2) }), delivered({ startJitter: Duration.minutes(2) }, model('mistral'))]);
  expect(variables(parts).MODEL_TRANSFER_JITTER).toBe('120');
  // One run of the program waits once, however many models it brings.
  expect(parts.startWindow!.toSeconds()).toBe(120 + 2 * (300 + 820));
});

const ROLE = 'arn:aws-cn:iam::111122223333:role/llama';
const account = { namespace: 'serving', serviceAccount: 'llama' };

function irsa(roleArn = ROLE): PodFacts {
  return { ...FACTS, identity: WorkloadIdentity.irsa({ ...account, role: iam.Role.fromRoleArn(new Stack(), 'Role', roleArn) }) };
}

function podIdentity(): PodFacts {
  const stack = new Stack();
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'inference' });
  return { ...FACTS, identity: WorkloadIdentity.podIdentity({ ...account, cluster, role: iam.Role.fromRoleArn(stack, 'Role', ROLE) }) };
}

test('S3-29 a service account with a role by IRSA shows its own token to STS, and no agent is asked', () => {
  const parts = bind([delivered({ ipv6Cluster: true })], irsa());
  const found = variables(parts);
  expect(found).toMatchObject({ MODEL_TRANSFER_CREDENTIALS: 'web-identity', AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/model-download/web-identity-token' });
  expect(Object.keys(found).filter(name => name.startsWith('AWS_CONTAINER_'))).toEqual([]);
  const [{ serviceAccountToken }] = parts.volumes!.find(({ name }) => name === 'model-download-token').projected.sources;
  expect(serviceAccountToken).toEqual({ audience: 'sts.amazonaws.com', expirationSeconds: 86400, path: 'web-identity-token' });
  expect(parts.initContainers![0].volumeMounts).toContainEqual({ name: 'model-download-token', mountPath: '/var/run/secrets/model-download', readOnly: true });
});

test('with Pod Identity nothing speaks of a web identity', () => {
  expect(JSON.stringify([variables(bind([delivered()])), bind([delivered()]).volumes])).not.toMatch(/web-identity|AWS_ROLE_ARN|sts\.amazonaws/i);
});

test('a role that the service account had before stays with the application, unless it is withheld', () => {
  for (const facts of [irsa(), podIdentity()]) {
    const annotations = (withholdCredentials?: boolean) => bind([delivered()], { ...facts, withholdCredentials }).annotations;
    expect(annotations()).toEqual({});
    expect(annotations(false)).toEqual({});
    expect(annotations(true)).toEqual({ [SKIP_CONTAINERS]: 'server' });
  }
});

test('a role of its own by Pod Identity is reached by way of the agent', () => {
  expect(bind([delivered()], podIdentity()).initContainers).toEqual(bind([delivered()]).initContainers);
});

test('the role may be known only after deploying: who writes the manifest decides', () => {
  expect(variables(bind([delivered()], irsa(UNKNOWN))).AWS_ROLE_ARN).toBe(UNKNOWN);
});
