import { lockImage, lockModel, parseModelsLock } from '../../lib/model/models-lock';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

const LOCK = `{
  "lockVersion": 1,
  "models": {
    "embedder": {
      "current": "1",
      "versions": {
        "1": {
          "digest": "${B}",
          "totalBytes": 7
        }
      }
    },
    "serving/llama": {
      "current": "9",
      "versions": {
        "10": {
          "digest": "${B}",
          "totalBytes": 16060556376
        },
        "9": {
          "digest": "${A}",
          "totalBytes": 5
        }
      }
    }
  }
}
`;

const llama = (version: string) => ({ tenant: 'serving', name: 'llama', version });
const change = (from: string | RegExp, to: string) => {
  expect(LOCK.split(from).length).toBeGreaterThan(1);
  return LOCK.replace(from, () => to);
};

test('a lock file is the same text whatever the order in which versions came, and keys are sorted as text', () => {
  const entries = [
    [llama('9'), { digest: A, totalBytes: 5 }],
    [llama('10'), { digest: B, totalBytes: 16060556376 }],
    [{ name: 'embedder', version: '1' }, { digest: B, totalBytes: 7 }],
  ] as const;
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
    let text: string | undefined;
    for (const index of order) text = lockModel(text, 'f', entries[index][0], entries[index][1], index !== 1);
    expect(text).toBe(LOCK);
  }
});

test('what is written is read', () => {
  const lock = parseModelsLock(LOCK, 'f');
  expect([...lock.keys()]).toEqual(['embedder', 'serving/llama']);
  expect(lock.get('embedder')).toMatchObject({ tenant: undefined, name: 'embedder', current: '1' });
  const { versions, ...model } = lock.get('serving/llama')!;
  expect(model).toEqual({ tenant: 'serving', name: 'llama', current: '9' });
  expect(Object.fromEntries(versions)).toEqual({ 9: { digest: A, totalBytes: 5 }, 10: { digest: B, totalBytes: 16060556376 } });
});

test('other orders, spaces, line ends and a byte order mark are read, and the next version is written as ever', () => {
  const reversed = JSON.parse(LOCK, (_, value) => value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value).reverse()) : value);
  for (const text of [`\uFEFF${LOCK}`, LOCK.replace(/\n/g, '\r\n'), LOCK.replace(/ {2}/g, '\t'), JSON.stringify(reversed)]) {
    expect(lockModel(text, 'f', llama('9'), { digest: A, totalBytes: 5 }, true)).toBe(LOCK);
  }
});

test('a version that is not to be current changes the lines of its own alone', () => {
  const after = lockModel(LOCK, 'f', llama('11'), { digest: A, totalBytes: 6 }, false);
  const added = after.split('\n').filter(line => !LOCK.split('\n').includes(line));
  expect(added).toEqual(['        "11": {', '          "totalBytes": 6']);
  expect(parseModelsLock(after, 'f').get('serving/llama')!.current).toBe('9');
  expect(parseModelsLock(lockModel(LOCK, 'f', llama('11'), { digest: A, totalBytes: 6 }, true), 'f').get('serving/llama')!.current).toBe('11');
});

test('to go back is a change of one line', () => {
  const back = lockModel(LOCK, 'f', llama('10'), { digest: B, totalBytes: 16060556376 }, true);
  expect(back).toBe(change('"current": "9"', '"current": "10"'));
});

test('the first version of a model is current, as nothing else could be', () => {
  expect(parseModelsLock(lockModel(undefined, 'f', llama('1'), { digest: A, totalBytes: 1 }, false), 'f').get('serving/llama')!.current).toBe('1');
});

test('names that objects have by themselves are names like others', () => {
  const id = { name: 'constructor', version: 'toString' };
  const text = lockModel(LOCK, 'f', id, { digest: A, totalBytes: 1 }, true);
  expect(parseModelsLock(text, 'f').get('constructor')!.versions.get('toString')).toEqual({ digest: A, totalBytes: 1 });
  expect(parseModelsLock(LOCK, 'f').get('toString')).toBeUndefined();
});

