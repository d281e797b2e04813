import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { BUCKET } from './policy-fixture';
import { ACCOUNT, copyOf, PolicyDocument, REGION, TemplatePolicies } from './policy-simulator';
import { ADMIN, Ask, may, NEW } from './policy-tenants-fixture';
import { ModelBucket, ModelPruner } from '../../lib/storage';

const stack = new Stack(new App(), 'Models', { env: { account: ACCOUNT, region: REGION } });
const models = new ModelBucket(stack, 'Bucket', { bucketName: BUCKET });
const assumedBy = new iam.AccountRootPrincipal();
const scheduled = new ModelPruner(stack, 'Scheduled', { buckets: [models], assumedBy, roleName: 'scheduled' });
const rescuer = new ModelPruner(stack, 'Rescuer', { buckets: [models], assumedBy, roleName: 'rescuer', undo: true });

const clearer = new ModelPruner(stack, 'Clearer', { buckets: [models], assumedBy, roleName: 'clearer' });
models.grants.publish(clearer, { tenants: ['team'] });
const publisher = new iam.Role(stack, 'Publisher', { assumedBy });
models.grants.publish(publisher, { tenants: ['team'] });

const policies = new TemplatePolicies(Template.fromStack(stack));
const resource = policies.bucket(stack.getLogicalId(models.bucket as any));
const identityOf = ({ role }: { role: iam.IRole }) => policies.identity(stack.getLogicalId(role.node.defaultChild as iam.CfnRole));

/** By role: what its own policy allows. */
const ROLES: Record<string, PolicyDocument> = {
  scheduled: identityOf(scheduled),
  rescuer: identityOf(rescuer),
  publisher: ADMIN,
  administrator: ADMIN,
  scheduled2: ADMIN,
};

const MANIFEST = 'models/team/llama/1/manifest.sha256';
const PUBLISHED = [MANIFEST, 'models/_shared/llama/1/weights/a', 'publishing/team/llama/1/manifest.sha256', 'signatures/team/llama/1/0123456789abcdef.sigstore.json'];
const ELSEWHERE = ['legacy/llama/v1/a', 'modelsx/a', 'publishing', 'index.json'];

async function allowed(role: string, action: string, keys: string[], identity = ROLES[role], bucketPolicy = resource): Promise<string[]> {
  const found: string[] = [];
  for (const key of keys) if (await may({ role, action, key }, { identity, resource: bucketPolicy })) found.push(key);
  return found;
}

describe('S3-05 what is published', () => {
  test.each([
    ['publisher', [], []],
    ['administrator', [], []],
    ['scheduled2', [], []],
    ['scheduled', PUBLISHED, []],
    ['rescuer', PUBLISHED, PUBLISHED],
  ])('%s deletes what is meant for it, and no version that is not', async (role, objects, versions) => {
    expect(await allowed(role, 's3:DeleteObject', PUBLISHED)).toEqual(objects);
    expect(await allowed(role, 's3:DeleteObjectVersion', PUBLISHED)).toEqual(versions);
  });

  test('a pruner with more rights of its own still deletes no version, and overwrites nothing', async () => {
    expect(await allowed('scheduled', 's3:DeleteObjectVersion', PUBLISHED, ADMIN)).toEqual([]);
    for (const key of PUBLISHED) {
      expect(await may({ role: 'rescuer', action: 's3:PutObject', key, context: { 's3:ObjectCreationOperation': 'true' } }, { identity: ADMIN, resource })).toBe(false);
    }
  });

  test.each(['DenyDeletingModels', 'DenyDeletingVersions'])('without %s an administrator deletes, so it is what protects', async sid => {
    const without = copyOf(resource);
    without.Statement = without.Statement.filter(({ Sid }) => Sid !== sid);
    const action = sid === 'DenyDeletingModels' ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
    expect(await allowed('administrator', action, PUBLISHED, ADMIN, without)).toEqual(PUBLISHED);
  });
});

test('elsewhere in the bucket everybody has the rights of their own, and pruners have none', async () => {
  for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion']) {
    expect(await allowed('administrator', action, ELSEWHERE)).toEqual(ELSEWHERE);
    expect(await allowed('rescuer', action, ELSEWHERE)).toEqual([]);
  }
});

