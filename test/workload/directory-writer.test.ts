import * as fs from 'node:fs';
import * as path from 'node:path';
import { Environment, temporaryFolder } from './fixture';
import { DirectoryWriter, withoutHeader } from '../../lib/workload/directory-writer';
import { RenderedFile } from '../../lib/workload/rendered-manifests';
import { UNKNOWN } from '../delivery/fixture';

function file(name: string, text = 'kind: ConfigMap\n', documents: any[] = [{ kind: 'ConfigMap', metadata: { name: 'map' } }]): RenderedFile {
  return { name, source: name, documents, dependencies: [], text };
}

const header = (name: string) => `# ${name}: written by cdk-eks-model-artifacts, which overwrites what is changed here.`;

let folder: string;
let writer: DirectoryWriter;
const at = (name: string) => path.join(folder, name);
const read = (name: string) => fs.readFileSync(at(name), 'utf8');

beforeEach(() => {
  folder = path.join(temporaryFolder(), 'deep', 'manifests');
  writer = new DirectoryWriter(folder);
});

test('a file has a first line that says whose it is and what it is called', () => {
  writer.write([file('a.yaml')]);
  expect(read('a.yaml')).toBe(`${header('a.yaml')}\nkind: ConfigMap\n`);
  expect(fs.readdirSync(folder)).toEqual(['a.yaml']);
});

test('what is written again is the same, and an unchanged file is not touched', () => {
  writer.write([file('a.yaml')]);
  const long = new Date('2020-01-01');
  fs.utimesSync(at('a.yaml'), long, long);
  writer.write([file('a.yaml')]);
  expect(fs.statSync(at('a.yaml')).mtime).toEqual(long);
  writer.write([file('a.yaml', 'kind: Secret\n')]);
  expect(read('a.yaml')).toContain('kind: Secret');
});

test('what somebody changed below the first line is overwritten, as that line says', () => {
  writer.write([file('a.yaml')]);
  fs.appendFileSync(at('a.yaml'), 'extra: true\n');
  expect(writer.errors([file('a.yaml')])).toEqual([]);
  writer.write([file('a.yaml')]);
  expect(read('a.yaml')).not.toContain('extra');
});

test('a file that is no longer wanted is removed', () => {
  writer.write([file('a.yaml'), file('b.yaml')]);
  writer.write([file('b.yaml')]);
  expect(fs.readdirSync(folder)).toEqual(['b.yaml']);
});

test('what others put there is never touched', () => {
  writer.write([file('a.yaml'), file('b.yaml')]);
  fs.copyFileSync(at('a.yaml'), at('copy.yaml'));
  fs.symlinkSync('a.yaml', at('link.yaml'));
  fs.mkdirSync(at('folder.yaml'));
  fs.writeFileSync(at('folder.yaml/a.yaml'), header('a.yaml'));
  fs.writeFileSync(at('theirs.yaml'), 'kind: Secret\n');
  fs.writeFileSync(at('kustomization.yaml'), '');
  fs.renameSync(at('b.yaml'), at('renamed.yaml'));
  fs.writeFileSync(at('almost.yaml'), `\n${header('almost.yaml')}\n`);
  writer.write([]);
  expect(fs.readdirSync(folder)).toEqual(['almost.yaml', 'copy.yaml', 'folder.yaml', 'kustomization.yaml', 'link.yaml', 'renamed.yaml', 'theirs.yaml']);
  expect(fs.readdirSync(at('folder.yaml'))).toEqual(['a.yaml']);
});

test('a link that is called like a file of ours, to a file of ours elsewhere, is not followed', () => {
  const elsewhere = path.join(temporaryFolder(), 'b.yaml');
  fs.writeFileSync(elsewhere, `${header('b.yaml')}\n`);
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync(elsewhere, at('b.yaml'));
  expect(writer.errors([file('b.yaml')])).toHaveLength(1);
  writer.write([]);
  expect(fs.lstatSync(at('b.yaml')).isSymbolicLink()).toBe(true);
  expect(fs.existsSync(elsewhere)).toBe(true);
});

