import { App, CfnParameter, Duration, Fn, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelBucket } from '../../lib/storage';

type Rule = Partial<s3.CfnBucket.RuleProperty>;

const EXPIRES = 'expires published models, and a pod that starts later finds none: limit it to a prefix outside models/';
const EXPIRES_TAGGED = "expires tagged models: the days count from the object's creation, so tagging an old model deletes it the same night";
const ABORTS = 'aborts incomplete uploads under a tag or size filter, which S3 refuses at deploy: give it a rule of its own without a filter';
const moves = (storageClass: string) => `moves models to ${storageClass}, from which no pod can read: use INTELLIGENT_TIERING or GLACIER_IR`;

function newStack(): Stack {
  return new Stack(new App(), 'Models', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function rules(...given: Rule[]): s3.CfnBucket.LifecycleConfigurationProperty {
  return { rules: given.map(rule => ({ id: 'theirs', status: 'Enabled', ...rule })) };
}

const BUCKETS: Record<string, (stack: Stack, configuration: s3.CfnBucketProps) => void> = {
  'our bucket, changed through its definition': (stack, { lifecycleConfiguration, intelligentTieringConfigurations }) => {
    const definition = new ModelBucket(stack, 'Bucket').bucket as s3.CfnBucket;
    if (lifecycleConfiguration) definition.lifecycleConfiguration = lifecycleConfiguration;
    definition.intelligentTieringConfigurations = intelligentTieringConfigurations;
  },
  'an existing bucket of this app': (stack, configuration) => {
    ModelBucket.fromBucket(new s3.CfnBucket(stack, 'Bucket', configuration));
  },
};

const TRAPS: Array<[string, Rule, string]> = [
  ['GLACIER', { transitions: [{ storageClass: 'GLACIER', transitionInDays: 90 }] }, moves('GLACIER')],
  ['DEEP_ARCHIVE', { transitions: [{ storageClass: 'DEEP_ARCHIVE', transitionInDays: 180 }] }, moves('DEEP_ARCHIVE')],
  ['the second of two transitions', { transitions: [{ storageClass: 'STANDARD_IA', transitionInDays: 30 }, { storageClass: 'GLACIER', transitionInDays: 90 }] }, moves('GLACIER')],
  ['the old spelling of a transition', { transition: { storageClass: 'GLACIER', transitionInDays: 90 } }, moves('GLACIER')],
  ['a transition below models/', { prefix: 'models/team-a/', transitions: [{ storageClass: 'GLACIER', transitionInDays: 90 }] }, moves('GLACIER')],
  ['expiry of everything', { expirationInDays: 365 }, EXPIRES],
  ['expiry on a date', { expirationDate: new Date('2030-01-01T00:00:00Z') }, EXPIRES],
  ['expiry with an empty prefix', { prefix: '', expirationInDays: 365 }, EXPIRES],
  ['expiry of models/', { prefix: 'models/', expirationInDays: 365 }, EXPIRES],
  ['expiry of a beginning of models/', { prefix: 'mod', expirationInDays: 365 }, EXPIRES],
  ['expiry of one tenant', { prefix: 'models/team-a', expirationInDays: 365 }, EXPIRES],
  ['expiry by size', { objectSizeGreaterThan: 1000000, expirationInDays: 365 }, EXPIRES],
  ['expiry of signatures', { prefix: 'signatures/', expirationInDays: 365 }, 'expires what is below signatures/, which stays as long as the models do: limit it to a prefix outside signatures/'],
  ['expiry of claims of one tenant', { prefix: 'publishing/team-a/', expirationInDays: 1 }, 'expires what is below publishing/, which stays as long as the models do'],
  ['an archive of signatures', { prefix: 'signatures/', transitions: [{ storageClass: 'GLACIER', transitionInDays: 1 }] }, 'moves what is below signatures/ to GLACIER, from which no pod can read'],
  ['S3-25 expiry by tag', { tagFilters: [{ key: 'status', value: 'deprecated' }], expirationInDays: 30 }, EXPIRES_TAGGED],
  ['S3-25 giving up uploads by tag', { tagFilters: [{ key: 'status', value: 'new' }], abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } }, ABORTS],
  ['S3-25 giving up large uploads', { objectSizeGreaterThan: 1, abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } }, ABORTS],
  ['S3-25 giving up small uploads', { objectSizeLessThan: 9, abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } }, ABORTS],
  ['S3-25 giving up uploads by tag elsewhere', { prefix: 'logs/', tagFilters: [{ key: 'a', value: 'b' }], abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } }, ABORTS],
];

const HARMLESS: Array<[string, Rule]> = [
  ['GLACIER_IR, which a pod reads', { transitions: [{ storageClass: 'GLACIER_IR', transitionInDays: 90 }] }],
  ['INTELLIGENT_TIERING', { transitions: [{ storageClass: 'INTELLIGENT_TIERING', transitionInDays: 0 }] }],
  ['expiry below logs/', { prefix: 'logs/', expirationInDays: 30 }],
  ['expiry below a prefix that only looks like models/', { prefix: 'models-old/', expirationInDays: 30 }],
  ['an archive below backup/', { prefix: 'backup/', transitions: [{ storageClass: 'DEEP_ARCHIVE', transitionInDays: 1 }] }],
  ['a rule that is off', { status: 'Disabled', expirationInDays: 1 }],
  ['giving up uploads without a filter', { abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } }],
  ['giving up uploads below a prefix', { prefix: 'models/', abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } }],
  ['expiry of superseded versions', { noncurrentVersionExpiration: { noncurrentDays: 30 } }],
  ['expiry of delete markers', { expiredObjectDeleteMarker: true }],
];

