import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';

interface LifecycleProps {
  readonly supersededVersions?: number;
  readonly supersededRetention?: Duration;
  readonly abortIncompleteUploadsAfter?: Duration;
  readonly intelligentTieringAfter?: Duration;
}

/** S3's bounds of NewerNoncurrentVersions: `AWS::S3::Bucket NoncurrentVersionExpiration`. */
const MAX_SUPERSEDED_VERSIONS = 100;

/**
 * The lifecycle of a model bucket. No rule has a filter: S3 refuses one beside AbortIncompleteMultipartUpload, and a rule that expires what
 * carries a tag counts its days from the object's creation, so that tagging a year-old model deletes it the same night.
 * @internal
 */
export function modelLifecycle(props: LifecycleProps): s3.CfnBucket.LifecycleConfigurationProperty {
  const versions = props.supersededVersions ?? 3;
  if (!Token.isUnresolved(versions) && (!Number.isInteger(versions) || versions < 1 || versions > MAX_SUPERSEDED_VERSIONS)) {
    throw new Error(`supersededVersions is ${versions}: give a whole number from 1 to ${MAX_SUPERSEDED_VERSIONS}`);
  }
  return {
    rules: [
      {
        id: 'abort-incomplete-uploads',
        status: 'Enabled',
        abortIncompleteMultipartUpload: { daysAfterInitiation: days('abortIncompleteUploadsAfter', props.abortIncompleteUploadsAfter, 7, 1) },
      },
      {
        id: 'keep-superseded-versions',
        status: 'Enabled',
        noncurrentVersionExpiration: {
          newerNoncurrentVersions: versions,
          noncurrentDays: days('supersededRetention', props.supersededRetention, 30, 1),
        },
      },
      {
        id: 'intelligent-tiering',
        status: 'Enabled',
        transitions: [{ storageClass: 'INTELLIGENT_TIERING', transitionInDays: days('intelligentTieringAfter', props.intelligentTieringAfter, 0, 0) }],
      },
    ],
  };
}

function days(name: string, duration: Duration | undefined, otherwise: number, minimum: number): number {
  if (duration === undefined) return otherwise;
  if (duration.isUnresolved()) throw new Error(`${name} must be known at synth, got an unresolved token: pass Duration.days(${otherwise})`);
  const value = duration.toDays({ integral: false });
  if (!Number.isInteger(value) || value < minimum) {
    throw new Error(`${name} is ${duration.toHumanString()}: S3 counts in whole days, give at least ${minimum}`);
  }
  return value;
}

const UNREADABLE_CLASSES = ['GLACIER', 'DEEP_ARCHIVE'];

/**
 * What is wrong with the lifecycle of a bucket that serves pods, whoever wrote it: an escape hatch, or the owner of an existing bucket.
 * @internal
 */
export function lifecycleErrors(bucket: s3.CfnBucket): string[] {
  const stack = Stack.of(bucket);
  const errors: string[] = [];
  const lifecycle = stack.resolve(bucket.lifecycleConfiguration) as s3.CfnBucket.LifecycleConfigurationProperty | undefined;
  for (const rule of (lifecycle?.rules ?? []) as s3.CfnBucket.RuleProperty[]) {
    if (rule.status === 'Disabled') continue;
    errors.push(...ruleErrors(rule).map(error => `lifecycle rule '${rule.id ?? '(unnamed)'}' ${error}`));
  }
  const tierings = stack.resolve(bucket.intelligentTieringConfigurations) as s3.CfnBucket.IntelligentTieringConfigurationProperty[] | undefined;
  for (const tiering of tierings ?? []) {
    if (tiering.status === 'Disabled') continue;
    errors.push(`Intelligent-Tiering configuration '${tiering.id}' archives objects: a pod that starts after months gets InvalidObjectState instead of the model, remove it`);
  }
  return errors;
}

function ruleErrors(rule: s3.CfnBucket.RuleProperty): string[] {
  const errors: string[] = [];
  const filtered = rule.tagFilters !== undefined || rule.objectSizeGreaterThan !== undefined || rule.objectSizeLessThan !== undefined;
  if (rule.abortIncompleteMultipartUpload && filtered) {
    errors.push('aborts incomplete uploads under a tag or size filter, which S3 refuses at deploy: give it a rule of its own without a filter');
  }
  if (!mayHoldModels(rule.prefix)) return errors;

  const transitions = [...(rule.transitions as s3.CfnBucket.TransitionProperty[] | undefined ?? []), rule.transition as s3.CfnBucket.TransitionProperty | undefined];
  for (const transition of transitions) {
    if (transition && UNREADABLE_CLASSES.includes(transition.storageClass)) {
      errors.push(`moves models to ${transition.storageClass}, from which no pod can read: use INTELLIGENT_TIERING or GLACIER_IR`);
    }
  }
  if (rule.expirationInDays !== undefined || rule.expirationDate !== undefined) {
    errors.push(rule.tagFilters !== undefined
      ? 'expires tagged models: the days count from the object\'s creation, so tagging an old model deletes it the same night'
      : 'expires published models, and a pod that starts later finds none: limit it to a prefix outside models/');
  }
  return errors;
}

/** Whether a rule with this prefix touches objects below `models/`. */
function mayHoldModels(prefix: string | undefined): boolean {
  return prefix === undefined || 'models/'.startsWith(prefix) || prefix.startsWith('models/');
}