const OCCUPIED: Record<string, () => void> = {
  'a file of somebody else': () => fs.writeFileSync(at('a.yaml'), 'kind: Secret\n'),
  'an empty file': () => fs.writeFileSync(at('a.yaml'), ''),
  'a copy of another file of ours': () => fs.writeFileSync(at('a.yaml'), `${header('b.yaml')}\n`),
  'a folder': () => fs.mkdirSync(at('a.yaml')),
  'a link': () => {
    fs.writeFileSync(at('target'), header('a.yaml'));
    fs.symlinkSync('target', at('a.yaml'));
  },
};

test.each(Object.keys(OCCUPIED))('%s that we would have to overwrite is refused', name => {
  fs.mkdirSync(folder, { recursive: true });
  OCCUPIED[name]();
  expect(writer.errors([file('a.yaml')])).toEqual([
    `${at('a.yaml')} is there already and was not written by this library: move it away, or write to another directory`,
  ]);
  expect(writer.errors([file('b.yaml')])).toEqual([]);
});

test('a link that leads nowhere is refused, too', () => {
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync('nowhere', at('a.yaml'));
  expect(writer.errors([file('a.yaml')])).toHaveLength(1);
});

test('the app reports a file in the way and writes nothing', () => {
  const environment = new Environment({ directory: folder });
  environment.server();
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(at('serving.llama.yaml'), 'kind: Secret\n');
  expect(environment.refusal()).toContain(`[Serving/Manifests] ${at('serving.llama.yaml')} is there already and was not written by this library`);
  expect(fs.readdirSync(folder)).toEqual(['serving.llama.yaml']);
});

test.each(['', 'below'])('a directory that is a file, or below one, is refused with its path and what to do: %p', below => {
  const place = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(place, '');
  const errors = new DirectoryWriter(path.join(place, below)).errors([file('a.yaml')]);
  expect(errors.join()).toMatch(new RegExp(`${path.join(place, below)} .*director.*: `));
});

test('tokens are reported with the object and the path, every one of them', () => {
  const documents = [
    { kind: 'ConfigMap', metadata: { name: 'map' }, data: { a: UNKNOWN, b: ['x', { c: `a-${UNKNOWN}` }] } },
    { kind: 'Secret', metadata: { name: 'other', labels: { [UNKNOWN]: 'x' } } },
  ];
  expect(writer.errors([file('a.yaml', '', documents)]).map(error => error.split(':').slice(0, 2).join(':'))).toEqual([
    'ConfigMap map: data.a holds an unresolved token',
    'ConfigMap map: data.b[1].c holds an unresolved token',
    'Secret other: metadata.labels has an unresolved token for a key',
  ]);
});

test('a file is replaced as a whole: who has the old one open reads all of it', () => {
  writer.write([file('a.yaml', 'old: true\n')]);
  const open = fs.openSync(at('a.yaml'), 'r');
  writer.write([file('a.yaml', 'new: true\n')]);
  expect(fs.readFileSync(open, 'utf8')).toBe(`${header('a.yaml')}\nold: true\n`);
  fs.closeSync(open);
  expect(read('a.yaml')).toContain('new: true');
  expect(fs.readdirSync(folder)).toEqual(['a.yaml']);
});