describe.each(Object.entries(BUCKETS))('%s', (_kind, create) => {
  test.each(TRAPS)('%s fails at synth', (_name, rule, message) => {
    const stack = newStack();
    create(stack, { lifecycleConfiguration: rules({ expiredObjectDeleteMarker: true }, rule) });
    expect(() => (stack.node.root as App).synth()).toThrow(`lifecycle rule 'theirs' ${message}`);
  });

  test.each(HARMLESS)('%s passes', (_name, rule) => {
    const stack = newStack();
    create(stack, { lifecycleConfiguration: rules(rule) });
    expect(() => (stack.node.root as App).synth()).not.toThrow();
  });

  test.each(['ARCHIVE_ACCESS', 'DEEP_ARCHIVE_ACCESS'])('S3-24 with the tier %s of Intelligent-Tiering fails at synth', accessTier => {
    const synth = (status: string) => {
      const stack = newStack();
      create(stack, { intelligentTieringConfigurations: [{ id: 'cold', status, tierings: [{ accessTier, days: 180 }] }] });
      return (stack.node.root as App).synth();
    };
    expect(() => synth('Enabled')).toThrow(
      "Intelligent-Tiering configuration 'cold' archives objects: a pod that starts after months gets InvalidObjectState instead of the model, remove it",
    );
    expect(() => synth('Disabled')).not.toThrow();
  });

  test('with a prefix known at deploy time is taken for one that may hold models', () => {
    const stack = newStack();
    const prefix = new CfnParameter(stack, 'Prefix').valueAsString;
    create(stack, { lifecycleConfiguration: rules({ prefix, expirationInDays: 30 }) });
    expect(() => (stack.node.root as App).synth()).toThrow(`lifecycle rule 'theirs' ${EXPIRES}`);
  });

  test('with rules known at deploy time passes, as nothing can be said of them', () => {
    const stack = newStack();
    create(stack, { lifecycleConfiguration: Token.asAny(Fn.conditionIf('Cold', { Rules: [] }, { Ref: 'AWS::NoValue' })) as any });
    expect(() => (stack.node.root as App).synth()).not.toThrow();
  });
});

test.each([
  ['a rule', 'LifecycleConfiguration.Rules.0', { Id: 'theirs', Status: 'Enabled', ExpirationInDays: 365 }, `lifecycle rule 'theirs' ${EXPIRES}`],
  ['the whole lifecycle', 'LifecycleConfiguration', { Rules: [{ Id: 'theirs', Status: 'Enabled', TagFilters: [{ Key: 'a', Value: 'b' }], ExpirationInDays: 1 }] }, `lifecycle rule 'theirs' ${EXPIRES_TAGGED}`],
  ['a storage class', 'LifecycleConfiguration.Rules.2.Transitions.0.StorageClass', 'GLACIER', `lifecycle rule 'intelligent-tiering' ${moves('GLACIER')}`],
])('a property override of %s of our bucket fails at synth', (_what, path, value, message) => {
  const stack = newStack();
  (new ModelBucket(stack, 'Bucket').bucket as s3.CfnBucket).addPropertyOverride(path, value);
  expect(() => (stack.node.root as App).synth()).toThrow(message);
});

test('S3-24 a property override of the archive tiers of our bucket fails at synth', () => {
  const stack = newStack();
  const tiering = { Id: 'cold', Status: 'Enabled', Tierings: [{ AccessTier: 'ARCHIVE_ACCESS', Days: 90 }] };
  (new ModelBucket(stack, 'Bucket').bucket as s3.CfnBucket).addPropertyOverride('IntelligentTieringConfigurations', [tiering]);
  expect(() => (stack.node.root as App).synth()).toThrow("Intelligent-Tiering configuration 'cold' archives objects");
});

test('S3-25 rules added to a bucket after it was taken as a model bucket are seen', () => {
  const stack = newStack();
  const bucket = new s3.Bucket(stack, 'Bucket');
  ModelBucket.fromBucket(bucket);
  bucket.addLifecycleRule({ id: 'theirs', tagFilters: { status: 'deprecated' }, expiration: Duration.days(30) });
  expect(() => (stack.node.root as App).synth()).toThrow(`lifecycle rule 'theirs' ${EXPIRES_TAGGED}`);
});

test('S3-24 archive tiers of a bucket of this app are seen', () => {
  const stack = newStack();
  ModelBucket.fromBucket(new s3.Bucket(stack, 'Bucket', { intelligentTieringConfigurations: [{ name: 'cold', archiveAccessTierTime: Duration.days(90) }] }));
  expect(() => (stack.node.root as App).synth()).toThrow("Intelligent-Tiering configuration 'cold' archives objects");
});

test('a rule without an id is called so', () => {
  const stack = newStack();
  ModelBucket.fromBucket(new s3.CfnBucket(stack, 'Bucket', { lifecycleConfiguration: { rules: [{ status: 'Enabled', expirationInDays: 1 }] } }));
  expect(() => (stack.node.root as App).synth()).toThrow(`lifecycle rule '(unnamed)' ${EXPIRES}`);
});
