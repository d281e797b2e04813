import { namesModels, References } from '../../../bin/prune/references';
import { modelsAnnotation } from '../../../lib/delivery/models-annotation';
import { displayName, MODELS, versionPrefix } from '../../../lib/model/layout';

const D = '0123456789abcdef'.repeat(4);

function protects(text: string, id: { tenant?: string; name: string; version: string }, digest?: string): boolean {
  const references = new References();
  references.scan(text, 'file');
  return references.of({ id, digest }).length > 0;
}

const LLAMA = { tenant: 'serving', name: 'llama', version: '1.0' };

test.each([
  ['a key in a bucket whose name ends so too', 's3://acme-models/models/serving/llama/1.0/model.json'],
  ['a key at the end', '"models/serving/llama/1.0/"'],
  ['a key without its slash', 'prefix: models/serving/llama/1.0'],
  ['the annotation', 'cdk-eks-model-artifacts/models: shared@1, serving/llama@1.0 sha256:00'],
  ['a key in a URL', 'https://console.aws.amazon.com/s3/object/b?prefix=models%2Fserving%2Fllama%2F1.0%2F'],
  ['a key in a URL in a URL', 'to=%2Fs3%3Fprefix%3Dmodels%252Fserving%252Fllama%252F1.0%252F'],
  ['a version in a URL', 'serving%2Fllama%401.0'],
  ['slashes as code points', String.raw`"models\u002fserving\u002Fllama\u002f1.0\u002f"`],
  ['slashes as code points, in JSON in JSON', String.raw`"\"models\\u002fserving\\u002fllama\\u002f1.0\""`],
  ['bytes as YAML has them', String.raw`"\x73erving/llama@1.0"`],
  ['the end of a sentence', 'rolls back to serving/llama@1.0.'],
  ['JSON in JSON', String.raw`"{\"a\":\"\nserving/llama@1.0\"}"`],
  ['JSON in JSON in JSON', String.raw`"\"\\nserving/llama@1.0\""`],
  ['escaped slashes', String.raw`"models\/serving\/llama\/1.0\/"`],
  ['a string of YAML that goes on in the next line', 'args: ["--source=s3://bucket/models/serv\\\n      ing/llama/1.0/"]'],
  ['UTF-16', Buffer.from('models/serving/llama/1.0/', 'utf16le').toString('latin1')],
  ['any version, by a wildcard', 'models/serving/llama/*'],
  ['any version, by a placeholder', 'models/serving/llama/{{ .Values.version }}/'],
  ['any version, by a prefix of its name', 'models/serving/llama/1.*'],
])('takes for a reference: %s', (_, text) => {
  expect(protects(text, LLAMA)).toBe(true);
});

test.each([
  ['another tenant', 'models/serving-2/llama/1.0/ serving-2/llama@1.0'],
  ['nobody\'s tenant', 'models/_shared/llama/1.0/ llama@1.0'],
  ['another model', 'models/serving/llama-2/1.0/ serving/llama-2@1.0 models/serving/llama-2/*'],
  ['another version', 'models/serving/llama/1.0.1/ serving/llama@1.0.1 models/serving/llama/1/ serving/llama@1'],
  ['a tenant\'s prefix, as policies have it', 'models/serving/*'],
  ['another digest', 'f'.repeat(64)],
])('takes for no reference: %s', (_, text) => {
  expect(protects(text, LLAMA, `sha256:${D}`)).toBe(false);
});

test('what a delivery writes is a reference', () => {
  const annotation = JSON.stringify(modelsAnnotation([{ model: { displayName: displayName(LLAMA) } }] as any));
  expect(protects(annotation, LLAMA)).toBe(true);
  expect(namesModels(annotation)).toBe(true);
  expect(protects(`--source=s3://b/${versionPrefix(MODELS, LLAMA)}`, LLAMA)).toBe(true);
});

test('a model for everybody is named without a tenant', () => {
  expect(protects('llama@1.0', { name: 'llama', version: '1.0' })).toBe(true);
  expect(protects('_shared/llama@1.0', { name: 'llama', version: '1.0' })).toBe(true);
  expect(protects('_shared/llama@1.0', { tenant: 'shared', name: 'llama', version: '1.0' })).toBe(false);
  expect(protects('models/_shared/llama/1.0/', { name: 'llama', version: '1.0' })).toBe(true);
  expect(protects('serving/llama@1.0', { name: 'llama', version: '1.0' })).toBe(false);
});

test('a digest protects every version that has it, however it is written', () => {
  for (const text of [`sha256:${D}`, `--digest=sha256:${D.toUpperCase()}`, `${D}  manifest.sha256`, `digest=sha256%3A${D}`]) expect(protects(text, LLAMA, `sha256:${D}`)).toBe(true);
  expect(protects(`${D}0`, LLAMA, `sha256:${D}`)).toBe(false);
});

test('a file is not said again where a part of it was', () => {
  const references = new References();
  references.scan('serving/llama@1.0', 'prod.json, Pod serving/a');
  references.scan('serving/llama@1.0', 'prod.json');
  references.scan('serving/llama@1.0', 'lock.json');
  expect(references.of({ id: LLAMA })).toEqual(['prod.json, Pod serving/a', 'lock.json']);
});

test('a long text is read at once', () => {
  const started = process.cpuUsage().user;
  protects(`${'a'.repeat(2_000_000)}@${'serving/'.repeat(100_000)}`, LLAMA);
  expect(process.cpuUsage().user - started).toBeLessThan(3_000_000);
});

test.each([
  ['cdk-eks-model-artifacts/models: llama@1', true],
  ['--source=s3://acme-models/models/serving/llama/1/', true],
  ['/mnt/models/llama', false],
  ['team@example.com', false],
])('%s names models: %s', (text, expected) => {
  expect(namesModels(text)).toBe(expected);
});
