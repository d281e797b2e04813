import { Site, Version } from './site';
import { Checks } from '../report';
import { done, refused } from '../s3/command-line';

const FILE = 'weights/model.bin';

/** What may happen to a published version, and what is said of it. */
const DAMAGES: Array<{ name: string; make: (site: Site, version: Version) => Promise<void>; says: RegExp }> = [
  {
    name: 'an object with one other bit is found',
    make: async ({ bucket }, { prefix }) => {
      const content = await bucket.read(`${prefix}${FILE}`);
      content[1000] ^= 1; // eslint-disable-line no-bitwise
      await bucket.write(`${prefix}${FILE}`, content);
    },
    says: /weights\/model\.bin has other bytes/,
  },
  {
    name: 'an object that is missing is found',
    make: ({ bucket }, { prefix }) => bucket.remove(`${prefix}${FILE}`),
    says: /weights\/model\.bin is missing/,
  },
  {
    name: 'an object too many is found',
    make: ({ bucket }, { prefix }) => bucket.write(`${prefix}more.bin`, 'more'),
    says: /more\.bin is there, but the manifest does not name it/,
  },
  {
    name: 'a manifest that was written over is found',
    make: async ({ bucket }, { manifest }) => bucket.write(manifest, (await bucket.read(manifest)).toString().replace(/^./, digit => digit === '0' ? '1' : '0')),
    says: /expected sha256:/,
  },
];

export async function checkVerify(row: Checks, site: Site): Promise<void> {
  const { bucket, command } = site;
  const source = site.model('verified', { 'config.json': 300, [FILE]: 200_000 });
  for (const [index, { name, make, says }] of [{ name: 'a whole version is right', make: undefined, says: /$/ }, ...DAMAGES].entries()) {
    await row.check(name, async () => {
      const version = new Version('verified', String(index));
      const { digest } = done(await command.run('publish', source, bucket.url, ...version.options));
      await make?.(site, version);
      const told = await command.run('verify', bucket.url, ...version.options, '--digest', digest);
      if (make === undefined) done(told);
      else refused(told, says);
    });
  }
}
