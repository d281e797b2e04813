import { CLUSTER } from './policy-fixture';
import { copyOf, PolicyDocument } from './policy-simulator';
import { appOfTenants, may, mistakes, OBJECTS, PODS } from './policy-tenants-fixture';

const { onBlue, onGreen, irsa, own, resource } = appOfTenants(false);

const identityOf = (cluster?: string) => cluster === CLUSTER.green ? onGreen : onBlue;

describe('S3-19 S3-21 S3-22 of tenants that overlap', () => {
  test.each(Object.entries(PODS))('%s reads what is meant for it, and nothing else', async (_name, pod) => {
    expect(OBJECTS).toEqual(expect.arrayContaining(pod.reads));
    expect(await mistakes(pod, { identity: identityOf(pod.cluster), resource })).toEqual([]);
  });

  test('S3-20 no pod writes, deletes or lists', async () => {
    for (const { namespace, cluster } of Object.values(PODS)) {
      for (const action of ['s3:PutObject', 's3:DeleteObject', 's3:PutObjectTagging', 's3:GetObjectVersion']) {
        expect(await may({ namespace, cluster, action, key: 'models/nlp/bert/1/a' }, { identity: identityOf(cluster), resource })).toBe(false);
      }
      expect(await may({ namespace, cluster, action: 's3:ListBucket' }, { identity: identityOf(cluster), resource })).toBe(false);
    }
  });
});

describe('a role that a service account has already', () => {
  const inBlue = { cluster: CLUSTER.blue, namespace: 'team', serviceAccount: 'batch' };
  const readable = async (identity: PolicyDocument, session: object) => {
    const answers = await Promise.all(OBJECTS.map(async key => await may({ ...session, key }, { identity, resource }) ? [key] : []));
    return answers.flat();
  };

  test('S3-19 by IRSA reads the tenants that were named, without any session tag', async () => {
    expect(await readable(irsa, {})).toEqual(['models/nlp/bert/1/a', 'models/team/llama/1/a']);
  });

  test('S3-21 by Pod Identity reads them in its cluster, namespace and service account only', async () => {
    expect(await readable(own, inBlue)).toEqual(['models/team/llama/1/a', 'models/_shared/llama/1/a']);
    for (const other of [{ cluster: CLUSTER.green }, { namespace: 'nlp-dev' }, { serviceAccount: 'chat' }, { cluster: undefined }, { serviceAccount: undefined }]) {
      expect([other, await readable(own, { ...inBlue, ...other })]).toEqual([other, []]);
    }
  });
});

describe('a policy that is one change wider or narrower is caught', () => {
  const changed = (change: (text: string) => string) => {
    const identity = JSON.parse(change(JSON.stringify(onBlue))) as PolicyDocument;
    expect(identity).not.toEqual(onBlue);
    return identity;
  };

  test.each<[string, string, (text: string) => string, string]>([
    ['S3-22 the slash behind a set', 'a namespace of one set', text => text.replace('models/nlp/*', 'models/nlp*'), 'allowed: models/nlpx/bert/1/a'],
    ['one more namespace in a set', 'a namespace that no set names', text => text.replace('"nlp-dev","nlp-prod"', '"nlp-dev","nlp-prod","other"'), 'allowed: models/nlp/bert/1/a'],
    ['one namespace less', 'a namespace of one set', text => text.replace('"nlp-dev","nlp-prod"', '"nlp-dev"'), 'denied: models/nlp/bert/1/a'],
    ['a set for everybody', 'a namespace that no set names', text => text.replace('models/_shared/*', 'models/vision/*'), 'allowed: models/vision/yolo/1/a'],
  ])('%s', async (_name, pod, change, expected) => {
    expect(await mistakes(PODS[pod], { identity: changed(change), resource }, undefined, [expected.split(' ')[1]])).toEqual([expected]);
  });

  test.each([
    ['a namespace called like a set, and in another', 'allowed: models/nlp/bert/1/a'],
    ['a namespace called like a set, and in none', 'allowed: models/platform/probe/1/a'],
  ])('the denial to %s', async (pod, expected) => {
    const identity = copyOf(onBlue);
    identity.Statement = identity.Statement.filter(({ Effect }) => Effect === 'Allow');
    expect(identity.Statement).toHaveLength(onBlue.Statement.length - 1);
    expect(await mistakes(PODS[pod], { identity, resource }, undefined, [expected.split(' ')[1]])).toEqual([expected]);
  });
});
