import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ModelChecksums } from '../../lib/model';

const HASH = 'a'.repeat(64);
const DESCRIPTION = { path: 'model.json', sha256: 'b'.repeat(64) };
const FILES = ['model.json', 'config.json', 'Zoo.txt', 'a-b', 'a/b', 'a.b', 'a b', '_x', 'ä/ü.bin', '日本.txt', '\u{1f600}.bin', '\uff21.bin', 'model-00001-of-00002.safetensors', '#x', '-x', "it's"];

describe('beside coreutils', () => {
  let folder: string;

  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manifest-'));
    for (const file of FILES) {
      fs.mkdirSync(path.dirname(path.join(folder, 'files', file)), { recursive: true });
      fs.writeFileSync(path.join(folder, 'files', file), `content of ${file}`);
    }
  });

  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const shell = (script: string, ...args: string[]) =>
    execFileSync('sh', ['-euc', script, 'sh', ...args], { cwd: path.join(folder, 'files'), encoding: 'utf-8', env: { PATH: process.env.PATH } });
  const ours = () => ModelChecksums.of(FILES.map(file => ({ path: file, sha256: createHash('sha256').update(`content of ${file}`).digest('hex') })));

  test('the text is what sha256sum writes, byte for byte', () => {
    const theirs = shell("find . -type f | cut -c3- | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum --");
    expect(theirs.split('\n')).toHaveLength(FILES.length + 1);
    expect(ours().text).toBe(theirs);
    expect(ModelChecksums.parse(theirs).digest).toBe(ours().digest);
  });

  test('sha256sum -c takes it, and sees a changed file', () => {
    fs.writeFileSync(path.join(folder, 'manifest'), ours().text);
    expect(shell('sha256sum --strict --quiet -c ../manifest')).toBe('');
    fs.writeFileSync(path.join(folder, 'manifest'), ours().text.replace(/^./, first => first === '0' ? '1' : '0'));
    expect(() => shell('sha256sum --strict --quiet -c ../manifest 2>/dev/null')).toThrow('Command failed');
  });

  test('the digest is the SHA-256 of the stored text', () => {
    fs.writeFileSync(path.join(folder, 'manifest'), ours().text);
    expect(ours().digest).toBe(`sha256:${shell('sha256sum < ../manifest').slice(0, 64)}`);
  });
});

test('the order of the files does not matter', () => {
  const entries = ['b', 'a', 'B', '\u{1f600}', '\uff21'].map(name => ({ path: name, sha256: HASH })).concat(DESCRIPTION);
  expect(ModelChecksums.of([...entries].reverse()).text).toBe(ModelChecksums.of(entries).text);
  expect(ModelChecksums.of(entries).entries.map(entry => entry.path)).toEqual(['B', 'a', 'b', 'model.json', '\uff21', '\u{1f600}']);
});

test('the entries of a manifest are a copy', () => {
  const files = [DESCRIPTION, { path: 'weights', sha256: HASH }];
  const manifest = ModelChecksums.of(files);
  manifest.entries.push({ path: 'x', sha256: HASH });
  expect(manifest.entries).toEqual(files);
});

test('a file that is also a folder is refused, as no file system holds both', () => {
  const entries = [DESCRIPTION, { path: 'a/b/c', sha256: HASH }, { path: 'a', sha256: HASH }];
  expect(() => ModelChecksums.of(entries)).toThrow("'a' is in the manifest as a file and as a folder: rename one of them");
  expect(() => ModelChecksums.of([DESCRIPTION, { path: 'a/b', sha256: HASH }, { path: 'a.b', sha256: HASH }])).not.toThrow();
});

test('a manifest of nothing but its description is refused: an empty folder was published', () => {
  expect(() => ModelChecksums.of([DESCRIPTION])).toThrow('the manifest names model.json alone: a model has at least one file, publish from the folder that holds it');
});

test('the digest of a manifest is the same one in every version of this library', () => {
  expect(ModelChecksums.of([{ path: 'weights/model.safetensors', sha256: HASH }, DESCRIPTION]).digest).toBe('sha256:13ec802118319fb148e743c04debde826099a3b155096b501018d17d90336f60');
  expect([ModelChecksums.OBJECT_NAME, ModelChecksums.DESCRIPTION_NAME]).toEqual(['manifest.sha256', 'model.json']);
});

test('a manifest that is read is the one that was written', () => {
  const manifest = ModelChecksums.of([DESCRIPTION, { path: 'a  b', sha256: HASH }, { path: ' c ', sha256: HASH }]);
  const read = ModelChecksums.parse(manifest.text);
  expect(read.text).toBe(manifest.text);
  expect(read.entries).toEqual(manifest.entries);
});

