import { BUCKET, CLUSTER, policiesOfAnApp } from './policy-fixture';
import { ACCOUNT, copyOf, isAllowed, PolicyDocument, REGION } from './policy-simulator';

const { bucketPolicy, readers, both, pinned } = policiesOfAnApp();

const TLS = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };
const POD = `arn:aws:sts::${ACCOUNT}:assumed-role/Readers/eks-blue-chat`;

interface Session {
  readonly namespace?: string;
  readonly cluster?: string;
  /** Keys of OBJECTS that the readers of the cluster blue may get; nothing else is allowed to them. */
  readonly reads: string[];
}

/** The layout, its neighbours, and everything that looks like it. */
const OBJECTS = [
  'models/team/llama/1/manifest.sha256',
  'models/team/llama/1/weights/model-00001-of-00002.safetensors',
  'models/team-a/llama/1/manifest.sha256',
  'models/tea/llama/1/manifest.sha256',
  'models/teamx/llama/1/manifest.sha256',
  'models/TEAM/llama/1/manifest.sha256',
  'models/shared/llama/1/manifest.sha256',
  'models/models/llama/1/manifest.sha256',
  'models/_shared/llama/1/manifest.sha256',
  'models/_sharedx/llama/1/manifest.sha256',
  'models/team',
  'models/llama',
  'team/llama/1/manifest.sha256',
  '_shared/llama/1/manifest.sha256',
  'shared/llama/1/manifest.sha256',
  'old/models/team/llama/1/manifest.sha256',
  'legacy/open/v1/model.json',
  'legacy/open/v10/model.json',
  'legacy/owned/v1/model.json',
  'legacy/owned/v10/model.json',
  'model-access-logs/2024-06-13-00-00-00',
  'index.json',
];

const SHARED = 'models/_shared/llama/1/manifest.sha256';
const OPEN = 'legacy/open/v1/model.json';
const TEAM = ['models/team/llama/1/manifest.sha256', 'models/team/llama/1/weights/model-00001-of-00002.safetensors'];

const SESSIONS: Record<string, Session> = {
  "a tenant's pod": { namespace: 'team', cluster: CLUSTER.blue, reads: [...TEAM, SHARED, OPEN, 'legacy/owned/v1/model.json'] },
  'a pod of a tenant whose name begins with that of another': { namespace: 'team-a', cluster: CLUSTER.blue, reads: ['models/team-a/llama/1/manifest.sha256', SHARED, OPEN] },
  'a pod of a tenant whose name is the beginning of another': { namespace: 'tea', cluster: CLUSTER.blue, reads: ['models/tea/llama/1/manifest.sha256', SHARED, OPEN] },
  'a pod of a namespace called shared': { namespace: 'shared', cluster: CLUSTER.blue, reads: ['models/shared/llama/1/manifest.sha256', SHARED, OPEN] },
  'a pod of a namespace called models': { namespace: 'models', cluster: CLUSTER.blue, reads: ['models/models/llama/1/manifest.sha256', SHARED, OPEN] },
  'a pod of a namespace without models': { namespace: 'other', cluster: CLUSTER.blue, reads: [SHARED, OPEN] },
  'a pod of the same namespace in another cluster': { namespace: 'team', cluster: CLUSTER.green, reads: [] },
  'a pod of a cluster of the same name in another region': { namespace: 'team', cluster: `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/blue`, reads: [] },
  'a pod of a cluster of the same name in another account': { namespace: 'team', cluster: `arn:aws:eks:${REGION}:444455556666:cluster/blue`, reads: [] },
  'a pod of a cluster whose name begins with it': { namespace: 'team', cluster: `${CLUSTER.blue}-2`, reads: [] },
  'a cluster tag that is a wildcard': { namespace: 'team', cluster: '*', reads: [] },
  'a cluster tag with a wildcard in it': { namespace: 'team', cluster: `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/*`, reads: [] },
  'a session without the tag of the namespace': { cluster: CLUSTER.blue, reads: [SHARED, OPEN] },
  'a session without the tag of the cluster': { namespace: 'team', reads: [] },
  'a session without any tag': { reads: [] },
  'a namespace tag that is a wildcard': { namespace: '*', cluster: CLUSTER.blue, reads: [SHARED, OPEN] },
  'a namespace tag with a wildcard at its end': { namespace: 'team*', cluster: CLUSTER.blue, reads: [SHARED, OPEN] },
  'a namespace tag with a wildcard in it': { namespace: 't?am', cluster: CLUSTER.blue, reads: [SHARED, OPEN] },
  'a namespace tag with a slash': { namespace: 'team/llama', cluster: CLUSTER.blue, reads: [...TEAM, SHARED, OPEN] },
  'a namespace tag that climbs': { namespace: '../legacy', cluster: CLUSTER.blue, reads: [SHARED, OPEN] },
  'a namespace tag in other letters': { namespace: 'TEAM', cluster: CLUSTER.blue, reads: ['models/TEAM/llama/1/manifest.sha256', SHARED, OPEN] },
};

