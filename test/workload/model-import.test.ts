import { Duration, Lazy, Token } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { App, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';
import { Environment, IMAGE, messages, refusal } from './fixture';
import { restrictedViolations } from './pod-security';
import { ServiceAccountRole, WorkloadIdentity } from '../../lib/access';
import { ModelBucket } from '../../lib/storage';
import { ModelImport, ModelImportProps, Toleration } from '../../lib/workload';
import { UNKNOWN } from '../delivery/fixture';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const MODEL = { name: 'llama', version: '2026-11-01', tenant: 'serving' };

/** What an import stands on. */
function surroundings() {
  const made = new Environment();
  const cluster = eks.Cluster.fromClusterAttributes(made.stack, 'ImportCluster', { clusterName: 'imports' });
  const identity = new ServiceAccountRole(made.stack, 'Importer', { cluster, namespace: 'imports', serviceAccount: 'importer' });
  made.bucket.grants.publish(identity, { tenants: ['serving'] });
  const importIn = (scope: Construct, props: Partial<ModelImportProps> = {}, id = 'llama') => new ModelImport(scope, id, {
    identity, image: IMAGE, source: `hf://meta-llama/Llama-3.1-8B@${COMMIT}`, bucket: made.bucket, model: MODEL, ...props,
  });
  return { made, importIn, cluster, identity };
}

/** Made once, as it takes longest. */
let shared: ReturnType<typeof surroundings>;
beforeAll(() => { shared = surroundings(); });

/** The Job of an import in an app of its own. */
const jobOf = (props: Partial<ModelImportProps> = {}, id?: string) => shared.importIn(new App(), props, id).job.toJson();
const nameOf = (props: Partial<ModelImportProps> = {}) => jobOf(props).metadata.name;
const refused = (props: Partial<ModelImportProps>, id?: string) => refusal(() => shared.importIn(new App(), props, id));

test('a Job publishes with the rights of its service account alone', () => {
  const { made, importIn } = surroundings();
  importIn(made.manifests, { hubTokenSecret: 'hub' });
  made.synth();
  expect(made.names()).toEqual(['imports.importer.serviceaccount.yaml', 'imports.llama.import.yaml']);
  const job = made.documents().find(({ kind }) => kind === 'Job');
  const pod = job.spec.template.spec;
  expect(restrictedViolations(pod)).toEqual([]);
  expect(pod).toMatchObject({ serviceAccountName: 'importer', automountServiceAccountToken: false, restartPolicy: 'Never' });
  expect(pod.containers).toHaveLength(1);
  expect(pod.containers[0]).toMatchObject({
    image: IMAGE,
    args: [
      'publish', `hf://meta-llama/Llama-3.1-8B@${COMMIT}`, 's3://acme-models', '--name=llama', '--version=2026-11-01', '--tenant=serving', '--region=eu-west-1',
      '--hub-token-file=/var/run/secrets/model-import/token',
    ],
    env: expect.arrayContaining([{ name: 'AWS_EC2_METADATA_DISABLED', value: 'true' }]),
    securityContext: { readOnlyRootFilesystem: true },
  });
  // The token is a file that its group reads, and no variable.
  expect(pod.volumes).toContainEqual({ name: 'hub-token', secret: { secretName: 'hub', items: [{ key: 'token', path: 'token' }], defaultMode: 0o440 } });
  expect(pod.securityContext.fsGroup).toBe(pod.securityContext.runAsGroup);
  expect(pod.containers[0].volumeMounts).toEqual([{ name: 'scratch', mountPath: '/tmp' }, { name: 'hub-token', mountPath: '/var/run/secrets/model-import', readOnly: true }]);
  expect(JSON.stringify(pod.containers[0].env)).not.toContain('hub');
});

test('a failed pod is followed by another, but for what stays wrong; the Job goes after a while', () => {
  expect(jobOf().spec).toMatchObject({
    backoffLimit: 6,
    ttlSecondsAfterFinished: 604_800,
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'FailJob', onExitCodes: { containerName: 'publish', operator: 'In', values: [2] } },
      ],
    },
  });
  expect(jobOf({ backoffLimit: 0, ttlAfterFinished: Duration.minutes(1) }).spec).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 60 });
});