test.each([[{ digest: B, totalBytes: 5 }], [{ digest: A, totalBytes: 6 }]])('a version that is there as something else is refused: %j', version => {
  expect(() => lockModel(LOCK, 'm.json', llama('9'), version, true)).toThrow(
    `m.json: serving/llama@9 is ${A} of 5 bytes, and not ${version.digest} of ${version.totalBytes} bytes: a version never changes; publish under another one, or take it out of the file`,
  );
});

test.each<[string, Parameters<typeof lockModel>[2], { digest: string; totalBytes: number }]>([
  ["model name 'Llama' is not valid", { name: 'Llama', version: '1' }, { digest: A, totalBytes: 1 }],
  ['digest of llama@1 is "sha256:1"', { name: 'llama', version: '1' }, { digest: 'sha256:1', totalBytes: 1 }],
  ['totalBytes of llama@1 is 0', { name: 'llama', version: '1' }, { digest: A, totalBytes: 0 }],
])('nothing is written that could not be read again: %s', (message, id, version) => {
  expect(() => lockModel(undefined, 'f', id, version, true)).toThrow(message);
});

const WRONG: Record<string, [string, string]> = {
  'no text': ['', 'f: this is no JSON (Unexpected end of JSON input): take the file from your version control, or write it anew by publishing with --lock'],
  'a cut file': [LOCK.slice(0, 100), 'f: this is no JSON ('],
  'a list': ['[]', 'f: the file is []: expected an object'],
  'another format': [change('"lockVersion": 1', '"lockVersion": 2'), 'f: lockVersion is 2, and this release of cdk-eks-model-artifacts reads 1: use the release that wrote the file, or a later one'],
  'no format': [change('"lockVersion": 1,', ''), "f: key 'lockVersion' is missing"],
  'an unknown key': [change('"current": "9"', '"curent": "9"'), "f: key 'curent' of serving/llama is not known: there are current and versions"],
  'a key that is missing': [change(/"current": "9",\n/, ''), "f: key 'current' of serving/llama is missing"],
  'a current version that is not there': [change('"current": "9"', '"current": "8"'), 'f: current of serving/llama is "8", which is none of its versions: give one of \'9\', \'10\''],
  'a current version that is a number': [change('"current": "9"', '"current": 9'), 'f: current of serving/llama is 9, which is none of its versions'],
  'a current version that every object has': [change('"current": "9"', '"current": "toString"'), 'f: current of serving/llama is "toString", which is none'],
  'versions that are a list': ['{"lockVersion":1,"models":{"a":{"current":"1","versions":["1"]}}}', 'f: versions of a is ["1"]: expected an object'],
  'no versions': ['{"lockVersion":1,"models":{"a":{"current":"1","versions":{}}}}', 'f: a has no versions: take the model out, or publish a version with --lock'],
  'a model that is null': ['{"lockVersion":1,"models":{"a":null}}', 'f: a is null: expected an object'],
  'two slashes': [change('serving/llama', 'a/b/c'), "f: key 'a/b/c' is not valid: use '<tenant>/<name>', or '<name>' for a model for everybody"],
  'an owner that is no tenant': [change('serving/llama', '_shared/llama'), "f: _shared/llama: tenant '_shared' is not valid: use lowercase letters"],
  'an empty tenant': [change('serving/llama', '/llama'), "f: /llama: tenant '' is not valid"],
  'a name': [change('serving/llama', 'serving/Llama'), "f: serving/Llama: model name 'Llama' is not valid"],
  'a version': [change('"10": {', '"10/": {'), "f: serving/llama: model version '10/' is not valid"],
  'a digest': [change(A, A.toUpperCase()), `f: digest of serving/llama@9 is "${A.toUpperCase()}": give 'sha256:' and the 64 lowercase hexadecimal digits`],
  'a size that is text': [change('"totalBytes": 5', '"totalBytes": "5"'), 'f: totalBytes of serving/llama@9 is "5": give the whole, positive number that model.json has'],
  'a fraction of a byte': [change('"totalBytes": 5', '"totalBytes": 5.5'), 'f: totalBytes of serving/llama@9 is 5.5'],
  'a size beyond what is exact': [change('"totalBytes": 5', '"totalBytes": 9007199254740993'), 'f: totalBytes of serving/llama@9 is 9007199254740992'],
  'one version twice': [change('"9": {', '"10": {'), 'f:20: key "10" is there twice in one object: keep one of both'],
  'one version twice, spelled in two ways': [change('"9": {', '"\\u0031\\u0030": {'), 'f:20: key "\\u0031\\u0030" is there twice'],
  'one model twice': [change('"embedder"', '"serving/llama"'), 'f:13: key "serving/llama" is there twice'],
  'two current versions': [change('"current": "9"', '"current": "9",\n      "current": "10"'), 'f:15: key "current" is there twice'],
};