describe('folders in it', () => {
  const patch = file('llama/patch.yaml', 'kind: Patch\n', []);

  test('are made, and go with their last file', () => {
    writer.write([patch, file('llama/kustomization.yaml'), file('a.yaml')]);
    expect(read('llama/patch.yaml')).toBe(`${header('llama/patch.yaml')}\nkind: Patch\n`);
    writer.write([patch]);
    expect([fs.readdirSync(folder), fs.readdirSync(at('llama'))]).toEqual([['llama'], ['patch.yaml']]);
    writer.write([]);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('stay while they hold something of somebody else', () => {
    writer.write([patch]);
    fs.writeFileSync(at('llama/theirs.yaml'), 'kind: Secret\n');
    fs.copyFileSync(at('llama/patch.yaml'), at('llama/copy.yaml'));
    writer.write([]);
    expect(fs.readdirSync(at('llama'))).toEqual(['copy.yaml', 'theirs.yaml']);
  });

  test.each<[string, () => void, string]>([
    ['a file', () => fs.writeFileSync(at('llama'), ''), 'llama'],
    ['a link to a folder', () => fs.symlinkSync(temporaryFolder(), at('llama')), 'llama'],
    ['a file in it', () => { fs.mkdirSync(at('llama')); fs.writeFileSync(at('llama/patch.yaml'), `${header('patch.yaml')}\n`); }, 'llama/patch.yaml'],
  ])('that are %s of somebody else are refused, once', (_, occupy, name) => {
    fs.mkdirSync(folder, { recursive: true });
    occupy();
    expect(writer.errors([patch, file('llama/other.yaml')].slice(0, name === 'llama' ? 2 : 1))).toEqual([`${at(name)} is there already and was not written by this library: move it away, or write to another directory`]);
  });
});

describe('JSON, which has no comments', () => {
  const json = (text = '{"kind":"ConfigMap"}') => file('c.json', text);
  const RECORD = 'json-files.txt';

  test('is written as it is, with a record beside it', () => {
    writer.write([json(), file('a.yaml')]);
    expect(read('c.json')).toBe('{"kind":"ConfigMap"}');
    expect(read(RECORD)).toBe(`${header(RECORD)}\n9f611dd1eda4df64199b2c282aa07c439782eee0894b3f28619680127d24a60d  c.json\n`);
  });

  test('is written again, and removed with its record', () => {
    writer.write([json()]);
    const long = new Date('2020-01-01');
    fs.utimesSync(at(RECORD), long, long);
    expect(writer.errors([json()])).toEqual([]);
    writer.write([json()]);
    expect(fs.statSync(at(RECORD)).mtime).toEqual(long);
    writer.write([json('{}')]);
    expect(read('c.json')).toBe('{}');
    expect(writer.errors([json('[]')])).toEqual([]);
    writer.write([]);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('that somebody changed, or put there, is refused and not removed', () => {
    writer.write([json()]);
    fs.writeFileSync(at('c.json'), '{"mine":1}');
    expect(writer.errors([json()])).toEqual([`${at('c.json')} is there already and was not written by this library: move it away, or write to another directory`]);
    writer.write([]);
    expect(fs.readdirSync(folder)).toEqual(['c.json']);
  });

  test('has no place for a file that is called like the record', () => {
    expect(writer.errors([file(RECORD), json()])).toEqual([`${RECORD} can't be the name of a file of manifests, as the record of JSON files has it: give the file another name`]);
  });

  test('may be the old or the new one where a synth was ended midway', () => {
    writer.write([json()]);
    const inTheWay = at(`c.json.${process.pid}.tmp`);
    fs.mkdirSync(inTheWay);
    expect(() => writer.write([json('{}')])).toThrow('EISDIR');
    fs.rmdirSync(inTheWay);
    expect(writer.errors([json('{}')])).toEqual([]);
    fs.writeFileSync(at('c.json'), '{}');
    expect(writer.errors([json('{}')])).toEqual([]);
  });
});

test('a file with the line ends of Windows has them in its first line, too', () => {
  writer.write([file('a.yaml', 'kind: A\r\n')]);
  expect(read('a.yaml')).toBe(`${header('a.yaml')}\r\nkind: A\r\n`);
});

test('a text that is read again loses the first line that is ours, and no other', () => {
  expect(withoutHeader(`${header('b.yaml')}\nkind: A\n`)).toBe('kind: A\n');
  expect(withoutHeader(`${header('b.yaml')}\r\nkind: A\r\n`)).toBe('kind: A\r\n');
  for (const text of ['kind: A\n', '', '# mine\nkind: A\n', `\n${header('b.yaml')}\n`]) expect(withoutHeader(text)).toBe(text);
});
