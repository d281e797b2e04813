import { ModelImage } from '../../lib/oci';
import { DIGEST, UNKNOWN } from '../delivery/fixture';

const policies = (image: ModelImage) => [image._pullPolicy(true), image._pullPolicy(false)];

test.each([
  `registry.example/models/llama@${DIGEST}`,
  `registry.example:5000/models/llama:1.0@${DIGEST}`,
  `registry.example/models/llama:latest@${DIGEST}`,
])('OCI-15 %s is pinned: it is pulled where the node lacks it', reference => {
  const image = ModelImage.of(reference);
  expect([image.reference, image.pinned, image.folder]).toEqual([reference, true, '/models']);
  expect(policies(image)).toEqual(['IfNotPresent', 'IfNotPresent']);
});

test.each(['registry.example/models/llama:1', 'registry.example:5000/models/llama:2026-11-01'])('OCI-15 %s is not: the first of a pod asks the registry, and the others have what it found', reference => {
  const image = ModelImage.of(reference);
  expect([image.pinned, ...policies(image)]).toEqual([false, 'Always', 'IfNotPresent']);
});

test.each(['registry.example/models/llama:latest', 'registry.example/models/llama', 'registry.example:5000/models/llama', 'llama'])('OCI-15 %s is refused unless it is acknowledged', reference => {
  const says = `model image '${reference}' has the tag 'latest'${reference.endsWith(':latest') ? ': ' : ', as it names none: '}pods that start later have other bytes; use repository@sha256:…, or acknowledgeLatest`;
  expect(() => ModelImage.of(reference)).toThrow(says);
  expect(policies(ModelImage.of(reference, { acknowledgeLatest: true }))).toEqual(['Always', 'IfNotPresent']);
});

test.each(['', 'with blank:1', 'repo@sha256:123', '$(id):1', 'https://registry.example/a b'])("'%s' is no reference", reference => {
  expect(() => ModelImage.of(reference)).toThrow(`model image '${reference}' is not valid: use repository:tag@sha256:digest`);
});

test('what is known only after deploying is refused, of the reference and of the folder', () => {
  expect(() => ModelImage.of(UNKNOWN)).toThrow('reference of a model image must be known at synth, got an unresolved token');
  expect(() => ModelImage.of('repo:1', { folder: UNKNOWN })).toThrow("folder of model image 'repo:1' must be known at synth");
});

test('another folder may hold the model, an absolute one', () => {
  expect(ModelImage.of('repo:1', { folder: '/opt/weights' }).folder).toBe('/opt/weights');
  for (const folder of ['models', '/', '/models/', '/a/../b', '/a b', '']) {
    expect(() => ModelImage.of('repo:1', { folder })).toThrow(`folder of model image 'repo:1' is '${folder}', which is not valid`);
  }
});
