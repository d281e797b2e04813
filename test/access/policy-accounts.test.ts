import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, CfnParameter, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BUCKET, CLUSTER } from './policy-fixture';
import { ACCOUNT, copyOf, isAllowed, PolicyDocument, REGION, Statement, TemplatePolicies } from './policy-simulator';
import { may, mistakes, PODS } from './policy-tenants-fixture';
import { ModelReaderRole, ModelReaderRoleProps } from '../../lib/access';
import { ModelArtifact } from '../../lib/model';
import { ModelBucket } from '../../lib/storage';

const OWNER = '444455556666';
const UNKNOWN = 'unknown';
const KEY = `arn:aws:kms:${REGION}:${OWNER}:key/k`;
const TARGET = `arn:aws:iam::${OWNER}:role/reads-models`;
const BLUE_ONLY = Object.entries(PODS).filter(([, { cluster }]) => cluster !== CLUSTER.green);

interface Requirement { what: string; resource: string; note?: string; statements: Statement[] }

function appOf(props: Partial<ModelReaderRoleProps> = {}, account = OWNER, encrypted = false) {
  const app = new App();
  const stack = new Stack(app, 'Models', { env: { account: ACCOUNT, region: REGION } });
  const bucket = ModelBucket.fromBucket(s3.Bucket.fromBucketName(stack, 'Bucket', BUCKET), {
    account: account === UNKNOWN ? undefined : account, encryptionKey: encrypted ? kms.Key.fromKeyArn(stack, 'Key', KEY) : undefined, bucketKeyEnabled: encrypted ? false : undefined,
  });
  const readers = new ModelReaderRole(stack, 'Readers', {
    cluster: eks.Cluster.fromClusterAttributes(stack, 'Blue', { clusterName: 'blue' }),
    buckets: [bucket],
    roleName: 'model-readers',
    tenants: { nlp: ['nlp-dev', 'nlp-prod'], vision: ['vision', 'nlp-dev', 'nlp'], platform: ['ops'] },
    ...props,
  });
  const given = (prefix: string, tenant?: string) => readers.grantRead(bucket, ModelArtifact.of({ name: 'old', version: '1', size: Size.gibibytes(1), prefix, tenant }));
  given('legacy/open/v1');
  given('legacy/nlp/v1', 'nlp');
  given('legacy/team/v1', 'team');
  given('nest', 'nlp');
  given('nest/inner', 'team');
  return { app, stack, bucket, readers };
}

