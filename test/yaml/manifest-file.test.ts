import { ManifestFile } from '../../lib/yaml/manifest-file';

const DEPLOYMENT = `# the server
apiVersion: apps/v1
kind: Deployment
metadata:
  name: vllm   # keep
  annotations: {} # none yet
spec:
  template:
    spec:
      # the one container
      containers:
      - name: "vllm"
        image: 'vllm/vllm-openai:v0.8'
        args: ["--model", "/m"]
        ports: [{containerPort: 8000}]

      volumes:
---
apiVersion: v1
kind: Service
metadata: {name: vllm}
`;

test('what is put in stands among what was there', () => {
  const file = ManifestFile.parse('vllm.yaml', DEPLOYMENT);
  const [object] = file.objects;
  const value = structuredClone(object.value);
  value.metadata.annotations = { 'a/b': 'yes' };
  value.spec.template.spec.initContainers = [{ name: 'fetch', args: ['a\nb\n'] }];
  value.spec.template.spec.containers[0].args.push('--x');
  value.spec.template.spec.containers[0].volumeMounts = [{ name: 'm', mountPath: '/m' }];
  value.spec.template.spec.volumes = [{ name: 'm', emptyDir: {} }];
  expect(file.textWith([value, file.objects[1].value])).toBe(DEPLOYMENT
    .replace('  annotations: {} # none yet', '  annotations: # none yet\n    a/b: "yes"')
    .replace('      # the one container', '      initContainers:\n      - name: fetch\n        args:\n        - |\n          a\n          b\n      # the one container')
    .replace('["--model", "/m"]', '["--model", "/m", "--x"]')
    .replace('        ports: [{containerPort: 8000}]', '        ports: [{containerPort: 8000}]\n        volumeMounts:\n        - name: m\n          mountPath: /m')
    .replace('      volumes:', '      volumes:\n      - name: m\n        emptyDir: {}'));
});

test('an error has file and line', () => {
  expect(() => ManifestFile.parse('vllm.yaml', '# a\n---\nb: 1\nb: 2\n')).toThrow('vllm.yaml:4: key "b" already set in map');
  expect(() => ManifestFile.parse('vllm.yaml', '# a\n---\nb: [1\n')).toThrow(/^vllm.yaml:3: /);
  expect(() => ManifestFile.parse('vllm.yaml', '{{- if .Values.x }}\na: 1\n')).toThrow(/render it first/);
});

/** The text after a change of its first object, or of the one with an index. */
function changed(text: string, change: (value: any) => void, index = 0): string {
  const file = ManifestFile.parse('a.yaml', text);
  const value = structuredClone(file.objects[index].value);
  change(value);
  const after = file.textWith(file.objects.map((object, at) => at === index ? value : object.value));
  expect(ManifestFile.parse('a.yaml', after).objects[index].value).toEqual(value);
  return after;
}

const HEAD = 'apiVersion: v1\nkind: Any\n';

