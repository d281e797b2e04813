import { GetBucketLifecycleConfigurationCommand, GetBucketVersioningCommand, LifecycleRule } from '@aws-sdk/client-s3';
import { MODELS } from '../../lib/model/layout';
import { CommandError } from '../cli/command';
import type { Store } from '../cli/store';

/** @throws where what is removed would be gone at once */
export async function checkVersioned(store: Store) {
  const { Status } = await store.client.send(new GetBucketVersioningCommand({ Bucket: store.bucket })).catch((error: Error) => {
    throw new CommandError(`whether ${store.bucket} keeps what is removed is not known (${error.name}): these credentials need s3:GetBucketVersioning`);
  });
  if (Status !== 'Enabled') {
    throw new CommandError(`${store.bucket} ${Status === 'Suspended' ? 'no longer keeps' : 'does not keep'} superseded versions, so nothing would bring back what is removed: turn on versioning, or say --without-undo`);
  }
}

/** When the bytes of a removed version are freed, as a sentence goes on after "freed"; asks the bucket. */
export async function freedWhen(store: Store): Promise<string> {
  try {
    const { Rules } = await store.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: store.bucket }));
    return freedBy(Rules ?? []);
  } catch (error) {
    return (error as Error).name === 'NoSuchLifecycleConfiguration' ? freedBy([]) : 'when the bucket\'s retention of superseded versions is over (30 days by default)';
  }
}

/** When these rules free what is removed below `models/`. */
export function freedBy(rules: LifecycleRule[]): string {
  const expirations = rules
    .filter(({ Status, Filter, Prefix }) => Status === 'Enabled' && !Filter?.And && !Filter?.Tag && Filter?.ObjectSizeGreaterThan === undefined && Filter?.ObjectSizeLessThan === undefined
      && MODELS.startsWith(Filter?.Prefix ?? Prefix ?? ''))
    .flatMap(({ NoncurrentVersionExpiration }) => NoncurrentVersionExpiration ?? []);
  const days = expirations.filter(({ NewerNoncurrentVersions }) => !NewerNoncurrentVersions).map(({ NoncurrentDays }) => NoncurrentDays ?? Infinity);
  if (days.length > 0) return `${Math.min(...days)} days after they are removed`;
  return expirations.length > 0
    ? `never: a rule of the bucket keeps the ${expirations[0].NewerNoncurrentVersions} newest superseded versions of each object, however old they are`
    : 'never: no rule of the bucket expires superseded versions';
}