describe('publish --discard-unpublished', () => {
  const below = (root: string) => `${root}/team/llama/1/`;
  const put = { action: 's3:PutObject', key: MANIFEST, context: NEW };
  /** What is asked of S3, in this order: the manifest is read and taken, the claim is read, and everything goes, these two last. */
  const REQUESTS: Ask[] = [
    { action: 's3:GetObject', key: MANIFEST },
    put,
    { action: 's3:GetObject', key: `${below('publishing')}manifest.sha256` },
    ...['models', 'signatures'].map(root => ({ action: 's3:ListBucket', context: { 's3:prefix': below(root) } })),
    ...[`${below('models')}weights/a`, `${below('models')}model.json`, `${below('signatures')}0123456789abcdef.sigstore.json`, `${below('publishing')}manifest.sha256`, MANIFEST]
      .map(key => ({ action: 's3:DeleteObject', key })),
  ];
  const refusedOf = async (role: string, identity: PolicyDocument) => {
    const refused = [];
    for (const request of REQUESTS) if (!await may({ role, ...request }, { identity, resource })) refused.push(request.action);
    return [...new Set(refused)];
  };

  test('takes a pruner that may publish too: neither right does alone', async () => {
    expect(await refusedOf('clearer', identityOf(clearer))).toEqual([]);
    expect(await refusedOf('scheduled', ROLES.scheduled)).toEqual(['s3:PutObject']);
    expect(await refusedOf('publisher', identityOf({ role: publisher }))).toEqual(['s3:ListBucket', 's3:DeleteObject']);
    expect(await may({ role: 'clearer', ...put, context: { 's3:ObjectCreationOperation': 'true' } }, { identity: identityOf(clearer), resource })).toBe(false);
  });
});

describe('a pruner', () => {
  const manifests = [MANIFEST, 'publishing/team/llama/1/manifest.sha256'];

  test('reads manifests and claims, and no other object', async () => {
    const keys = [...PUBLISHED, 'models/team/llama/1/model.json', 'manifest.sha256', 'legacy/llama/v1/manifest.sha256'];
    expect(await allowed('scheduled', 's3:GetObject', keys)).toEqual(manifests);
    expect(await allowed('scheduled', 's3:GetObjectVersion', keys)).toEqual([]);
    expect(await allowed('rescuer', 's3:GetObjectVersion', keys)).toEqual(manifests);
  });

  test.each(['s3:ListBucket', 's3:ListBucketVersions'])('lists what is published, and nothing else, by %s', async action => {
    const lists = (context: Record<string, string>) => may({ role: 'scheduled', action, context }, { identity: ROLES.scheduled, resource });
    for (const prefix of ['models/', 'models/team/llama/', 'publishing/team/', 'signatures/']) expect([prefix, await lists({ 's3:prefix': prefix })]).toEqual([prefix, true]);
    for (const prefix of ['', 'm', 'models', 'legacy/', 'modelsx/']) expect([prefix, await lists({ 's3:prefix': prefix })]).toEqual([prefix, false]);
    expect(await lists({})).toBe(false);
  });

  test('sees how long the bucket keeps versions, and changes nothing but by deleting', async () => {
    for (const action of ['s3:GetBucketVersioning', 's3:GetLifecycleConfiguration']) {
      expect([action, await may({ role: 'scheduled', action }, { identity: ROLES.scheduled, resource })]).toEqual([action, true]);
    }
    for (const action of ['s3:PutLifecycleConfiguration', 's3:PutBucketPolicy', 's3:PutBucketVersioning', 's3:DeleteBucket']) {
      expect([action, await may({ role: 'rescuer', action }, { identity: ROLES.rescuer, resource })]).toEqual([action, false]);
    }
    for (const action of ['s3:PutObject', 's3:PutObjectTagging', 's3:DeleteObjectTagging', 's3:BypassGovernanceRetention', 's3:ReplicateDelete']) {
      expect([action, await allowed('rescuer', action, PUBLISHED)]).toEqual([action, []]);
    }
  });
});
