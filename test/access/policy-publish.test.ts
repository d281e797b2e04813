import { BUCKET, policiesOfAnApp } from './policy-fixture';
import { ACCOUNT, copyOf, isAllowed, PolicyDocument } from './policy-simulator';

const { bucketPolicy, publishOne, publishAll, readers } = policiesOfAnApp();

const ADMIN: PolicyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
const TLS = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };

/** What a request says of itself: the whole object at once, the end of a multipart upload, or one of its parts. */
const NEW = { 's3:ObjectCreationOperation': 'true', 's3:if-none-match': '*' };
const OVERWRITE = { 's3:ObjectCreationOperation': 'true' };
const PART = { 's3:ObjectCreationOperation': 'false' };

async function may(
  identity: PolicyDocument, action: string, key: string | undefined, context: Record<string, string> = {}, resource = bucketPolicy,
): Promise<boolean> {
  return isAllowed({
    principal: `arn:aws:sts::${ACCOUNT}:assumed-role/Somebody/session`,
    action,
    resource: `arn:aws:s3:::${BUCKET}${key === undefined ? '' : `/${key}`}`,
    context: { ...TLS, ...context },
  }, { identity, resource });
}

const TEAM = 'models/team/llama/2/model.json';
const OTHER = 'models/team-a/llama/2/model.json';
const SHARED = 'models/_shared/llama/2/model.json';
const BESIDE = ['publishing/team/llama/2/manifest.sha256', 'signatures/team/llama/2/0123456789abcdef.sigstore.json'];
const BESIDE_OTHERS = ['publishing/team-a/llama/2/manifest.sha256', 'publishing/_shared/llama/2/manifest.sha256', 'signatures/team-a/x', 'signatures/_shared/x'];
const OUTSIDE = ['publishing', 'publishingx/a', 'signature/a', 'model.json', 'legacy/llama/model.json', 'modelsx/a', 'model-access-logs/x'];

describe('what is published is write-once', () => {
  test.each<[string, PolicyDocument, string[]]>([
    ['the publisher of a tenant', publishOne, [TEAM, ...BESIDE]],
    ['the publisher of every tenant', publishAll, [TEAM, OTHER, SHARED, ...BESIDE_OTHERS]],
    ['an administrator', ADMIN, [TEAM, OTHER, SHARED, ...BESIDE]],
  ])('S3-05 %s creates what is published and overwrites none of it', async (_who, identity, keys) => {
    for (const key of keys) {
      expect([key, await may(identity, 's3:PutObject', key, NEW)]).toEqual([key, true]);
      expect([key, await may(identity, 's3:PutObject', key, OVERWRITE)]).toEqual([key, false]);
      expect([key, await may(identity, 's3:PutObject', key, { ...OVERWRITE, 's3:if-match': '"etag"' })]).toEqual([key, false]);
    }
  });

  test.each<[string, PolicyDocument]>([['a publisher', publishOne], ['an administrator', ADMIN]])('%s uploads in parts', async (_who, identity) => {
    expect(await may(identity, 's3:PutObject', TEAM, PART)).toBe(true);
    expect(await may(identity, 's3:AbortMultipartUpload', TEAM)).toBe(true);
    expect(await may(identity, 's3:ListMultipartUploadParts', TEAM)).toBe(true);
  });

  test('an administrator overwrites what is not below models/', async () => {
    for (const key of OUTSIDE) {
      expect([key, await may(ADMIN, 's3:PutObject', key, OVERWRITE)]).toEqual([key, true]);
      expect([key, await may(ADMIN, 's3:PutObject', key, NEW)]).toEqual([key, true]);
    }
  });

  test('without the statement an administrator would overwrite, so it is what protects', async () => {
    const resource = copyOf(bucketPolicy);
    resource.Statement = resource.Statement.filter(statement => statement.Sid !== 'DenyOverwritingModels');
    expect(await may(ADMIN, 's3:PutObject', TEAM, OVERWRITE, resource)).toBe(true);
  });

  test('without the condition on the operation no part could be uploaded', async () => {
    const resource = copyOf(bucketPolicy);
    delete resource.Statement.find(statement => statement.Sid === 'DenyOverwritingModels')!.Condition!.Bool;
    expect(await may(ADMIN, 's3:PutObject', TEAM, PART, resource)).toBe(false);
  });
});

