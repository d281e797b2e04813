import { expect, Site, Version } from './site';
import { Checks } from '../report';
import { done, refused } from '../s3/command-line';

/** What writes anew where something was removed. On a bucket without versions: this server takes the marker of a removal for an object. */
export async function checkWhereSomethingWas(row: Checks, site: Site): Promise<void> {
  const { bucket, command } = site;
  await row.check('a file that is missing is brought again', async () => {
    const version = new Version('restored');
    const source = site.model('restored', { 'config.json': 300, 'weights.bin': 100_000 });
    const publish = () => command.run('publish', source, bucket.url, ...version.options);
    done(await publish());
    await bucket.remove(`${version.prefix}weights.bin`);
    expect('restored files', done(await publish()).restoredFiles, 1);
    await site.holds(version, source);
  });
  await row.check('--discard-unpublished clears what an attempt left, and other content is published', async () => {
    const version = new Version('discarded');
    await bucket.write(version.claim, `${'0'.repeat(64)}  theirs.bin\n`);
    await bucket.write(`${version.prefix}theirs.bin`, 'theirs');
    const source = site.model('discarded', { 'weights.bin': 100_000 });
    const args = ['publish', source, bucket.url, ...version.options];
    refused(await command.run(...args), /--discard-unpublished/);
    done(await command.run(...args, '--discard-unpublished'));
    await site.holds(version, source);
  });
}