/** Everything that changes, destroys, tags or enumerates; a pod gets none of it. */
const OBJECT_ACTIONS = [
  's3:GetObjectVersion', 's3:GetObjectTagging', 's3:GetObjectAcl', 's3:GetObjectAttributes', 's3:PutObject', 's3:PutObjectAcl', 's3:PutObjectTagging', 's3:PutObjectVersionTagging',
  's3:DeleteObjectTagging', 's3:DeleteObject', 's3:DeleteObjectVersion', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:RestoreObject',
  's3:PutObjectRetention', 's3:PutObjectLegalHold', 's3:BypassGovernanceRetention', 's3:ReplicateObject', 's3:ReplicateDelete', 's3:ObjectOwnerOverrideToBucketOwner',
];
const BUCKET_ACTIONS = [
  's3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:GetBucketLocation', 's3:GetBucketPolicy', 's3:GetBucketTagging', 's3:GetBucketVersioning',
  's3:GetLifecycleConfiguration', 's3:GetBucketLogging', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:PutBucketVersioning', 's3:PutLifecycleConfiguration', 's3:DeleteBucket',
];

interface Policies {
  readonly identity: PolicyDocument;
  readonly resource: PolicyDocument;
}

/** Each case once, whichever table it is in. */
const evaluated = new Set<string>();

async function ask({ namespace, cluster }: Omit<Session, 'reads'>, action: string, resource: string, policies: Policies, changed: Record<string, string> = {}) {
  const tags = {
    ...(namespace === undefined ? {} : { 'aws:PrincipalTag/kubernetes-namespace': namespace }),
    ...(cluster === undefined ? {} : { 'aws:PrincipalTag/eks-cluster-arn': cluster }),
  };
  evaluated.add(JSON.stringify([tags, action, resource]));
  return isAllowed({ principal: POD, action, resource, context: { ...TLS, ...tags, ...changed } }, policies);
}

/** What is other than intended, for one session. */
async function mistakes(session: Session, policies: Policies): Promise<string[]> {
  const found: string[] = [];
  const check = async (action: string, resource: string, intended: boolean) => {
    const allowed = await ask(session, action, resource, policies);
    if (allowed !== intended) found.push(`${allowed ? 'allowed' : 'denied'}: ${action} ${resource}`);
  };
  for (const key of OBJECTS) {
    await check('s3:GetObject', `arn:aws:s3:::${BUCKET}/${key}`, session.reads.includes(key));
  }
  for (const key of session.reads) await check('s3:GetObject', `arn:aws:s3:::${BUCKET}-2/${key}`, false);
  for (const action of OBJECT_ACTIONS) await check(action, `arn:aws:s3:::${BUCKET}/${session.reads[0] ?? TEAM[0]}`, false);
  for (const action of BUCKET_ACTIONS) await check(action, `arn:aws:s3:::${BUCKET}`, false);
  return found;
}

const REAL: Policies = { identity: readers, resource: bucketPolicy };

describe('S3-19 S3-20 S3-21 S3-22 of the readers of a cluster', () => {
  test.each(Object.entries(SESSIONS))('%s gets what is meant for it, and nothing else', async (_name, session) => {
    expect(OBJECTS).toEqual(expect.arrayContaining(session.reads));
    expect(await mistakes(session, REAL)).toEqual([]);
  });

  test('more than a thousand cases were evaluated', () => {
    expect(evaluated.size).toBeGreaterThanOrEqual(1000);
    const elsewhere = Object.values(SESSIONS).flatMap(session => session.reads).length;
    expect(evaluated.size).toBe(Object.keys(SESSIONS).length * (OBJECTS.length + OBJECT_ACTIONS.length + BUCKET_ACTIONS.length) + elsewhere);
  });
});

test.each([
  ['plain HTTP', { 'aws:SecureTransport': 'false' }],
  ['TLS 1.1', { 's3:TlsVersion': '1.1' }],
  ['TLS 1.0', { 's3:TlsVersion': '1.0' }],
])('no session reads over %s what it reads over TLS 1.2', async (_name, changed) => {
  for (const session of Object.values(SESSIONS).slice(0, 2)) {
    for (const key of session.reads) {
      const resource = `arn:aws:s3:::${BUCKET}/${key}`;
      expect([key, await ask(session, 's3:GetObject', resource, REAL, { 's3:TlsVersion': '1.2' })]).toEqual([key, true]);
      expect([key, await ask(session, 's3:GetObject', resource, REAL, changed)]).toEqual([key, false]);
    }
  }
});

