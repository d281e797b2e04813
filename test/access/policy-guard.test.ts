import { CLUSTER } from './policy-fixture';
import { copyOf, PolicyDocument, Statement } from './policy-simulator';
import { ADMIN, appOfTenants, Ask, may, mistakes, NEW, OBJECTS, PODS } from './policy-tenants-fixture';

const guarded = appOfTenants(true);
const NLP = 'models/nlp/bert/1/a';

const GUARD = { identity: ADMIN, resource: guarded.resource };
const LOADER = { role: 'loader', namespace: 'ops', cluster: CLUSTER.blue, serviceAccount: 'loader' };
const POD: Ask = { namespace: 'nlp-dev', cluster: CLUSTER.blue };

/** Each for an object of one's own, or the bucket. */
const WRITES = [
  's3:PutObject', 's3:PutObjectAcl', 's3:PutObjectTagging', 's3:PutObjectVersionTagging', 's3:PutObjectRetention', 's3:PutObjectLegalHold',
  's3:DeleteObjectTagging', 's3:AbortMultipartUpload', 's3:RestoreObject', 's3:BypassGovernanceRetention', 's3:ReplicateObject', 's3:ReplicateDelete', 's3:ListMultipartUploadParts',
];
const DELETIONS = ['s3:DeleteObject', 's3:DeleteObjectVersion'];
const ON_BUCKET = ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:PutLifecycleConfiguration', 's3:DeleteBucket'];

describe('S3-20 S3-21 S3-22 a pod whose own role allows everything', () => {
  test.each(Object.entries(PODS))('%s reads what the reader roles let it, and nothing else', async (_name, pod) => {
    expect(await mistakes(pod, GUARD)).toEqual([]);
  });

  test('reads like that without the guard: everything', async () => {
    const { resource } = appOfTenants(false);
    expect(await mistakes({ ...POD, reads: OBJECTS }, { identity: ADMIN, resource })).toEqual([]);
  });

  test('writes, deletes, restores and lists nothing, wherever it runs', async () => {
    for (const pod of [POD, { ...POD, cluster: CLUSTER.green }]) {
      for (const action of [...WRITES, ...DELETIONS]) expect([action, await may({ ...pod, action, key: NLP, context: action === 's3:PutObject' ? NEW : {} }, GUARD)]).toEqual([action, false]);
      for (const action of ON_BUCKET) expect([action, await may({ ...pod, action }, GUARD)]).toEqual([action, false]);
    }
  });

  test('reads no tags, versions or ACLs of others either', async () => {
    for (const action of ['s3:GetObjectVersion', 's3:GetObjectTagging', 's3:GetObjectAcl', 's3:GetObjectAttributes', 's3:GetObjectVersionTagging']) {
      expect([action, await may({ ...POD, action, key: 'models/team/llama/1/a' }, GUARD)]).toEqual([action, false]);
    }
  });
});

test.each(Object.entries(PODS))('the guard takes nothing from the reader role: %s', async (_name, pod) => {
  const identity = pod.cluster === CLUSTER.green ? guarded.onGreen : guarded.onBlue;
  for (const key of pod.reads) expect([key, await may({ ...pod, key }, { identity, resource: guarded.resource })]).toEqual([key, true]);
});

describe('who is no pod is left alone', () => {
  test('people, CI and replication read, write, list, and delete what is not published', async () => {
    for (const key of [NLP, 'models/vision/yolo/1/a', 'index.json']) expect([key, await may({ key }, GUARD)]).toEqual([key, true]);
    for (const action of WRITES) expect([action, await may({ action, key: NLP, context: action === 's3:PutObject' ? NEW : {} }, GUARD)]).toEqual([action, true]);
    for (const action of DELETIONS) expect([action, await may({ action, key: 'index.json' }, GUARD)]).toEqual([action, true]);
    for (const action of ON_BUCKET) expect([action, await may({ action }, GUARD)]).toEqual([action, true]);
  });

  test('a publisher outside the clusters publishes, and an IRSA role reads what it was granted', async () => {
    expect(await may({ role: 'publisher', action: 's3:PutObject', key: NLP, context: NEW }, { identity: guarded.ci, resource: guarded.resource })).toBe(true);
    expect(await may({ role: 'irsa', key: NLP }, { identity: guarded.irsa, resource: guarded.resource })).toBe(true);
    expect(await may({ role: 'irsa', key: 'models/vision/yolo/1/a' }, { identity: guarded.irsa, resource: guarded.resource })).toBe(false);
  });
});