describe('publishers', () => {
  test('S3-22 the publisher of a tenant reaches no other tenant, nor the models for everybody', async () => {
    for (const key of [OTHER, SHARED, 'models/teamx/a', 'models/team', ...BESIDE_OTHERS, ...OUTSIDE]) {
      for (const [action, context] of [['s3:PutObject', NEW], ['s3:PutObject', PART], ['s3:GetObject', {}], ['s3:AbortMultipartUpload', {}]] as const) {
        expect([action, key, await may(publishOne, action, key, context)]).toEqual([action, key, false]);
      }
    }
    expect(await may(publishOne, 's3:GetObject', TEAM)).toBe(true);
  });

  test('the publisher of every tenant reaches nothing beside models/', async () => {
    for (const key of OUTSIDE) {
      expect([key, await may(publishAll, 's3:PutObject', key, NEW)]).toEqual([key, false]);
      expect([key, await may(publishAll, 's3:GetObject', key)]).toEqual([key, false]);
    }
  });

  test('S3-20 no publisher deletes, tags, restores or lists', async () => {
    for (const identity of [publishOne, publishAll]) {
      for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObjectTagging', 's3:PutObjectVersionTagging', 's3:DeleteObjectTagging', 's3:PutObjectAcl', 's3:RestoreObject', 's3:PutObjectRetention', 's3:ReplicateObject']) {
        expect([action, await may(identity, action, TEAM)]).toEqual([action, false]);
      }
      for (const action of ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:GetBucketLocation', 's3:PutBucketPolicy', 's3:PutLifecycleConfiguration']) {
        expect([action, await may(identity, action, undefined)]).toEqual([action, false]);
      }
    }
  });

  test.each([
    ['plain HTTP', { 'aws:SecureTransport': 'false' }],
    ['TLS 1.1', { 's3:TlsVersion': '1.1' }],
  ])('nobody publishes or manages the bucket over %s', async (_name, changed) => {
    for (const identity of [publishOne, publishAll, ADMIN]) {
      expect(await may(identity, 's3:PutObject', TEAM, { ...NEW, ...changed })).toBe(false);
    }
    expect(await may(ADMIN, 's3:PutBucketPolicy', undefined)).toBe(true);
    expect(await may(ADMIN, 's3:PutBucketPolicy', undefined, changed)).toBe(false);
    expect(await may(ADMIN, 's3:ListBucket', undefined, changed)).toBe(false);
  });
});

describe('twins, one attribute apart', () => {
  type Case = readonly [identity: PolicyDocument, action: string, key: string | undefined, context: Record<string, string>];
  const BLUE = { 'aws:PrincipalTag/eks-cluster-arn': 'arn:aws:eks:eu-west-1:111122223333:cluster/blue' };
  const TAGS = { ...BLUE, 'aws:PrincipalTag/kubernetes-namespace': 'team' };

  test.each<[string, Case, Case]>([
    ['namespace', [readers, 's3:GetObject', TEAM, TAGS], [readers, 's3:GetObject', TEAM, { ...TAGS, 'aws:PrincipalTag/kubernetes-namespace': 'team-a' }]],
    ['missing namespace', [readers, 's3:GetObject', TEAM, TAGS], [readers, 's3:GetObject', TEAM, BLUE]],
    ['cluster', [readers, 's3:GetObject', TEAM, TAGS], [readers, 's3:GetObject', TEAM, { ...TAGS, 'aws:PrincipalTag/eks-cluster-arn': 'arn:aws:eks:eu-west-1:111122223333:cluster/red' }]],
    ['key', [readers, 's3:GetObject', TEAM, TAGS], [readers, 's3:GetObject', OTHER, TAGS]],
    ['action', [readers, 's3:GetObject', TEAM, TAGS], [readers, 's3:GetObjectVersion', TEAM, TAGS]],
    ['transport', [readers, 's3:GetObject', TEAM, TAGS], [readers, 's3:GetObject', TEAM, { ...TAGS, 'aws:SecureTransport': 'false' }]],
    ['owner of a given prefix', [readers, 's3:GetObject', 'legacy/owned/v1/model.json', TAGS], [readers, 's3:GetObject', 'legacy/owned/v1/model.json', { ...TAGS, 'aws:PrincipalTag/kubernetes-namespace': 'team-a' }]],
    ['who publishes', [publishAll, 's3:PutObject', OTHER, NEW], [publishOne, 's3:PutObject', OTHER, NEW]],
    ['If-None-Match', [ADMIN, 's3:PutObject', TEAM, NEW], [ADMIN, 's3:PutObject', TEAM, OVERWRITE]],
    ['part or object', [ADMIN, 's3:PutObject', TEAM, PART], [ADMIN, 's3:PutObject', TEAM, OVERWRITE]],
    ['where', [ADMIN, 's3:PutObject', OUTSIDE[0], OVERWRITE], [ADMIN, 's3:PutObject', TEAM, OVERWRITE]],
  ])('%s', async (_attribute, allowed, denied) => {
    const attributes = ([identity, action, key, context]: Case): Record<string, unknown> => ({ identity, action, key, ...TLS, ...context });
    const [one, other] = [attributes(allowed), attributes(denied)];
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    expect(names.filter(name => JSON.stringify(one[name]) !== JSON.stringify(other[name]))).toHaveLength(1);
    expect(await may(...allowed)).toBe(true);
    expect(await may(...denied)).toBe(false);
  });
});
