import { Duration, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { bucketProperties } from './names';
import { BESIDE_MODELS, ROOTS } from './roots';
import { MODELS } from '../model/layout';

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
 * carries a tag counts its days from the object's creation, so that tagging a year-old model deletes it the same night. None has
 * ExpirationInDays, beside which S3 refuses ExpiredObjectDeleteMarker.
 * @internal
 */
export function modelLifecycle(props: LifecycleProps): s3.CfnBucket.LifecycleConfigurationProperty {
  const versions = props.supersededVersions;
  const known = versions !== undefined && !Token.isUnresolved(versions);
  if (known && (!Number.isInteger(versions) || versions < 1 || versions > MAX_SUPERSEDED_VERSIONS)) {
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
        id: 'expire-superseded-versions',
        status: 'Enabled',
        expiredObjectDeleteMarker: true, // a deleted object ends as a marker without versions, which listings still walk over
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
export function lifecycleErrors(bucket: s3.CfnBucket, prefixes = ROOTS): string[] {
  const errors: string[] = [];
  const properties = bucketProperties(bucket);
  for (const rule of listed<Rule>(properties.LifecycleConfiguration?.Rules)) {
    if (rule.Status === 'Disabled') continue;
    errors.push(...ruleErrors(rule, prefixes).map(error => `lifecycle rule '${rule.Id ?? '(unnamed)'}' ${error}`));
  }
  for (const tiering of listed<{ Id: string; Status: string }>(properties.IntelligentTieringConfigurations)) {
    if (tiering.Status === 'Disabled') continue;
    errors.push(`Intelligent-Tiering configuration '${tiering.Id}' archives objects: a pod that starts after months gets InvalidObjectState instead of the model, remove it`);
  }
  return errors;
}

/**
 * Whether the definition of a bucket is known to keep some version of every deleted model for ever.
 * @internal
 */
export function keepsDeletedModels(bucket: s3.CfnBucket): boolean {
  const { LifecycleConfiguration, VersioningConfiguration } = bucketProperties(bucket);
  const rules: Rule[] = LifecycleConfiguration?.Rules ?? [];
  if (VersioningConfiguration?.Status !== 'Enabled' || !Array.isArray(rules)) return false;
  return !rules.some(rule => {
    const { NoncurrentVersionExpirationInDays: byDays, NoncurrentVersionExpiration: byDaysAndNumber } = rule;
    return rule.Status !== 'Disabled' && !filtered(rule) && (typeof rule.Prefix !== 'string' || MODELS.startsWith(rule.Prefix))
      && (byDays !== undefined || (byDaysAndNumber && byDaysAndNumber.NewerNoncurrentVersions === undefined));
  });
}

/** A lifecycle rule as the template has it; a value known at deploy time is an object. */
interface Rule {
  readonly Id?: string;
  readonly Status?: string;
  readonly Prefix?: unknown;
  readonly TagFilters?: unknown;
  readonly ObjectSizeGreaterThan?: unknown;
  readonly ObjectSizeLessThan?: unknown;
  readonly AbortIncompleteMultipartUpload?: unknown;
  readonly Transition?: { readonly StorageClass: string };
  readonly Transitions?: Array<{ readonly StorageClass: string }>;
  readonly ExpirationInDays?: unknown;
  readonly ExpirationDate?: unknown;
  readonly NoncurrentVersionExpiration?: { readonly NewerNoncurrentVersions?: unknown };
  readonly NoncurrentVersionExpirationInDays?: unknown;
}

/** A list that is known at synth; of any other nothing can be said. */
function listed<T>(value: unknown): T[] {
  return Array.isArray(value) ? value : [];
}

function filtered({ TagFilters, ObjectSizeGreaterThan, ObjectSizeLessThan }: Rule): boolean {
  return TagFilters !== undefined || ObjectSizeGreaterThan !== undefined || ObjectSizeLessThan !== undefined;
}

function ruleErrors(rule: Rule, prefixes: string[]): string[] {
  const errors: string[] = [];
  if (rule.AbortIncompleteMultipartUpload && filtered(rule)) {
    errors.push('aborts incomplete uploads under a tag or size filter, which S3 refuses at deploy: give it a rule of its own without a filter');
  }
  const reached = prefixes.find(prefix => mayHold(prefix, rule.Prefix));
  if (reached === undefined) return errors;

  for (const transition of [...listed<Rule['Transition']>(rule.Transitions), rule.Transition]) {
    if (transition && UNREADABLE_CLASSES.includes(transition.StorageClass)) {
      errors.push(`moves ${BESIDE_MODELS.includes(reached) ? `what is below ${reached}` : 'models'} to ${transition.StorageClass}, from which no pod can read: use INTELLIGENT_TIERING or GLACIER_IR`);
    }
  }
  if (rule.ExpirationInDays !== undefined || rule.ExpirationDate !== undefined) {
    errors.push(expiryError(reached, rule.TagFilters !== undefined));
  }
  return errors;
}

function expiryError(prefix: string, tagged: boolean): string {
  if (tagged) return 'expires tagged models: the days count from the object\'s creation, so tagging an old model deletes it the same night';
  const why = BESIDE_MODELS.includes(prefix) ? `what is below ${prefix}, which stays as long as the models do`
    : 'published models, and a pod that starts later finds none';
  return `expires ${why}: limit it to a prefix outside ${prefix}`;
}

/** Whether a rule with this prefix touches objects below that of models. */
function mayHold(models: string, prefix: unknown): boolean {
  return typeof prefix !== 'string' || models.startsWith(prefix) || prefix.startsWith(models);
}