test('the name stands for all that the Job does', () => {
  expect(nameOf()).toMatch(/^llama-[0-9a-f]{10}$/);
  expect(nameOf()).toBe(nameOf({}));
  const other: Array<Partial<ModelImportProps>> = [
    { model: { ...MODEL, version: '2' } }, { source: 's3://elsewhere/llama/' }, { image: `${IMAGE.slice(0, -1)}0` }, { args: ['--exclude', '*.bin'] }, { backoffLimit: 1 },
    { patches: [JsonPatch.replace('/spec/backoffLimit', 1)] }, { resources: {} }, { hubTokenSecret: 'hub' },
  ];
  expect(new Set([{}, ...other].map(nameOf)).size).toBe(other.length + 1);
});

test('what CDK knows later keeps the name, however many tokens the app has', () => {
  const before = nameOf({ args: ['--sign', `kms:${UNKNOWN}`] });
  for (let count = 0; count < 10; count++) Token.asString(Lazy.any({ produce: () => 'x' }));
  const later = () => Token.asString(Lazy.any({ produce: () => 'x' }));
  expect(nameOf({ args: [later()] })).toBe(nameOf({ args: [later()] }));
  expect(before).toMatch(/^llama-[0-9a-f]{10}$/);
});

test('for everybody, from a bucket, with more of this and that', () => {
  const { spec } = jobOf({
    model: { name: 'llama', version: '1' },
    source: 's3://legacy/llama/',
    args: ['--parallel', '64'],
    tolerations: [Toleration.exists('imports')],
    nodeSelector: { team: 'ml' },
    resources: { requests: { cpu: '4' } },
    patches: [JsonPatch.add('/spec/activeDeadlineSeconds', 3600)],
  });
  expect(spec.activeDeadlineSeconds).toBe(3600);
  expect(spec.template.spec).toMatchObject({ tolerations: [{ key: 'imports', operator: 'Exists' }], nodeSelector: { team: 'ml' } });
  expect(spec.template.spec.containers[0]).toMatchObject({
    args: ['publish', 's3://legacy/llama/', 's3://acme-models', '--name=llama', '--version=1', '--region=eu-west-1', '--parallel', '64'],
    resources: { requests: { cpu: '4' } },
  });
  expect(spec.template.spec.volumes).toHaveLength(1);
});

test.each<[string, Partial<ModelImportProps>, string]>([
  ['a branch', { source: 'hf://org/repo@main' }, "source 'hf://org/repo@main' of import 'llama' is not valid: give 'hf://org/repo@<commit>'"],
  ['a folder', { source: './model' }, 'a pod has no other files'],
  ['a name that is none', { model: { ...MODEL, name: 'Llama' } }, "model name 'Llama' is not valid"],
  ['a token for S3', { source: 's3://a-bucket/', hubTokenSecret: 'hub' }, 'leave hubTokenSecret out'],
  ['a key without a Secret', { hubTokenKey: 'token' }, 'hubTokenKey without hubTokenSecret'],
  ['a version that is known later', { model: { ...MODEL, version: UNKNOWN } }, 'model version must be known at synth'],
  ['a limit that is known later', { backoffLimit: Token.asNumber(Lazy.any({ produce: () => 1 })) }, "backoffLimit of import 'llama' is"],
  ['a time that is known later', { ttlAfterFinished: Duration.seconds(Token.asNumber(Lazy.any({ produce: () => 1 }))) }, 'ttlAfterFinished'],
  ['half a second', { ttlAfterFinished: Duration.millis(500) }, 'ttlAfterFinished'],
])('%s is refused', (_, props, message) => {
  expect(refused(props)).toContain(message);
});