test('S3-21 readers of two clusters are the pods of both, and of no other', async () => {
  const policies = { identity: both, resource: bucketPolicy };
  const reads = (cluster: string, key: string) => ask({ namespace: 'team', cluster }, 's3:GetObject', `arn:aws:s3:::${BUCKET}/${key}`, policies);
  for (const key of [TEAM[0], SHARED]) {
    for (const cluster of [CLUSTER.blue, CLUSTER.green]) expect(await reads(cluster, key)).toBe(true);
    for (const cluster of [CLUSTER.blue.replace('blue', 'red'), '*', `${CLUSTER.blue},${CLUSTER.green}`]) expect(await reads(cluster, key)).toBe(false);
  }
  for (const cluster of [CLUSTER.blue, CLUSTER.green]) expect(await reads(cluster, OPEN)).toBe(false);
});

test('S3-22 whoever is granted one version of one model gets that one', async () => {
  const policies = { identity: pinned, resource: bucketPolicy };
  const reads = (key: string) => ask({}, 's3:GetObject', `arn:aws:s3:::${BUCKET}/${key}`, policies);
  expect(await reads('models/team/llama/1/model.json')).toBe(true);
  for (const key of ['models/team/llama/10/model.json', 'models/team/llama/1', 'models/team/llama-2/1/model.json', 'models/team-a/llama/1/model.json', SHARED]) {
    expect([key, await reads(key)]).toEqual([key, false]);
  }
});

describe('a policy that is one change wider or narrower is caught', () => {
  const changed = (change: (text: string) => string) => JSON.parse(change(JSON.stringify(readers))) as PolicyDocument;
  const without = (sid: string) => {
    const resource = copyOf(bucketPolicy);
    resource.Statement = resource.Statement.filter(statement => statement.Sid !== sid);
    expect(resource.Statement).toHaveLength(bucketPolicy.Statement.length - 1);
    return resource;
  };
  const NAMESPACE = '${aws:PrincipalTag/kubernetes-namespace}';

  test.each<[string, (text: string) => string, string]>([
    ['S3-22 the slash behind the namespace', text => text.replace(`${NAMESPACE}/*`, `${NAMESPACE}*`), 'allowed: s3:GetObject arn:aws:s3:::models-example/models/team-a/llama/1/manifest.sha256'],
    ['S3-22 the slash behind _shared', text => text.replace('_shared/*', '_shared*'), 'allowed: s3:GetObject arn:aws:s3:::models-example/models/_sharedx/llama/1/manifest.sha256'],
    ['S3-22 the slash behind a given prefix', text => text.replace('legacy/open/v1/*', 'legacy/open/v1*'), 'allowed: s3:GetObject arn:aws:s3:::models-example/legacy/open/v10/model.json'],
    ['the namespace', text => text.replace(NAMESPACE, '*'), 'allowed: s3:GetObject arn:aws:s3:::models-example/models/team-a/llama/1/manifest.sha256'],
    ['S3-20 the action', text => text.replace('"s3:GetObject"', '["s3:GetObject","s3:PutObjectTagging"]'), 'allowed: s3:PutObjectTagging arn:aws:s3:::models-example/models/team/llama/1/manifest.sha256'],
    ['S3-19 the action and the bucket', text => text.replace('"s3:GetObject"', '["s3:GetObject","s3:List*"]').replace(`models-example/models/${NAMESPACE}/*"`, 'models-example"'), 'allowed: s3:ListBucket arn:aws:s3:::models-example'],
    ['the bucket', text => text.replace(`models-example/models/${NAMESPACE}`, `models-example*/models/${NAMESPACE}`), 'allowed: s3:GetObject arn:aws:s3:::models-example-2/models/team/llama/1/manifest.sha256'],
    ['the spelling of a tag', text => text.replace(/kubernetes-namespace}/g, 'kubernetes_namespace}'), 'denied: s3:GetObject arn:aws:s3:::models-example/models/team/llama/1/manifest.sha256'],
  ])('%s', async (_name, change, expected) => {
    const identity = changed(change);
    expect(identity).not.toEqual(readers);
    const [answer, action, resource] = expected.split(/:? /);
    expect(await ask(SESSIONS["a tenant's pod"], action, resource, { identity, resource: bucketPolicy })).toBe(answer === 'allowed');
  });

  test('S3-21 the condition on the cluster', async () => {
    const identity = copyOf(readers);
    for (const statement of identity.Statement) delete statement.Condition!.StringEquals['aws:PrincipalTag/eks-cluster-arn'];
    const session = SESSIONS['a pod of the same namespace in another cluster'];
    expect(await ask(session, 's3:GetObject', `arn:aws:s3:::${BUCKET}/${TEAM[0]}`, { identity, resource: bucketPolicy })).toBe(true);
  });

  test.each<[string, Record<string, string>]>([
    ['DenyPlainHttp', { 'aws:SecureTransport': 'false' }],
    ['DenyOldTls', { 's3:TlsVersion': '1.1' }],
  ])('%s', async (sid, context) => {
    const session = SESSIONS["a tenant's pod"];
    expect(await ask(session, 's3:GetObject', `arn:aws:s3:::${BUCKET}/${TEAM[0]}`, { identity: readers, resource: without(sid) }, context)).toBe(true);
  });
});