/** What the file for owners says. */
function requirementsOf({ app }: { app: App }): Requirement[] {
  const { directory } = app.synth();
  const file = path.join(directory, 'Models.owner-policies.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).requirements : [];
}

const documentOf = (statements: Statement[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements });
const identityOf = ({ stack }: { stack: Stack }) => {
  const template = Template.fromStack(stack);
  return new TemplatePolicies(template).identity(Object.keys(template.findResources('AWS::IAM::Role'))[0]);
};

describe('S3-21 S3-22 a bucket of another account', () => {
  const app = appOf();
  const [{ what, resource, note, statements }, ...others] = requirementsOf(app);
  const owners = documentOf(statements);
  const identity = identityOf(app);

  test('its owner is told what to add, in ARNs that are known', () => {
    expect(others).toEqual([]);
    expect([what, resource, note]).toEqual([`policy of bucket ${BUCKET}`, `arn:aws:s3:::${BUCKET}`, undefined]);
    for (const { Principal, Condition, Effect } of statements) {
      expect(Principal).toEqual({ AWS: `arn:aws:iam::${ACCOUNT}:root` });
      expect(Condition!.ArnEquals).toEqual({ 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/model-readers` });
      if (Effect === 'Allow') expect(Condition!.StringEquals).toMatchObject({ 'aws:PrincipalTag/eks-cluster-arn': [CLUSTER.blue] });
    }
    Annotations.fromStack(app.stack).hasWarning('*', Match.stringLikeRegexp('ownerMustAdd'));
  });

  test.each(BLUE_ONLY)('%s reads what is meant for it, and nothing else, by both together', async (_name, pod) => {
    expect(await mistakes({ ...pod, role: 'model-readers' }, { identity, resource: owners }, OWNER)).toEqual([]);
  });

  test('neither side alone is enough, nor is another role of the account, nor another account', async () => {
    const pod = { namespace: 'nlp-dev', cluster: CLUSTER.blue, key: 'models/nlp/bert/1/a', resourceAccount: OWNER, role: 'model-readers' };
    expect(await may(pod, { identity, resource: owners })).toBe(true);
    expect(await may(pod, { identity })).toBe(false);
    expect(await may(pod, { resource: owners })).toBe(false);
    const admin = documentOf([{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]);
    expect(await may({ ...pod, role: 'admin' }, { identity: admin, resource: owners })).toBe(false);
    const elsewhere = JSON.parse(JSON.stringify(owners).replaceAll(`${ACCOUNT}:root`, '777788889999:root')) as PolicyDocument;
    expect(await may(pod, { identity, resource: elsewhere })).toBe(false);
  });

  test("the owner's statements alone keep a reader account that allows everything within its clusters and namespaces", async () => {
    const admin = documentOf([{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]);
    for (const [, pod] of BLUE_ONLY.slice(0, 4)) expect(await mistakes({ ...pod, role: 'model-readers' }, { identity: admin, resource: owners }, OWNER)).toEqual([]);
  });

  test('one change wider is caught', async () => {
    const wider = copyOf(owners);
    for (const each of wider.Statement) delete each.Condition!.StringEquals['aws:PrincipalTag/eks-cluster-arn'];
    const admin = documentOf([{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]);
    const pod = { ...PODS['a cluster that no reader serves'], role: 'model-readers' };
    expect(await mistakes(pod, { identity: admin, resource: wider }, OWNER, ['models/nlp/bert/1/a'])).toEqual(['allowed: models/nlp/bert/1/a']);
  });
});

describe('whose bucket it is', () => {
  test('one of the same account, or of an account nobody knows, asks nothing of anybody', () => {
    expect(requirementsOf(appOf({}, ACCOUNT))).toEqual([]);
    expect(requirementsOf(appOf({}, UNKNOWN))).toEqual([]);
    const parameter = new Stack(new App(), 'P');
    expect(requirementsOf(appOf({}, new CfnParameter(parameter, 'Account').valueAsString))).toEqual([]);
  });

  test('without a name the role is not pinned, as its owner would wait for one', () => {
    const [{ statements }] = requirementsOf(appOf({ roleName: undefined }));
    for (const { Condition } of statements) expect(Condition!.ArnEquals).toBeUndefined();
  });
});

describe('S3-23 a key without bucket keys', () => {
  const app = appOf({}, OWNER, true);
  const keyStatements = identityOf(app).Statement.filter(({ Action }) => Action === 'kms:Decrypt');
  /** The simulator knows no key of the encryption context: this one, a text too, stands for it. */
  const KNOWN = 'kms:RequestAlias';
  const decrypt = (namespace: string, key: string, policies: { identity?: PolicyDocument; resource?: PolicyDocument }) => isAllowed({
    principal: `arn:aws:sts::${ACCOUNT}:assumed-role/model-readers/s`,
    action: 'kms:Decrypt',
    resource: KEY,
    resourceAccount: OWNER,
    context: {
      'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/model-readers`,
      'aws:PrincipalTag/eks-cluster-arn': CLUSTER.blue,
      'aws:PrincipalTag/kubernetes-namespace': namespace,
      [KNOWN]: `arn:aws:s3:::${BUCKET}${key === '' ? '' : `/${key}`}`,
      'kms:ViaService': `s3.${REGION}.amazonaws.com`,
    },
  }, JSON.parse(JSON.stringify(policies).replaceAll('kms:EncryptionContext:aws:s3:arn', KNOWN)));
  const key = requirementsOf(app).find(({ what }) => what === `policy of the key of bucket ${BUCKET}`)!;

  test.each<[string, string[], string[]]>([
    ['nlp-dev', ['models/nlp/a', 'models/vision/a', 'models/nlp-dev/a', 'models/_shared/a', 'legacy/nlp/v1/a'], ['models/team/a', 'models/nlpx/a', 'legacy/team/v1/a', 'models/_sharedx/a', '']],
    ['team', ['models/team/a', 'models/_shared/a', 'legacy/team/v1/a'], ['models/nlp/a', 'models/vision/a', 'legacy/nlp/v1/a', '']],
  ])('decrypts for namespace %s the objects that are granted to it, by both policies together', async (namespace, mine, theirs) => {
    const policies = { identity: documentOf(keyStatements), resource: documentOf(key.statements) };
    for (const object of mine) expect([object, await decrypt(namespace, object, policies)]).toEqual([object, true]);
    for (const object of theirs) expect([object, await decrypt(namespace, object, policies)]).toEqual([object, false]);
  });

  test('names the object as StringLike, through S3 only', () => {
    expect(keyStatements.length).toBeGreaterThan(1);
    for (const { Condition } of keyStatements) {
      expect([Condition!.StringLike['kms:EncryptionContext:aws:s3:arn']].flat().every(arn => arn.startsWith(`arn:aws:s3:::${BUCKET}/`) && arn.endsWith('/*'))).toBe(true);
      expect(Condition!.StringEquals).toMatchObject({ 'kms:ViaService': `s3.${REGION}.amazonaws.com` });
    }
    expect(key.resource).toBe(KEY);
    expect(key.statements.every(({ Resource }) => Resource === '*')).toBe(true); // in the policy of a key: that key
  });
});

describe('a target role', () => {
  const app = appOf({ targetRoleArn: TARGET });
  const requirements = requirementsOf(app);
  const trust = documentOf(requirements.find(({ what }) => what === 'trust policy of the target role')!.statements);
  const permissions = documentOf(requirements.find(({ what }) => what === 'permissions of the target role')!.statements);
  const template = Template.fromStack(app.stack);

  test('is all that the reader role may assume, for pods of its clusters, and reads by itself nothing', async () => {
    const identity = identityOf(app);
    expect(identity.Statement).toEqual([{
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Resource: TARGET,
      Condition: { StringEquals: { 'aws:PrincipalTag/eks-cluster-arn': [CLUSTER.blue] } },
    }]);
    template.resourceCountIs('AWS::IAM::Role', 1);
  });

  test('is in every association', () => {
    const { app: other, stack, readers } = appOf({ targetRoleArn: TARGET });
    readers.associate({ namespace: 'team', serviceAccount: 'chat' });
    expect(other.synth()).toBeDefined();
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::PodIdentityAssociation', { TargetRoleArn: TARGET });
  });

  test('has what its owner adds as a value, as a file and as a warning', () => {
    expect(requirements.map(({ what, resource, note }) => [what, resource, note])).toEqual([
      ['trust policy of the target role', TARGET, undefined], ['permissions of the target role', TARGET, undefined],
    ]);
    expect(app.readers.targetRoleTrustStatements).toHaveLength(1);
    expect(app.readers.targetRoleStatements).toHaveLength(permissions.Statement.length);
    Annotations.fromStack(app.stack).hasWarning('*', Match.stringLikeRegexp('ownerMustAdd'));
    expect(appOf().readers.targetRoleStatements).toEqual([]);
    expect(appOf().readers.targetRoleTrustStatements).toEqual([]);
  });

  test.each(BLUE_ONLY.slice(0, 4))('lets %s read what is meant for it, and nothing else', async (_name, pod) => {
    expect(await mistakes(pod, { identity: permissions })).toEqual([]);
  });

  test('trusts our role alone, for pods of our clusters', async () => {
    const assume = (role: string, cluster?: string, action = 'sts:AssumeRole') => isAllowed({
      principal: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/s`,
      action,
      resource: TARGET,
      resourceAccount: OWNER,
      context: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/${role}`, ...cluster === undefined ? {} : { 'aws:RequestTag/eks-cluster-arn': cluster } },
    }, { identity: documentOf([{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }]), resource: trust });
    expect(await assume('model-readers', CLUSTER.blue)).toBe(true);
    expect(await assume('model-readers', CLUSTER.blue, 'sts:TagSession')).toBe(true);
    expect(await assume('model-readers', CLUSTER.green)).toBe(false);
    expect(await assume('model-readers')).toBe(false);
    expect(await assume('admin', CLUSTER.blue)).toBe(false);
  });

  test.each(['reads-models', 'arn:aws:iam::444455556666:role/*', 'arn:aws:iam::444455556666:user/ann'])('%j is refused', targetRoleArn => {
    expect(() => appOf({ targetRoleArn })).toThrow(`targetRoleArn '${targetRoleArn}' is not the ARN of a role`);
  });
});