describe('the right to publish', () => {
  type Scene = ReturnType<typeof surroundings>;
  const synth = (props: (scene: Scene) => Partial<ModelImportProps>) => {
    const scene = surroundings();
    scene.importIn(scene.made.manifests, props(scene));
    return scene.made;
  };
  const NOT_GRANTED = 'is not known to be allowed to publish';
  const role = ({ made: { stack } }: Scene) => new iam.Role(stack, 'Own', { assumedBy: new iam.AccountRootPrincipal() });
  const imported = ({ made: { stack } }: Scene) => iam.Role.fromRoleArn(stack, 'Theirs', 'arn:aws:iam::111122223333:role/theirs');
  const WHO = { namespace: 'imports', serviceAccount: 'other' };

  test.each<[string, (scene: Scene) => Partial<ModelImportProps>, string]>([
    ['of another tenant', () => ({ model: { ...MODEL, tenant: 'serving-2' } }), "imports/importer is not known to be allowed to publish serving-2/llama@2026-11-01 to bucket 'acme-models': call grants.publish(identity, { tenants: ['serving-2'] }) on that bucket"],
    ['of models for everybody', () => ({ model: { name: 'llama', version: '1' } }), 'call grants.publish(identity, { shared: true })'],
    ['of another service account', ({ made: { stack }, cluster }) => ({ identity: new ServiceAccountRole(stack, 'Other', { cluster, ...WHO }) }), 'imports/other is not'],
    ['of whoever has a role of this app', scene => ({ identity: WorkloadIdentity.irsa({ ...WHO, role: role(scene) }) }), 'imports/other is not'],
    ['of who shares a reader role', ({ made }) => ({ identity: made.identity }), 'for an identity with a role of its own such as a ServiceAccountRole'],
  ])('%s is missed at synth', (_what, props, message) => {
    expect(synth(props).refusal()).toContain(message);
  });

  test.each<[string, (scene: Scene) => Partial<ModelImportProps>]>([
    ['a role from elsewhere', scene => ({ identity: WorkloadIdentity.irsa({ ...WHO, role: imported(scene) }) })],
    ['an identity of which nothing is known', () => ({ identity: WorkloadIdentity.existing(WHO) })],
    ['a bucket from elsewhere', ({ made: { stack } }) => ({ bucket: ModelBucket.fromBucketName(stack, 'Known', 'elsewhere', { definedAsModelBucket: true }) })],
  ])('of %s is for its owner to know', (_what, props) => {
    expect(messages(synth(props).synth())).toEqual([expect.stringMatching(new RegExp(`^warning .*${NOT_GRANTED} .*acknowledge this.*cdk-eks-model-artifacts:importNotGranted`, 's'))]);
  });

  test.each<[string, (scene: Scene) => { identity: WorkloadIdentity; grant: () => void }]>([
    ['a role of this app', scene => {
      const identity = WorkloadIdentity.irsa({ ...WHO, role: role(scene) });
      return { identity, grant: () => scene.made.bucket.grants.publish(identity) };
    }],
    ['a role from elsewhere', scene => {
      const identity = WorkloadIdentity.irsa({ ...WHO, role: imported(scene) });
      return { identity, grant: () => scene.made.bucket.grants.publish(identity.grantPrincipal as iam.IRole, { tenants: ['serving'] }) };
    }],
  ])('that %s gets after the import counts', (_what, given) => {
    const scene = surroundings();
    const { identity, grant } = given(scene);
    scene.importIn(scene.made.manifests, { identity });
    grant();
    expect(messages(scene.made.synth())).toEqual([]);
  });
});

test('a name without room for what Kubernetes adds is refused', () => {
  expect(refused({}, 'l'.repeat(47))).toContain('at most 46');
  expect(jobOf({}, 'l'.repeat(46)).metadata.name).toHaveLength(57);
});

test('a directory has no use for what is known later, and an image without a digest is warned of', () => {
  const { made, importIn } = surroundings();
  importIn(made.manifests, { source: UNKNOWN });
  expect(made.refusal()).toMatch(/Job llama-[0-9a-f]{10}: spec\.template\.spec\.containers\[0\]\.args\[1\] holds/);
  const second = surroundings();
  second.importIn(second.made.manifests, { image: 'publisher:1' });
  expect(messages(second.made.synth())).toEqual([expect.stringContaining("image 'publisher:1' is not pinned by digest")]);
});