describe('an exception', () => {
  const policies = { identity: guarded.loader, resource: guarded.resource };

  test('publishes from inside the cluster what it was granted', async () => {
    expect(await may({ ...LOADER, action: 's3:PutObject', key: NLP, context: NEW }, policies)).toBe(true);
    expect(await may({ ...LOADER, key: NLP }, policies)).toBe(true);
    for (const key of ['models/vision/yolo/1/a', 'models/_shared/llama/1/a', 'models/nlpx/bert/1/a', 'index.json']) {
      expect([key, await may({ ...LOADER, action: 's3:PutObject', key, context: NEW }, policies)]).toEqual([key, false]);
    }
    for (const action of ['s3:DeleteObject', 's3:PutObjectTagging']) expect(await may({ ...LOADER, action, key: NLP }, policies)).toBe(false);
  });

  test('is that role alone: another of the same pod, or of a longer name, is denied', async () => {
    for (const role of ['other', 'loader2', 'load', 'Loader', '*']) {
      expect([role, await may({ ...LOADER, role, action: 's3:PutObject', key: NLP, context: NEW }, { identity: guarded.loader, resource: guarded.resource })]).toEqual([role, false]);
    }
  });

  test('is a pruner too only where it is named: one in a pod is denied', async () => {
    const pruner = { identity: guarded.pruner, resource: guarded.resource };
    expect(await may({ role: 'pruner', action: 's3:DeleteObject', key: NLP }, pruner)).toBe(true);
    expect(await may({ ...POD, role: 'pruner', action: 's3:DeleteObject', key: NLP }, pruner)).toBe(false);
  });

  test('overwrites nothing', async () => {
    expect(await may({ ...LOADER, action: 's3:PutObject', key: NLP, context: { 's3:ObjectCreationOperation': 'true' } }, policies)).toBe(false);
  });
});

describe('a guard that is one change wider or narrower is caught', () => {
  const changed = (change: (statements: Statement[]) => void): PolicyDocument => {
    const resource = copyOf(guarded.resource);
    change(resource.Statement);
    expect(resource).not.toEqual(guarded.resource);
    return resource;
  };
  const guardOf = (statements: Statement[]) => statements.filter(({ Condition }) => JSON.stringify(Condition ?? {}).includes('kubernetes-namespace'));

  test('the denial of other clusters', async () => {
    const resource = changed(statements => { statements.splice(statements.findIndex(({ Sid }) => Sid === 'DenyOtherClusters'), 1); });
    expect(await mistakes(PODS['a cluster that no reader serves'], { identity: ADMIN, resource }, undefined, ['models/nlp/bert/1/a'])).toEqual(['allowed: models/nlp/bert/1/a']);
  });

  test('the denial of all but reading', async () => {
    const resource = changed(statements => { statements.splice(statements.findIndex(({ Sid }) => Sid === 'DenyPodsAllButReading'), 1); });
    expect(await may({ ...POD, action: 's3:PutObjectTagging', key: NLP }, { identity: ADMIN, resource })).toBe(true);
    expect(await may({ ...POD, action: 's3:ListBucket' }, { identity: ADMIN, resource })).toBe(true);
  });

  test.each(['a namespace of two sets', 'a namespace that no set names', 'a namespace called like a set, and in another'])('the denial of what others own: %s', async pod => {
    const resource = changed(statements => { for (const each of guardOf(statements)) if (each.NotResource) each.NotResource = ['arn:aws:s3:::models-example/models/*']; });
    expect(await mistakes(PODS[pod], { identity: ADMIN, resource }, undefined, ['models/team/llama/1/a'])).toEqual(['allowed: models/team/llama/1/a']);
  });

  test('without the Null test everybody who is no pod is locked out', async () => {
    const resource = changed(statements => { for (const each of guardOf(statements)) delete each.Condition!.Null; });
    expect(await may({ key: NLP }, { identity: ADMIN, resource })).toBe(false);
  });

  test('the exception', async () => {
    const resource = changed(statements => { for (const each of statements) delete each.Condition?.ArnNotEquals; });
    expect(await may({ ...LOADER, action: 's3:PutObject', key: NLP, context: NEW }, { identity: guarded.loader, resource })).toBe(false);
  });
});
