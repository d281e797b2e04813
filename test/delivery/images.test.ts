import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIGEST } from './fixture';
import { Downloader } from '../../lib/delivery';
import { imageReference, isPinned } from '../../lib/delivery/images';

const NAMES = ['s5cmd', 'awsCli'] as const;
const SOURCE = readFileSync(join(__dirname, '..', '..', 'lib', 'delivery', 'images.ts'), 'utf8');

/** The entries of the table as its source spells them. */
const ENTRIES = [...SOURCE.matchAll(/^ {2}(\w+): \{\n((?: {4}.*\n)+) {2}\},$/gm)].map(([, name, body]) => ({
  name,
  fields: Object.fromEntries([...body.matchAll(/^ {4}(\w+): '(.*)',$/gm)].map(([, key, value]) => [key, value])),
}));

test('the table has the images that downloaders run', () => {
  expect(ENTRIES.map(entry => entry.name)).toEqual(NAMES);
});

test.each(ENTRIES)('image $name has a tag, a digest, a source and a date', ({ fields }) => {
  expect(fields.tag).toMatch(/^v?\d+\.\d+\.\d+$/);
  expect(fields.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(fields.source.length).toBeGreaterThan(20);
  expect(fields.date).toMatch(/^20\d\d-[01]\d-[0-3]\d$/);
  expect(Number.isNaN(Date.parse(fields.date))).toBe(false);
});

test.each(NAMES)('S3-11 image %s is referred to by registry, tag and digest', name => {
  const reference = imageReference(name);
  expect(reference).toMatch(/^[a-z0-9-]+(\.[a-z0-9-]+)+\/[a-z0-9-]+\/[a-z0-9-]+(\/[a-z0-9-]+)?:v?\d[\w.]*@sha256:[0-9a-f]{64}$/);
  expect(isPinned(reference)).toBe(true);
});

test.each([
  ['example.com/server:1', false],
  ['example.com/server@sha256:123', false],
  [`example.com/server:1@${DIGEST}x`, false],
  [`example.com/server:1@${DIGEST}`, true],
])('whether %p is pinned is %p', (image, pinned) => {
  expect(isPinned(image)).toBe(pinned);
});

test.each([
  ['s5cmd', Downloader.s5cmd(), '256Mi'],
  ['aws', Downloader.awsCli(), '1Gi'],
])('downloader %s runs its own image and asks for the memory that it takes', (program, downloader, memory) => {
  expect(downloader).toMatchObject({ program, memoryRequest: memory });
  expect(downloader.image).toContain(program);
});

test('a mirror of the image is taken as it is given', () => {
  expect(Downloader.s5cmd({ image: `mirror.example:5000/tools/s5cmd:v2.3.0@${DIGEST}` }).image).toBe(`mirror.example:5000/tools/s5cmd:v2.3.0@${DIGEST}`);
});

test.each(['', ' ', 'two words', 'image\n', '-image', 'image@sha256:12', '$(IMAGE)'])('image %p of a downloader is refused with what to give instead', image => {
  expect(() => Downloader.awsCli({ image })).toThrow(`image of the downloader '${image}' is not valid: use repository:tag@sha256:digest`);
});