describe('refused', () => {
  const line = (file: string) => `${HASH}  ${file}\n`;

  test.each([
    ['', 'manifest does not end with a newline: it is cut, fetch it again'],
    [line('model.json').slice(0, -1), 'manifest does not end with a newline: it is cut'],
    ['\n', "line 1 of the manifest is '': expected 64 hexadecimal digits, two spaces and a path"],
    [`${line('model.json')}\n`, "line 2 of the manifest is ''"],
    [`${line('model.json')}# comment\n`, "line 2 of the manifest is '# comment': expected 64 hexadecimal digits, two spaces and a path"],
    [`${HASH} model.json\n`, 'expected 64 hexadecimal digits, two spaces and a path'],
    [`${HASH} *model.json\n`, 'expected 64 hexadecimal digits, two spaces and a path'],
    [`${HASH.toUpperCase()}  model.json\n`, 'expected 64 hexadecimal digits'],
    [`\\${HASH}  a\\nb\n`, 'expected 64 hexadecimal digits'],
    [`${line('model.json')}${HASH.slice(1)}  a\n`, `line 2 of the manifest is '${HASH.slice(1)}  a'`],
    [`${line('model.json')}${HASH}  \n`, "line 2 of the manifest is '"],
    [line('model.json').replace('\n', '\r\n'), 'it has a backslash or a control character'],
    [line('a'), 'the manifest has no line for model.json: without the total size nobody knows what fits a volume'],
    [line('model.json').repeat(2), "'model.json' is in the manifest twice: name it once"],
  ])('the text %j', (text, reason) => {
    expect(() => ModelChecksums.parse(text)).toThrow(reason);
  });

  test.each([
    ['a\\b', 'it has a backslash or a control character, which sha256sum escapes: rename the file'],
    ['a\nb', 'it has a backslash or a control character, which sha256sum escapes: rename the file'],
    ['a\0', 'it has a backslash or a control character'],
    ['a\u007f', 'it has a backslash or a control character'],
    ['', "every segment needs a name, and none may be '.' or '..'"],
    ['/a', "every segment needs a name, and none may be '.' or '..'"],
    ['a/', 'every segment needs a name'],
    ['a//b', 'every segment needs a name'],
    ['./a', "none may be '.' or '..'"],
    ['a/../../etc/passwd', "none may be '.' or '..'"],
    ['..', "none may be '.' or '..'"],
    ['manifest.sha256', 'a manifest does not name itself: leave it out'],
    ['manifest.sha256/weights', 'manifest.sha256 is the manifest, which is no folder: rename the folder'],
    ['a\ufffe', 'it has U+FFFE or U+FFFF, which are no characters: rename the file'],
    ['a\uffff/b', 'it has U+FFFE or U+FFFF, which are no characters'],
    ['a\ud800', 'it is no valid Unicode: rename the file'],
    [`${'x'.repeat(200)}/`.repeat(5) + 'x', 'an object key has room for 1,024 bytes'],
    [`${'é'.repeat(120)}/`.repeat(4) + 'é', 'an object key has room for 1,024 bytes'],
    [`a/${'x'.repeat(256)}`, 'a segment has more than 255 bytes, which file systems refuse: shorten it'],
  ])('the path %j', (file, reason) => {
    expect(() => ModelChecksums.of([DESCRIPTION, { path: file, sha256: HASH }])).toThrow(`'${file}' can't be a file of a model: `);
    expect(() => ModelChecksums.of([DESCRIPTION, { path: file, sha256: HASH }])).toThrow(reason);
  });

  test.each(['', 'a', HASH.toUpperCase(), `${HASH}0`, `${HASH}\n`, `sha256:${HASH}`])('the hash %j', sha256 => {
    expect(() => ModelChecksums.of([DESCRIPTION, { path: 'a', sha256 }])).toThrow(
      `'a' can't be a file of a model: its SHA-256 is '${sha256}', expected 64 lowercase hexadecimal digits`,
    );
  });

  test('a file that is named twice, and a manifest without the description', () => {
    expect(() => ModelChecksums.of([DESCRIPTION, DESCRIPTION])).toThrow("'model.json' is in the manifest twice");
    expect(() => ModelChecksums.of([])).toThrow('the manifest has no line for model.json');
  });

  test('a folder that is called as the description is', () => {
    expect(() => ModelChecksums.of([DESCRIPTION, { path: 'model.json/weights', sha256: HASH }])).toThrow("'model.json' is in the manifest as a file and as a folder");
  });

  test("a manifest's own name is taken below a folder", () => {
    expect(ModelChecksums.of([DESCRIPTION, { path: 'sub/manifest.sha256', sha256: HASH }]).entries).toHaveLength(2);
  });
});
