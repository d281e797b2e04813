import { sha256 } from './files';
import { descriptionFields, describeModel } from '../../../bin/publish/description';
import { compositeChecksum, MAX_OBJECT, PartHasher, partSizeOf, partsOf } from '../../../bin/publish/digests';
import { Memory } from '../../../bin/publish/memory';
import { sizeCode } from '../../../bin/publish/report';

const MIB = 2 ** 20;

test('memory is lent up to its bytes and its number of loans, in the order of asking; what is larger than all of it, alone', async () => {
  const memory = new Memory(3, 10 * MIB);
  const lent: string[] = [];
  const lend = async (name: string, mib: number) => {
    const loan = await memory.lend(mib * MIB);
    lent.push(name);
    expect(loan.buffer).toHaveLength(mib * MIB);
    return loan;
  };
  const settle = () => new Promise(resolve => setImmediate(resolve));
  const loans = [lend('a', 4), lend('b', 5), lend('c', 2), lend('d', 1), lend('huge', 30), lend('e', 1), lend('f', 1), lend('g', 1), lend('h', 1)];
  await settle();
  expect(lent).toEqual(['a', 'b']); // d would fit, but c came before
  (await loans[0]).end();
  await settle();
  expect(lent).toEqual(['a', 'b', 'c', 'd']);
  for (const index of [1, 2]) (await loans[index]).end();
  await settle();
  expect(lent).toHaveLength(4);
  (await loans[3]).end();
  await settle();
  expect(lent.slice(4)).toEqual(['huge']);
  (await loans[4]).end();
  await settle();
  expect(lent.slice(5)).toEqual(['e', 'f', 'g']); // h is the fourth
});

test('parts follow from the size of a file alone: at least 16 MiB, at most 10,000', () => {
  expect(partsOf(0)).toEqual([{ start: 0, end: 0 }]);
  expect(partsOf(16 * MIB)).toEqual([{ start: 0, end: 16 * MIB }]);
  expect(partsOf(16 * MIB + 1)).toEqual([{ start: 0, end: 16 * MIB }, { start: 16 * MIB, end: 16 * MIB + 1 }]);
  expect(partSizeOf(10_000 * 16 * MIB)).toBe(16 * MIB);
  expect(partSizeOf(10_000 * 16 * MIB + 1)).toBe(17 * MIB);
  expect(partsOf(MAX_OBJECT).length).toBeLessThanOrEqual(10_000);
  expect(partSizeOf(MAX_OBJECT)).toBe(525 * MIB);
  expect(() => partSizeOf(MAX_OBJECT + 1)).toThrow('S3 takes at most 5497558138880: split it');
});

test('parts are hashed wherever the chunks are cut', () => {
  const content = Buffer.from('abcdefghij');
  for (const chunk of [1, 3, 4, 7, 10]) {
    const hasher = new PartHasher(4);
    for (let at = 0; at < content.length; at += chunk) hasher.update(content.subarray(at, at + chunk));
    expect(hasher.digest()).toEqual({ sha256: sha256('abcdefghij'), parts: [sha256('abcd'), sha256('efgh'), sha256('ij')] });
  }
  expect(new PartHasher(4).digest()).toEqual({ sha256: sha256(''), parts: [sha256('')] });
  const both = Buffer.from(sha256('abcd') + sha256('efgh'), 'hex');
  expect(compositeChecksum([sha256('abcd'), sha256('efgh')])).toBe(`${Buffer.from(sha256(both), 'hex').toString('base64')}-2`);
});

test('a description is one line, which its own reader knows and others are not taken for', () => {
  expect(describeModel(5, {})).toBe('{"totalBytes": 5}\n');
  expect(describeModel(5, { source: { hub: 'a/b' }, note: 'x' })).toBe('{"totalBytes": 5, "source": {"hub":"a/b"}, "note": "x"}\n');
  expect(descriptionFields('{"totalBytes": 5, "source": {"hub":"a/b"}}\n')).toEqual({ source: { hub: 'a/b' } });
  for (const text of ['', '[]', '{}', '{"totalBytes":5}\n', '{"totalBytes": 5}', '{"totalBytes": "5"}\n', '{"totalBytes": 5.5}\n']) expect(descriptionFields(text)).toBeUndefined();
  expect(() => describeModel(5, { source: { totalBytes: 6 } })).toThrow('that name is taken by the layout');
});

test('the size of the line to paste holds the model, and is less than twice as much', () => {
  expect([1, 1024, 1025, MIB, MIB + 1, 1024 * MIB, 16_060_556_376].map(sizeCode)).toEqual([
    'Size.kibibytes(1)', 'Size.kibibytes(1)', 'Size.kibibytes(2)', 'Size.mebibytes(1)', 'Size.mebibytes(2)', 'Size.gibibytes(1)', 'Size.gibibytes(15)',
  ]);
});
