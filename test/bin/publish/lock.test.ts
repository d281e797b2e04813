import * as fs from 'node:fs';
import * as path from 'node:path';
import { temporaryFolder } from './files';
import { checkWritable, writeAtomically } from '../../../bin/publish/lock';

let folder: string;

beforeEach(() => { folder = temporaryFolder(); });

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

test('a lock file in a folder that is not there is refused by name, before anything is sent', () => {
  const file = path.join(folder, 'out', 'models.lock.json');
  expect(() => checkWritable(file, '{}')).toThrow(`${file} could not be written: ENOENT`);
  expect(() => checkWritable(file, '{}')).toThrow(`make the folder '${path.join(folder, 'out')}', or name another file`);
  expect(() => checkWritable(path.join(folder, 'models.lock.json'), '{}')).not.toThrow();
});

test('a lock file stays as open or closed as it is', () => {
  const file = path.join(folder, 'models.lock.json');
  fs.writeFileSync(file, 'old');
  for (const mode of [0o600, 0o664]) {
    fs.chmodSync(file, mode);
    writeAtomically(file, `new ${mode}`);
    expect(fs.statSync(file).mode % 0o1000).toBe(mode);
  }
});

test('a lock file is written through a link, and nothing stays beside it', () => {
  fs.writeFileSync(path.join(folder, 'there.json'), 'old');
  fs.symlinkSync('there.json', path.join(folder, 'models.lock.json'));
  writeAtomically(path.join(folder, 'models.lock.json'), 'new');
  expect(fs.readFileSync(path.join(folder, 'there.json'), 'utf8')).toBe('new');
  expect(fs.readdirSync(folder).sort()).toEqual(['models.lock.json', 'there.json']);
});
