import * as fs from 'node:fs';
import * as path from 'node:path';

const TESTS = path.join(__dirname, '..');
const ROWS = fs.readFileSync(path.join(TESTS, '..', 'docs', 'failure-modes.md'), 'utf8').split('\n')
  .map(line => line.split('|').map(cell => cell.trim()))
  .filter(cells => /^S3-\d\d$/.test(cells[1] ?? ''))
  .map(([, id, , , testing]) => ({ id, folders: [...testing.matchAll(/`([^`]+)`/g)].map(match => match[1]) }));

function filesBelow(folder: string): string[] {
  return fs.readdirSync(path.join(TESTS, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.(test\.ts|ts)$/.test(file))
    .map(file => path.join(TESTS, folder, file));
}

/** A name of a test that begins with the id, or lists it among others at its beginning. */
function namesTest(file: string, id: string): boolean {
  return [...fs.readFileSync(file, 'utf8').matchAll(/['"`](?:%s )?((?:S3-\d\d[ ,]+)+)/g)].some(([, ids]) => ids.includes(id));
}

test('all 31 failure modes are listed, each once', () => {
  expect(ROWS.map(row => row.id)).toEqual(Array.from({ length: 31 }, (_, index) => `S3-${String(index + 1).padStart(2, '0')}`));
});

test.each(ROWS)('$id is covered by a test in each folder that its row names', ({ id, folders }) => {
  expect(folders).not.toHaveLength(0);
  for (const folder of folders) {
    expect(filesBelow(folder).filter(file => namesTest(file, id)).length).toBeGreaterThan(0);
  }
});
