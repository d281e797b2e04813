import { documentsIn, readDocument } from '../../lib/yaml/yaml-reading';

/** The values of all documents, and the text that the parts make up. */
function read(text: string): any[] {
  const parts = documentsIn(text);
  expect(parts.join('')).toBe(text);
  return parts.map(part => readDocument(part).value).filter(value => value !== undefined);
}

// All expectations are what k8s.io/apimachinery v0.37.2 with sigs.k8s.io/yaml v1.6.0 prints, the reader of kubectl.
test.each<[unknown, string[]]>([
  [true, ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']],
  [false, ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']],
  [null, ['', '~', 'null', 'Null', 'NULL']],
  [0, ['0', '-0', '+0', '00', '-00', '0o0', '0x0', '0b0', '0.0', '-0.0', '0e0', '0_', '1e-400']],
  [15, ['15', '+15', '017', '0o17', '0O17', '0xF', '0XF', '0b1111', '0B1111', '1_5', '1__5', '0_17', '0x_F', '0b_1111', '15.', '1.5e1', '1.5E+1']],
  [-511, ['-0777', '-0o777', '-0x1FF', '-511']],
  [1000, ['1000', '1_000', '1e3', '1E3', '1e+3', '+1e3', '1_e3', '1e_3']],
  [0.5, ['.5', '0.5', '+.5', '5e-1', '.5_0']],
  [9, ['09', '9', '9.0']],
  [-1, ['-1', '0b-1', '-0b1']],
  [9007199254740991, ['9007199254740991', '0x1FFFFFFFFFFFFF']],
  [9007199254740993n, ['9007199254740993']],
  [-9007199254740993n, ['-9007199254740993']],
  [9223372036854775807n, ['9223372036854775807', '0x7FFFFFFFFFFFFFFF']],
  [18446744073709552000, ['18446744073709551615', '0xFFFFFFFFFFFFFFFF']],
  [1e19, ['1e19', '10000000000000000000']],
])('kubectl takes for %p: %j', (value, texts) => {
  for (const text of texts) expect({ text, ...read(`a: ${text}\nb: [${text}]`)[0] }).toEqual({ text, a: value, b: text === '' ? [] : [value] });
});

test.each([
  '22:22', '1:30', '190:20:30', '12:30:45.5', '2001-12-14', '2001-12-14T21:59:43.10-05:00', '2026-13-45', 'yEs', 'nUll', 'TRUE!', 'None', '08x',
  '0o8', '0b12', '0xG', '0b', '0x', '0o',
  '_1', '._5', '1e', '1e+', '1e400', '-1e400', '0x1p4', '1.2.3', '1,000', '1f', '4Gi', '500m', '100%', '--', '.', '.e3', '=', 'nan', 'inf', '<<<',
  'v1.0', 'a#b', 'a:b', '-0xFFFFFFFFFFFFFFFF', '+-1',
])('%s stays a string', text => {
  expect(read(`a: ${text}`)).toEqual([{ a: text }]);
});

test.each([
  ['"yes"', 'yes'], ["'0777'", '0777'], ['!!str 1', '1'], ['!!int "1"', 1], ['!!float 1', 1], ['!!null ""', null], ['!!bool "on"', true],
  ['!!binary aGk=', 'hi'], ['!other 1', '1'],
  ['"\\x41\\u00e9\\U0001F600\\N\\_"', 'Aé😀\u0085\u00a0'], ['|\n  yes\n', 'yes\n'], ['>-\n  1\n  2\n', '1 2'], ['1\n  2', '1 2'],
  ['{1: a, yes: b, 1.50: c, 0x10: d}', { 1: 'a', true: 'b', 1.5: 'c', 16: 'd' }],
])('quotes and tags: %s', (text, value) => {
  expect(read(`a: ${text}`)).toEqual([{ a: value }]);
});

test.each<[string, any[]]>([
  ['', []], ['# only a comment\n', []], ['---\n---\n# c\n---\n', []], ['---\na: 1\n--- # c\nb: 2\n---', [{ a: 1 }, { b: 2 }]],
  ['a: 1\n...\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
  ['\ufeffa: 1\n', [{ a: 1 }]], ['a: 1\r\n---\r\nb: |\r\n  x\r\n  y\r\n', [{ a: 1 }, { b: 'x\ny\n' }]],
  ['{"a": 1}\n{"b": "}{"}\n', [{ a: 1 }, { b: '}{' }]], ['{"a":1}{"b":2}', [{ a: 1 }, { b: 2 }]], ['{"a": 1}\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
  ['{\n\t"a": "\\/\\ud83d\\ude00"\n}', [{ a: '/😀' }]],
  ['a: &x {b: 1, e: 5}\nc: *x\n', [{ a: { b: 1, e: 5 }, c: { b: 1, e: 5 } }]], ['a: &x 1\nb: &x 2\nc: *x\n', [{ a: 1, b: 2, c: 2 }]],
  ['a: &x {b: 1}\nc:\n  <<: *x\n  b: 3\n', [{ a: { b: 1 }, c: { b: 3 } }]], ['a: &x {b: 1}\nc:\n  b: 3\n  <<: *x\n', [{ a: { b: 1 }, c: { b: 1 } }]],
  ['a: &x {b: 1}\nc: &y {b: 2, d: 2}\ne:\n  <<: [*x, *y]\n', [{ a: { b: 1 }, c: { b: 2, d: 2 }, e: { b: 1, d: 2 } }]], ['a:\n  "<<": 1\n',
    [{ a: { '<<': 1 } }]],
  ['a:\tb\nc: {?\td\t:\te}\n? f\t\n: []\t# g\nh:\t\n- 1\t\n', [{ a: 'b', c: { d: 'e' }, f: [], h: [1] }]],
  ['a: {}#c\nb: [\n  1,\n]\n', [{ a: {}, b: [1] }]], ['a: "{{ .x }}"\nb: http://c:80\n', [{ a: '{{ .x }}', b: 'http://c:80' }]],
])('%j', (text, values) => {
  expect(read(text)).toEqual(values);
});

test.each([
  ['a: 1\nb: [\n', 1, 'Flow sequence'], ['a: 1\nb:\n  c: 1\n  c: 2\n', 3, 'key "c" already set in map'],
  ['80: a\n"80": b\n', 1, 'key "80" already set in map'], ['yes: 1\ntrue: 2\n', 1, 'key "true"'],
  ['a: 1\n--- b\n', 1, 'nothing but a comment'], ['a: 1\n---b\n', 1, 'document separator'], ['a: 1\n...\nb: 2\n', 2, 'three dots'],
  ['a:\n\tb: 1\n', 1, ''], ['a: .inf\n', 0, 'Infinity'], ['b: 1\na: .nan\n', 1, 'NaN'],
  ['b: 1\na: {~: 1}\n', 1, 'a key must be'], ['a: {[b]: 1}\n', 0, 'a key must be'], ['1e20: a\n', 0, 'a key must be'],
  ['18446744073709551615: a\n', 0, 'a key must be'], ['a: *b\n', 0, "unknown anchor 'b'"], ['%YAML 1.1\n---\na: on\n', 0, 'directives-end'],
  ['a: &a [*a]\n', 0, 'contains itself'], ['a: &x [1]\nb:\n  <<: *x\n', 2, 'map merge requires'],
  ['a: !!int x\n', 0, 'cannot decode !!str `x` as a !!int'], ['a: "x\u2028y"\n', 0, 'U+2028'],
  ['# \u0085\na: 1\n', 0, 'U+0085'], ['a: "\u0001"\n', 0, 'U+0001'], ['a: "\\/"\n', 0, 'in JSON alone'],
  ['a:\n-\tb\n', 1, 'no tab'], ['- \t# c\n  a: 1\n', 0, 'no tab'], ['?\ta\n: b\n', 0, 'no tab'], ['? a\n:\t# c\n  - b\n', 1, 'no tab'],
  ['a: "\\ud83d\\ude00"\n', 0, 'in JSON alone'], ['a: {b:}\n', 0, 'colon'], ['a: [b :]\n', 0, 'colon'],
])('%j is refused at line %i', (text, line, message) => {
  let error: any;
  try {
    read(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error?.message).toContain(message);
  expect(error.line).toBe(line);
});
