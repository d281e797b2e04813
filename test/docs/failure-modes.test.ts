import * as fs from 'node:fs';
import * as path from 'node:path';

const TESTS = path.join(__dirname, '..');
const ROWS = fs.readFileSync(path.join(TESTS, '..', 'docs', 'failure-modes.md'), 'utf8').split('\n')
  .map(line => line.split('|').map(cell => cell.trim()))
  .filter(cells => /^(S3|OCI)-\d\d$/.test(cells[1] ?? ''))
  .map(([, id, , , testing]) => ({ id, folders: [...testing.matchAll(/`([^`]+)`/g)].map(match => match[1]) }));

function filesBelow(folder: string): string[] {
  return fs.readdirSync(path.join(TESTS, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.(test\.ts|ts)$/.test(file))
    .map(file => path.join(TESTS, folder, file));
}

/** A name of a test that begins with the id, or lists it among others at its beginning. */
function namesTest(file: string, id: string): boolean {
  return [...fs.readFileSync(file, 'utf8').matchAll(/['"`](?:%s )?((?:(?:S3|OCI)-\d\d[ ,]+)+)/g)].some(([, ids]) => ids.includes(id));
}

test('all failure modes are listed, each once', () => {
  const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(2, '0')}`);
  expect(ROWS.map(row => row.id)).toEqual([...ids('S3', 31), ...ids('OCI', 35)]);
});

test.each(ROWS)('$id is covered by a test in each folder that its row names', ({ id, folders }) => {
  expect(folders).not.toHaveLength(0);
  for (const folder of folders) {
    expect(filesBelow(folder).filter(file => namesTest(file, id)).length).toBeGreaterThan(0);
  }
});
