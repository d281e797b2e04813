import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect, Site, Version } from './site';
import { until } from '../processes';
import { Checks } from '../report';
import { done, refused } from '../s3/command-line';

const MIB = 2 ** 20;
/** Parts are 16 MiB, so the first comes in three. */
const SIZES = { 'config.json': 300, 'weights/model-00001-of-00001.safetensors': 40 * MIB, 'a b.txt': 1, "it's": 20_000, 'ü/é 文.bin': 50_000 };

export async function checkPublish(row: Checks, site: Site): Promise<void> {
  const { bucket, command } = site;
  const publish = (source: string, version: Version, ...more: string[]) => command.run('publish', source, bucket.url, ...version.options, ...more);
  const source = site.model('llama', SIZES);
  const llama = new Version('llama');

  await row.check('a folder, one file of it in parts', async () => {
    expect('files', done(await publish(source, llama)).files, 5);
    await site.holds(llama, source);
  });
  await row.check('the same again changes nothing', async () => {
    const before = await bucket.versions('');
    const { alreadyPublished, sentBytes } = done(await publish(source, llama));
    expect('already published, bytes sent', [alreadyPublished, sentBytes], [true, 0]);
    expect('versions of objects', await bucket.versions(''), before);
  });
  await row.check('other content under the same version is refused', async () => {
    const before = await bucket.versions('');
    refused(await publish(site.model('other', { 'config.json': 300 }), llama), /is published with other content, and never changes/);
    expect('versions of objects', await bucket.versions(''), before);
  });
  await row.check('ended by SIGKILL half way, then resumed', () => killedAndResumed(site));
  for (const attempt of [1, 2, 3]) await row.check(`two publishers of different content at once, attempt ${attempt}: one wins`, () => race(site, attempt));
  await row.check('two publishers of the same content at once', async () => {
    const version = new Version('together');
    const results = await Promise.all([publish(source, version), publish(source, version)]);
    results.forEach(done);
    await site.holds(version, source);
    for (const key of await bucket.keys(version.prefix)) expect(`versions of ${key}`, (await bucket.versions(key)).objects, 1);
  });
  await row.check('a source in the bucket is copied there', async () => {
    const [whole, version] = [new Version('whole'), new Version('copied')];
    const small = site.model('whole', { 'config.json': 300, 'weights.safetensors': 3 * MIB });
    const { digest } = done(await publish(small, whole));
    expect('digest', done(await publish(`${bucket.url}/${whole.prefix}`, version)).digest, digest);
    await site.holds(version, small);
  });
  await row.check('a source of parted objects, of whose parts this server tells a wrong checksum, is refused, and nothing is published', async () => {
    const version = new Version('parted');
    refused(await publish(`${bucket.url}/${llama.prefix}`, version), /was copied by S3 with the SHA-256 .* for part/);
    const there = await bucket.keys(version.prefix);
    expect('manifest, file', [version.manifest, `${version.prefix}weights/model-00001-of-00001.safetensors`].filter(key => there.includes(key)), []);
  });
}

/** Many files, one after the other, so that it is in the middle when some are there. */
async function killedAndResumed(site: Site): Promise<void> {
  const { bucket, command, gateway } = site;
  const version = new Version('killed');
  const source = site.model('killed', Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`shard-${index}.bin`, 100_000])));
  const args = ['publish', source, bucket.url, ...version.options, '--parallel', '1'];
  const publisher = command.start(...args);
  const ended = new Promise(resolve => publisher.once('exit', (_, signal) => resolve(signal)));
  const arrived = path.join(gateway.data, bucket.name, version.prefix);
  await until(() => publisher.exitCode !== null || fs.existsSync(arrived) && fs.readdirSync(arrived).length > 20, 120);
  publisher.kill('SIGKILL');
  expect('ended by', await ended, 'SIGKILL');
  expect('manifest', (await bucket.keys(version.prefix)).includes(version.manifest), false);
  refused(await command.run('verify', bucket.url, ...version.options), /without it there is no published version/);

  const { sentBytes, totalBytes } = done(await command.run(...args));
  if (sentBytes >= totalBytes) throw new Error(`it sent ${sentBytes} of ${totalBytes} bytes again: it did not go on where it ended`);
  await site.holds(version, source);
}

async function race(site: Site, attempt: number): Promise<void> {
  const { bucket, command } = site;
  const version = new Version('race', String(attempt));
  const sources = ['one', 'other'].map(name => site.model(`race-${attempt}-${name}`, { 'config.json': 300, 'weights.bin': 2 * MIB }));
  const results = await Promise.all(sources.map(source => command.run('publish', source, bucket.url, ...version.options)));
  expect('exit codes', results.map(({ code }) => code).sort(), [0, 1]);
  const winner = results.findIndex(({ code }) => code === 0);
  refused(results[1 - winner], /with other content/);
  await site.holds(version, sources[winner]);
}
