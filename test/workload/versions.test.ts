import * as fs from 'node:fs';
import * as path from 'node:path';
import { JsonPatch } from 'cdk8s';
import { Environment, temporaryFolder } from './fixture';
import { ModelArtifact } from '../../lib/model';

const OLD = { digest: `sha256:${'a'.repeat(64)}`, totalBytes: 10 * 2 ** 30 };
const NEW = { digest: `sha256:${'b'.repeat(64)}`, totalBytes: 10 * 2 ** 30 };
const LARGE = { digest: `sha256:${'c'.repeat(64)}`, totalBytes: 20 * 2 ** 30 };

const lockFile = path.join(temporaryFolder(), 'models.lock.json');

/** The manifests of an app that serves `llama`, beside a model that stays, from a lock file with this current version. */
function manifests(current: string): Record<string, string> {
  fs.writeFileSync(lockFile, JSON.stringify({
    lockVersion: 1,
    models: {
      'serving/llama': { current, versions: { old: OLD, new: NEW, large: LARGE } },
      'serving/stays': { current: '1', versions: { 1: OLD } },
    },
  }));
  const environment = new Environment();
  environment.server({ gpus: 1, models: [environment.deliver(ModelArtifact.fromLock(lockFile, { name: 'llama', tenant: 'serving' }))] });
  environment.server({ models: [environment.deliver(ModelArtifact.fromLock(lockFile, { name: 'stays', tenant: 'serving' }))] }, 'stays');
  environment.synth();
  return environment.files();
}

/** The lines of each place where two versions differ. */
function difference(before: Record<string, string>, after: Record<string, string>): string[][] {
  expect(Object.keys(after)).toEqual(Object.keys(before));
  expect(Object.keys(after).filter(name => after[name] !== before[name])).toEqual(['serving.llama.yaml']);
  const [old, fresh] = [before, after].map(files => files['serving.llama.yaml'].split('\n'));
  expect(fresh).toHaveLength(old.length);
  return old.flatMap((line, index) => line === fresh[index] ? [] : [[line.trim(), fresh[index].trim()]]);
}

test('another current version changes one file in three lines: no name, no selector', () => {
  expect(difference(manifests('old'), manifests('new'))).toEqual([
    [`cdk-eks-model-artifacts/models: serving/llama@old ${OLD.digest}`, `cdk-eks-model-artifacts/models: serving/llama@new ${NEW.digest}`],
    ['- --source=s3://acme-models/models/serving/llama/old/', '- --source=s3://acme-models/models/serving/llama/new/'],
    [`- --digest=${OLD.digest}`, `- --digest=${NEW.digest}`],
  ]);
});

test('a version of another size changes the disk that it needs and the time that it may take, too', () => {
  expect(difference(manifests('old'), manifests('large')).map(([, line]) => line)).toEqual([
    'progressDeadlineSeconds: 2948', // 5 minutes without a byte and 20 GiB at 20 MiB/s, then 10 minutes and 20 GiB at 20 MiB/s
    `cdk-eks-model-artifacts/models: serving/llama@large ${LARGE.digest}`,
    '- --source=s3://acme-models/models/serving/llama/large/',
    `- --digest=${LARGE.digest}`,
    '- --max-bytes=21474836480',
    'ephemeral-storage: 24576Mi', // 1.2 times 20 GiB
    'ephemeral-storage: 34816Mi', // and the 10 GiB that a server may write
    'failureThreshold: 163', // of 10 seconds
    'sizeLimit: 24576Mi',
  ]);
});

test('the way back gives the manifests of before, to the byte', () => {
  const before = manifests('old');
  expect(manifests('new')).not.toEqual(before);
  expect(manifests('old')).toEqual(before);
});

test('a label that two servers share takes the pods of both into one Service, and of each into its own alone', () => {
  const environment = new Environment();
  const patches = [JsonPatch.add('/spec/template/metadata/labels/app.kubernetes.io~1part-of', 'chat')];
  const servers = ['chat-old', 'chat-new'].map(id => environment.server({ patches }, id));
  const selects = (selector: Record<string, string>) => servers.map(({ deployment }) => deployment.toJson().spec.template.metadata.labels)
    .map(labels => Object.entries(selector).every(([key, value]) => labels[key] === value));
  expect(selects({ 'app.kubernetes.io/part-of': 'chat' })).toEqual([true, true]);
  expect(servers.map(({ service }) => selects(service.toJson().spec.selector))).toEqual([[true, false], [false, true]]);
});