test.each<[string, string, (value: any) => void, string]>([
  ['a value that others refer to changes in one place', 'a: &x\n  b: 1 # c\nd: *x # e\nf:\n  <<: *x\n', value => { value.a.b = 2; }, 'a: &x\n  b: 2 # c\nd: # e\n  b: 1\nf:\n  b: 1\n'],
  ['an alias is written out where it changes', 'a: &x {b: 1}\nd: *x\n', value => { value.d.b = 2; }, 'a: &x {b: 1}\nd:\n  b: 2\n'],
  ['a merged key is set beside the merge', 'a: &x {b: 1}\nd:\n  <<: *x\n  e: 1\n', value => { value.d.b = 2; }, 'a: &x {b: 1}\nd:\n  <<: *x\n  e: 1\n  b: 2\n'],
  ['lists stand in as those of the file', 'a:\n    b:\n    -   c: 1\n', value => { value.a.d = [{ e: 1, f: [1] }]; }, 'a:\n    b:\n    -   c: 1\n    d:\n    -   e: 1\n        f:\n        -   1\n'],
  ['without a line break at the end', 'a: 1', value => { value.b = 'x\ny\n'; }, 'a: 1\nb: |\n  x\n  y\n'],
  ['a comment stays behind a text that becomes a block', 'a: 1 # c\nb: 1\n', value => { value.a = 'x\ny'; }, 'a: |- # c\n  x\n  y\nb: 1\n'],
  ['what goes takes its line', 'a: 1\n# about b\nb: # 2\n  - c # 3\nd: 1\n', value => { delete value.b; }, 'a: 1\n# about b\nd: 1\n'],
  ['what is empty', 'a: {} # c\nb: []\nc:\nd: 1\n', value => { Object.assign(value, { a: { e: 1 }, b: [1], c: { f: 1 } }); }, 'a: # c\n  e: 1\nb:\n  - 1\nc:\n  f: 1\nd: 1\n'],
  ['a dash on a line of its own', 'a:\n-\n b: 1\n', value => { value.a[0].c = [{ d: 1, e: 2 }]; }, 'a:\n-\n b: 1\n c:\n - d: 1\n   e: 2\n'],
  ['comments in braces stay', 'a: { # one\n  b: 1, # two\n}\nc: { b: "#" }\n', value => { value.a.d = value.c.d = 'x\ny'; }, 'a: { # one\n  b: 1,\n  d: "x\\ny", # two\n}\nc:\n  b: "#"\n  d: |-\n    x\n    y\n'],
  ['big numbers stay, and are put in', 'a: 9007199254740993\nb: 18446744073709551615\n', value => { value.c = value.a; }, 'a: 9007199254740993\nb: 18446744073709551615\nc: 9007199254740993\n'],
  ['at the end of two blocks', 'a:\n  b:\n    - c: |\n        x\n\n# end\n', value => { value.a.b[0].d = 1; value.a.e = 1; value.f = 1; }, 'a:\n  b:\n    - c: |\n        x\n      d: 1\n  e: 1\nf: 1\n\n# end\n'],
])('%s', (_, text, change, after) => {
  expect(changed(HEAD + text, change)).toBe(HEAD + after);
  expect(changed((HEAD + text).replaceAll('\n', '\r\n'), change)).toBe((HEAD + after).replaceAll('\n', '\r\n'));
});

test('an object of a list changes in its place', () => {
  const text = 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n# b\n- apiVersion: v1\n  kind: B # c\n';
  expect(changed(text, value => { value.spec = 1; }, 1)).toBe(`${text}  spec: 1\n`);
  expect(ManifestFile.parse('a.yaml', text).objects.map(({ line }) => line)).toEqual([4, 6]);
});

test('each document is read once, and twice more where it changes, however many of its objects do', () => {
  const object = (name: string) => `apiVersion: v1\nkind: A\nmetadata: { name: ${name} }\n`;
  const list = `apiVersion: v1\nkind: List\nitems:\n${[...Array(9)].map((_, index) => `- ${object(`i${index}`).trimEnd().replaceAll('\n', '\n  ')}\n`).join('')}`;
  const parse = jest.spyOn(jest.requireActual<typeof import('yaml')>('yaml'), 'parseDocument');
  const file = ManifestFile.parse('a.yaml', [...[...Array(9)].map((_, index) => object(`d${index}`)), list].join('---\n'));
  expect([file.objects.length, file.objects[9].line, file.objects[17].line, parse.mock.calls.length]).toEqual([18, 40, 64, 10]);
  const after = file.textWith(file.objects.map(({ value }) => value.metadata.name.startsWith('i') ? { ...value, spec: 1 } : value));
  expect([after.match(/^ {2}spec: 1$/gm)?.length, parse.mock.calls.length]).toEqual([9, 12]);
  parse.mockRestore();
});

test('JSON stays JSON', () => {
  const text = '{\n\t"apiVersion": "v1",\n\t"kind": "A",\n\t"list": [\n\t\t1\n\t]\n}\n';
  expect(changed(text, value => { value.list.push({ a: 'x\ny' }); })).toBe('{\n\t"apiVersion": "v1",\n\t"kind": "A",\n\t"list": [\n\t\t1,\n\t\t{\n\t\t\t"a": "x\\ny"\n\t\t}\n\t]\n}\n');
  expect(changed('{"apiVersion":"v1","kind":"A","b":[]}', value => { value.b = [1, 2]; })).toBe('{"apiVersion":"v1","kind":"A","b":[1,2]}');
});