test.each(Object.keys(WRONG))('%s is refused', what => {
  const [text, message] = WRONG[what];
  expect(() => parseModelsLock(text, 'f')).toThrow(message);
  expect(() => lockModel(text, 'f', llama('9'), { digest: A, totalBytes: 5 }, true)).toThrow(message);
});

test.each(['<<<<<<< HEAD', '=======', '>>>>>>> a1b2c3d (publish llama)', '||||||| 1234567'])('a conflict that a merge left is told by its line: %s', marker => {
  for (const end of ['\n', '\r\n']) {
    const text = change('      "current": "9",\n', `${marker}\n      "current": "9",\n`).replace(/\n/g, end);
    expect(() => parseModelsLock(text, 'models.lock.json')).toThrow('models.lock.json:14: a merge left a conflict here: keep the versions of both sides, decide which one is current, and remove the lines of the markers');
  }
});

const IMAGE = `111122223333.dkr.ecr.eu-west-1.amazonaws.com/models@sha256:${'c'.repeat(64)}`;

describe('the image of a version', () => {
  test('is a line of its own, and nothing else changes', () => {
    const after = lockImage(LOCK, 'f', llama('9'), IMAGE);
    expect(after.split('\n').filter(line => line.trim() !== `"image": "${IMAGE}",`).join('\n')).toBe(LOCK);
    expect(parseModelsLock(after, 'f').get('serving/llama')!.versions.get('9')).toEqual({ digest: A, totalBytes: 5, image: IMAGE });
  });

  test('is replaced by another build', () => {
    const other = IMAGE.replace(/c{64}/, 'd'.repeat(64));
    expect(lockImage(lockImage(LOCK, 'f', llama('9'), IMAGE), 'f', llama('9'), other)).toBe(lockImage(LOCK, 'f', llama('9'), other));
  });

  test('stays when the version is published again, and when another one is', () => {
    const text = lockImage(LOCK, 'f', llama('9'), IMAGE);
    expect(lockModel(text, 'f', llama('9'), { digest: A, totalBytes: 5 }, true)).toBe(text);
    const after = parseModelsLock(lockModel(text, 'f', llama('11'), { digest: A, totalBytes: 6 }, true), 'f').get('serving/llama')!;
    expect([after.versions.get('9')!.image, after.versions.get('11')!.image]).toEqual([IMAGE, undefined]);
  });

  test('is refused without a digest, and for a version that is not there', () => {
    expect(() => lockImage(LOCK, 'f', llama('9'), 'registry.example.com/models:1')).toThrow(/^f: image of serving\/llama@9 is "registry\.example\.com\/models:1": give repository@sha256/);
    expect(() => lockImage(LOCK, 'f', llama('8'), IMAGE)).toThrow(/^f has no version '8' of 'serving\/llama': publish it/);
    expect(() => lockImage(LOCK, 'f', { name: 'other', version: '9' }, IMAGE)).toThrow(/^f has no version '9' of 'other'/);
  });
});
